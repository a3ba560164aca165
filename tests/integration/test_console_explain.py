"""The console's pages about why something was sent, or was not; without a browser."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import agree_to_marketing, api_as, make_user
from django.test import Client

from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Rejected, Retry
from clarion.contract.reasons import Reason
from clarion.contract.sentences import REASONS
from clarion.flows.delivery import grouping
from clarion.records import clock
from clarion.records.accounts.models import Account
from clarion.records.categories.models import Category
from clarion.records.digests.models import Window
from clarion.records.feedback.models import Report
from clarion.records.ids import new_id
from clarion.records.ledger.models import Attempt, Decision, Notification, QueueEntry, Request
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider

STORED = (Request, Notification, QueueEntry, Decision)


@pytest.fixture
def console(staff: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(staff)
    return client


def send(ann: User, channel: str = "email", **more: Any) -> str:
    body = {"user_id": str(ann.id), "subject": "Hi", "body": "Hello", "channel": channel, **more}
    answer = api_as(User.objects.get(email_hash__isnull=False, is_staff=True)).post("notifications/send", body)
    found = answer.json()
    return str(found["id"] if answer.status_code == 201 else found["notifications"][0])


def text_of(answer: Any) -> str:
    """What a reader gets: words without tags, one space between them."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def find(console: Client, words: str, **more: str) -> Any:
    return console.post("/console/explain/", {"q": words, **more})


def dry(console: Client, **given: Any) -> Any:
    return console.post("/console/explain/dry-run/", given)


def test_a_search_leads_to_a_notification_or_to_a_persons_day(console: Client, ann: User) -> None:
    identifier = send(ann)
    assert find(console, f" {identifier} ")["Location"] == f"/console/explain/{identifier}/"
    day = f"/console/explain/people/{ann.id}/"
    for words in ("ann@example.com", "ann", str(ann.id)):
        assert find(console, words)["Location"] == day, words
    asked = find(console, "ann", date="2026-11-20", channel="sms", category="orders")
    assert asked["Location"] == f"{day}?date=2026-11-20&channel=sms&category=orders"


def test_no_address_that_one_searches_for_comes_into_a_url_or_onto_a_page(console: Client, ann: User) -> None:
    send(ann)
    answer = console.post("/console/explain/", {"q": "ann@example.com"}, follow=True)
    assert all("ann@" not in address for address, _ in answer.redirect_chain)
    assert "a***@example.com" in answer.content.decode()
    assert "ann@" not in answer.content.decode()


def test_who_is_out_of_use_is_explained_by_id(console: Client, ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(is_active=False)
    answer = console.post("/console/explain/", {"q": str(ann.id)}, follow=True)
    assert "out of use" in text_of(answer)


def test_several_with_one_number_are_offered_to_choose_from(console: Client, ann: User) -> None:
    other = make_user(first_name="Bob", phone="+255712345678")
    answer = find(console, "+255712345678", channel="sms")
    for user in (ann, other):
        assert f'href="/console/explain/people/{user.id}/?channel=sms"' in answer.content.decode()


@pytest.mark.parametrize(
    "words", ["nobody@example.com", "", "\0", "' OR 1=1 --", "01990000-0000-7000-8000-000000000009", "ä" * 1000]
)
def test_what_finds_nobody_is_said_plainly(console: Client, words: str) -> None:
    answer = find(console, words)
    assert answer.status_code == 200
    assert "Nobody and no notification has this." in text_of(answer)


def test_a_story_has_decisions_attempts_and_reports_in_order(
    console: Client, ann: User, drain: Any, carried_by: Any
) -> None:
    tries = iter([Retry(why=Reason.THROTTLED)])
    carried_by(ChannelKey.EMAIL, ScriptedProvider(script=lambda m: next(tries)))
    identifier = send(ann)
    drain()
    row = Notification.objects.get(pk=identifier)
    attempt = Attempt.objects.get(notification_id=identifier)
    Report.objects.create(
        notification_id=identifier,
        account_id=Account.objects.values_list("id", flat=True)[0],
        event_key=b"1" * 32,
        callback_id=uuid4(),
        kind="delivered",
        at=attempt.finished_at + timedelta(seconds=5),
    )
    answer = console.get(f"/console/explain/{row.id}/")
    told = re.findall(
        r'<p class="scene-head"><b>([^<]*)</b> <span class="soft">([^<]*)</span>', answer.content.decode()
    )
    assert told == [
        ("Preferences", "when it was taken in"),
        ("Attempt 1", "handed to a provider"),
        ("After attempt 1", "after an attempt"),
        ("Report of the provider", "reported by the provider"),
    ]
    text = text_of(answer)
    assert f"The provider did not take it this time. {REASONS[Reason.THROTTLED]}" in text
    assert "The provider reported that it arrived." in text
    assert "rules v" in text
    assert "a***@example.com" in text
    assert "EAT" in text  # the person's zone, beside UTC


def test_the_api_and_the_page_say_the_same(console: Client, as_staff: Any, ann: User) -> None:
    api_as(ann).patch("preferences", {"global": {"sms_enabled": False}})
    identifier = send(ann, "sms")
    api = as_staff.get(f"notifications/{identifier}/explain").json()
    text = text_of(console.get(f"/console/explain/{identifier}/"))
    for says in (api["says"], *(step["says"] for step in api["steps"])):
        assert says.replace("'", "&#x27;") in text


def test_the_parts_of_a_chain_and_the_first_of_a_duplicate_are_links(
    console: Client, ann: User, drain: Any, carried_by: Any
) -> None:
    Category.objects.filter(key="orders").update(dedup_window_seconds=600)
    carried_by(ChannelKey.EMAIL, ScriptedProvider(script=lambda m: Rejected(why=Reason.CONTENT_REFUSED)))
    first = send(ann, fallback=["email", "in_app"])
    drain()
    second = str(Notification.objects.get(user_id=ann.id, channel="in_app").id)
    for one, other in ((first, second), (second, first)):
        page = console.get(f"/console/explain/{one}/").content.decode()
        assert page.count(f'href="/console/explain/{other}/"') == 2  # where it is named, and among its likes
    original = send(ann, category="orders", reference="r")
    repeat = send(ann, category="orders", reference="r")
    assert f'href="/console/explain/{original}/"' in console.get(f"/console/explain/{repeat}/").content.decode()


def test_a_group_and_what_it_tells_of_lead_to_each_other(console: Client, ann: User, drain: Any) -> None:
    Category.objects.filter(key="orders").update(group_above=1)
    ids = [send(ann, "email", category="orders") for _ in range(3)]
    drain()
    Window.objects.update(closes_at=clock.now() - timedelta(seconds=1))
    assert grouping.send_groups() == 1
    (group,) = Notification.objects.filter(user_id=ann.id).exclude(pk__in=ids)
    page = console.get(f"/console/explain/{group.id}/").content.decode()
    collected = [one for one in ids if Notification.objects.get(pk=one).status == "digested"]
    assert len(collected) == 2
    for one in collected:
        assert f'href="/console/explain/{one}/"' in page
        assert f'href="/console/explain/{group.id}/"' in console.get(f"/console/explain/{one}/").content.decode()


def test_a_day_is_told_in_the_persons_own_calendar_and_may_be_narrowed(console: Client, ann: User) -> None:
    sent, other = send(ann, "in_app"), send(ann, "email", category="orders")
    address = f"/console/explain/people/{ann.id}/"

    def shown(query: str) -> list[str]:
        return re.findall(r'id="n-([0-9a-f-]+)"', console.get(f"{address}{query}").content.decode())

    assert shown("") == [other, sent]
    assert shown("?channel=email") == [other]
    assert shown("?category=orders") == [other]
    assert shown("?channel=nonsense") == [other, sent]
    assert shown("?date=2026-01-01") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("date=yesterday", "This is no date"),
        ("date=0001-01-01", "give a day of the years 2000 to 2999"),
        ("date=9999-12-31", "give a day of the years 2000 to 2999"),
        ("category=nothing", "there is no such category"),
        ("cursor=%00nonsense", "take the cursor from"),
    ],
)
def test_what_cannot_be_shown_of_a_day_is_said(console: Client, ann: User, query: str, said: str) -> None:
    answer = console.get(f"/console/explain/people/{ann.id}/?{query}")
    assert answer.status_code == 422
    assert said in text_of(answer)


def test_a_long_day_has_pages(console: Client, ann: User) -> None:
    template = Notification.objects.get(pk=send(ann, "in_app"))
    Notification.objects.bulk_create(
        Notification(**{**_fields(template), "id": new_id(), "request_id": template.request_id}) for _ in range(30)
    )
    address = f"/console/explain/people/{ann.id}/"
    first = console.get(address).content.decode()
    (older,) = re.findall(r'<a class="button" href="([^"]+)">Older', first)
    second = console.get(f"{address}{older.replace('&amp;', '&')}").content.decode()
    seen = [set(re.findall(r'id="n-([0-9a-f-]+)"', page)) for page in (first, second)]
    assert [len(each) for each in seen] == [25, 6]
    assert seen[0].isdisjoint(seen[1])
    assert ">Newer</a>" in second


def _fields(row: Notification) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in Notification._meta.fields}


def test_a_long_day_asks_the_database_as_often_as_a_short_one(
    console: Client, ann: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(8):
        send(ann, "in_app")
    with django_assert_max_num_queries(10):
        assert console.get(f"/console/explain/people/{ann.id}/").status_code == 200


def test_a_dry_run_shows_every_rule_and_stores_nothing(console: Client, ann: User) -> None:
    api_as(ann).patch("preferences", {"global": {"sms_enabled": False}})
    before = [table.objects.count() for table in STORED]
    given = {"to": "ann", "subject": "Hi", "body": "Hello", "channels": ["sms", "email"], "priority": "low"}
    answer = dry(console, **given, context='{"order": {"id": 7}}')
    assert answer.status_code == 200, text_of(answer)
    assert [table.objects.count() for table in STORED] == before
    text = text_of(answer)
    assert "SMS would be suppressed" in text
    assert "Email would be pending" in text
    rules = re.findall(r"<summary><b>([^<]+)</b>", answer.content.decode())
    assert rules[:12] == [
        "Suppression list",
        "Expiry",
        "Consent",
        "Overrides",
        "All notifications",
        "Marketing",
        "Channel",
        "Category",
        "Kind of message",
        "Frequency caps",
        "Quiet hours",
        "Digest",
    ]
    assert len(rules) == 24


def test_the_dry_run_of_the_page_is_that_of_the_api(console: Client, as_staff: Any, ann: User) -> None:
    agree_to_marketing(ann)
    body = {"user_id": str(ann.id), "subject": "Hi", "body": "Hello", "channels": ["sms"], "category": "marketing"}
    (api,) = as_staff.post("notifications/explain", body).json()["results"]
    text = text_of(dry(console, to=str(ann.id), subject="Hi", body="Hello", channels="sms", category="marketing"))
    assert api["says"].replace("'", "&#x27;") in text


@pytest.mark.parametrize(
    ("given", "said", "field"),
    [
        ({"to": "nobody"}, "nobody has this id", "to"),
        ({"to": ""}, "nobody has this id", "to"),
        ({"context": "[1]"}, "the context is a JSON object", "context"),
        ({"context": "{"}, "the context is a JSON object", "context"),
        ({"subject": "", "body": ""}, "", "template"),
        ({"subject": "", "body": "", "template": "no.such"}, "no active template has this path", "template"),
        ({"category": "nope"}, "", "category"),
        ({"priority": "urgent"}, "", "priority"),
        ({"channels": ["pigeon"]}, "", ""),
    ],
)
def test_a_dry_run_that_cannot_be_is_refused_with_the_field(
    console: Client, ann: User, given: dict[str, Any], said: str, field: str
) -> None:
    answer = dry(console, **{"to": "ann", "subject": "Hi", "body": "Hello", "channels": ["email"], **given})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'role="alert"' in page
    assert said in text_of(answer)
    assert (f'href="#f-{field}"' in page) is bool(field)


def test_none_of_it_is_for_those_who_are_not_staff(ann: User, staff: User) -> None:
    identifier = send(ann)
    author = Client()
    author.force_login(make_user(permissions=["send", "templates", "analytics", "send_others"]))
    addresses = ("", "dry-run/", f"people/{ann.id}/", f"{identifier}/")
    for address in addresses:
        assert author.get(f"/console/explain/{address}").status_code == 403
        assert Client().get(f"/console/explain/{address}").status_code == 302
    assert find(author, "ann").status_code == 403
    assert "Explain" not in author.get("/console/").content.decode()


def test_nothing_is_looked_up_without_the_csrf_token(staff: User, ann: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    for address in ("/console/explain/", "/console/explain/dry-run/"):
        assert client.post(address, {"q": "ann", "to": "ann"}).status_code == 403


def test_what_is_not_there_is_not_there(console: Client) -> None:
    for address in (f"people/{uuid4()}/", f"{uuid4()}/", f"{UUID(int=0)}/", "nonsense/"):
        assert console.get(f"/console/explain/{address}").status_code == 404


def test_the_pages_keep_the_consoles_policy(console: Client, ann: User) -> None:
    identifier = send(ann)
    for address in ("", "dry-run/", f"people/{ann.id}/", f"{identifier}/"):
        answer = console.get(f"/console/explain/{address}")
        assert "default-src 'none'; script-src 'self'" in answer["Content-Security-Policy"]
        page = answer.content.decode()
        assert re.findall(r'\s(?:on\w+|style)="', page) == []
        assert all('src="/static/' in each for each in re.findall(r"<script([^>]*)>", page))
