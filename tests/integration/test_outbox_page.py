"""The outbox page's answers: who may see it, what is shown of which channel, how a test is sent."""

import json
from typing import Any
from uuid import UUID

import pytest
from conftest import make_user
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client

from clarion.contract.content import InboxContent
from clarion.contract.host import OutboxEntry
from clarion.contract.message import Message, Target
from clarion.records import clock, volatile
from clarion.records.access import throttle
from clarion.records.accounts.models import Account
from clarion.records.ids import new_id
from clarion.records.inbox.store import InboxStore
from clarion.records.ledger.models import Notification
from clarion.records.outbox.store import OutboxStore
from clarion.records.people.models import User

pytestmark = pytest.mark.usefixtures("ground")
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.OUTBOX_ENABLED = settings.OUTBOX_OPEN = True


@pytest.fixture
def for_staff(settings: Any) -> None:
    settings.OUTBOX_OPEN = False


def record(channel: str, recipient: str, title: str, user: User | None = None, **more: Any) -> None:
    """An entry as the sandbox leaves it."""
    user_id = str(user.id) if user else str(new_id())
    entry = OutboxEntry(
        message_id=str(new_id()),
        notification_id=str(new_id()),
        user_id=user_id,
        channel=channel,
        recipient=recipient,
        title=title,
        **more,
    )
    OutboxStore().record([entry])


def tell(user: User, title: str, channel: str = "in_app") -> UUID:
    """An item in somebody's inbox."""
    identifier = new_id()
    message = Message(
        id=str(identifier),
        notification_id=str(identifier),
        user_id=str(user.id),
        target=Target(value=str(user.id)),
        content=InboxContent(title=title, body="…", link="https://example.com/x"),
        created_at=clock.now(),
    )
    InboxStore().append([message], channel)
    return identifier


def listing(query: str = "", **headers: str) -> Any:
    response = Client().get(f"/outbox/entries?{query}", headers=headers)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def titles(query: str = "") -> list[str]:
    return [entry["title"] for entry in listing(query)["entries"]]


def problem(response: HttpResponse | Any, status: int) -> str:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    return str(json.loads(response.content)["code"])


def test_entries_and_inbox_items_stand_in_one_list_newest_first() -> None:
    ann = make_user(email="ann@example.com")
    record("email", "ann@example.com", "first", ann, text="some  text\n here")
    tell(ann, "second")
    record("sms", "+255712345678", "third", ann)
    found = listing()
    assert [(e["channel"], e["title"], e["recipient"]) for e in found["entries"]] == [
        ("sms", "third", "+255712345678"),
        ("in_app", "second", "ann@example.com"),
        ("email", "first", "ann@example.com"),
    ]
    assert found["entries"][2]["preview"] == "some text here"
    assert found["counts"] == {
        "email": 1, "sms": 1, "push": 0, "in_app": 1, "websocket": 0, "webhook": 0, "chat": 0,
    }  # fmt: skip
    assert found["more"] == []


def test_a_channel_with_a_real_provider_is_not_shown_and_neither_are_its_old_entries() -> None:
    record("email", "ann@example.com", "old")
    record("sms", "+255712345678", "kept")
    (entry,) = listing("channel=email")["entries"]
    Account.objects.create(channel="email", name="real", provider="smtp", url="smtp://mx.example.com", shown="smtp")
    assert titles() == ["kept"]
    assert titles("channel=email") == []
    assert "email" not in listing()["counts"]
    for path in (f"/outbox/entries/{entry['id']}", f"/outbox/entries/{entry['id']}/html"):
        assert problem(Client().get(path), 404) == "entry_not_found"
    assert b'data-channel="email"' not in Client().get("/outbox/").content


def test_the_search_takes_a_whole_address_or_a_user_id() -> None:
    ann, ben = make_user(email="ann@example.com"), make_user(email="ben@example.com")
    record("email", "ann@example.com", "to ann", ann)
    record("push", "token-of-ann", "push to ann", ann)
    record("email", "ben@example.com", "to ben", ben)
    tell(ann, "inbox of ann")
    tell(ben, "inbox of ben")
    assert titles("recipient=ANN@example.com") == ["inbox of ann", "to ann"]
    assert titles(f"recipient={ann.id}") == ["inbox of ann", "push to ann", "to ann"]
    assert titles("recipient=ann@example") == []
    assert listing("recipient=ben@example.com")["counts"]["email"] == 1


def test_pages_go_by_since_and_before() -> None:
    for title in ("one", "two", "three"):
        record("email", "ann@example.com", title)
    three, two, _ = (entry["id"] for entry in listing()["entries"])
    assert titles(f"since={two}") == ["three"]
    assert titles(f"before={two}") == ["one"]
    assert titles(f"since={three}") == []
    assert titles("limit=2") == ["three", "two"]


def test_a_page_that_asks_again_is_told_that_nothing_changed(django_assert_max_num_queries: Any) -> None:
    record("email", "ann@example.com", "one")
    etag = Client().get("/outbox/entries")["ETag"]
    with django_assert_max_num_queries(5):
        assert Client().get("/outbox/entries", headers={"If-None-Match": etag}).status_code == 304
    record("email", "ann@example.com", "two")
    assert Client().get("/outbox/entries", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("channel=fax", "unknown_channel"),
        ("since=x", "invalid_id"),
        ("before=1", "invalid_id"),
        ("limit=0", "invalid_limit"),
        ("limit=201", "invalid_limit"),
        ("limit=²", "invalid_limit"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(query: str, code: str) -> None:
    assert problem(Client().get(f"/outbox/entries?{query}"), 422) == code


def test_an_entry_has_its_content_and_an_sms_its_size() -> None:
    record("sms", "+255712345678", "SMS", text="€" * 81)
    found = json.loads(Client().get(f"/outbox/entries/{listing()['entries'][0]['id']}").content)
    assert found["text"] == "€" * 81
    assert found["sms"] == {"segments": 2, "encoding": "gsm-7", "characters": 81, "forced_by": ""}
    identifier = tell(make_user(), "note", "websocket")
    found = json.loads(Client().get(f"/outbox/entries/{identifier}").content)
    assert (found["title"], found["data"]) == ("note", {"link": "https://example.com/x"})
    assert problem(Client().get(f"/outbox/entries/{new_id()}"), 404) == "entry_not_found"


def test_the_html_of_an_email_is_locked_up() -> None:
    record("email", "ann@example.com", "hostile", html="<script>alert(1)</script>")
    record("sms", "+255712345678", "plain")
    plain, hostile = listing()["entries"]
    response = Client().get(f"/outbox/entries/{hostile['id']}/html")
    assert response.content == b"<script>alert(1)</script>"
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; img-src data: https:; style-src 'unsafe-inline'")
    assert "allow-scripts" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert problem(Client().get(f"/outbox/entries/{plain['id']}/html"), 404) == "no_html"


def test_the_page_has_a_strict_policy_and_nothing_inline() -> None:
    response = Client().get("/outbox/")
    text = response.content.decode()
    assert response.status_code == 200
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert "no-store" in response["Cache-Control"]
    assert "style=" not in text
    assert "onclick" not in text
    assert text.count("<script") == 1
    assert Client().get("/outbox").headers["Location"] == "/outbox/"


def test_the_root_leads_to_the_outbox_or_to_the_documentation(settings: Any) -> None:
    assert Client().get("/").headers["Location"] == "/outbox/"
    settings.OUTBOX_ENABLED = settings.OUTBOX_OPEN = False
    assert Client().get("/").headers["Location"] == "/api/v1/docs"


PATHS = ("/outbox/", "/outbox/entries", "/outbox/choices", "/outbox/entries/01a1f88f-0000-7000-8000-000000000000")


def test_an_outbox_that_is_off_is_not_there(settings: Any) -> None:
    settings.OUTBOX_ENABLED = settings.OUTBOX_OPEN = False
    assert {Client().get(path).status_code for path in PATHS} == {404}
    assert Client().post("/outbox/send").status_code == 404


@pytest.mark.usefixtures("for_staff")
def test_an_outbox_that_is_not_open_is_for_staff_who_logged_in() -> None:
    record("email", "ann@example.com", "secret")
    staff, ann = make_user(email="staff@example.com", is_staff=True), make_user(email="ann@example.com")
    for user in (staff, ann):
        user.set_password(PASSWORD)
        user.save()
    client = Client()
    assert client.get("/outbox/").headers["Location"] == "/login/?next=/outbox/"
    for path in PATHS[1:]:
        answer = client.get(path)
        assert problem(answer, 401) == "not_authenticated"
        assert b"secret" not in answer.content
    assert problem(client.post("/outbox/send", {"user_id": ann.id, "body": "x"}), 401) == "not_authenticated"
    assert Notification.objects.count() == 0
    for email, password in [("ann@example.com", PASSWORD), ("staff@example.com", "wrong"), ("nobody@x.org", PASSWORD)]:
        answer = client.post("/login/", {"email": email, "password": password})
        assert answer.status_code == 200
        assert b"Email or password is wrong" in answer.content
    assert Session.objects.count() == 0
    answer = client.post("/login/", {"email": " Staff@EXAMPLE.com".lower(), "password": PASSWORD, "next": "/outbox/"})
    assert answer.headers["Location"] == "/outbox/"
    assert json.loads(client.get("/outbox/entries").content)["entries"][0]["title"] == "secret"
    assert b"Log out" in client.get("/outbox/").content
    client.post("/logout/")
    assert client.get("/outbox/").status_code == 302


@pytest.mark.usefixtures("for_staff")
def test_staff_who_lose_their_rank_lose_the_outbox() -> None:
    staff = make_user(email="staff@example.com", is_staff=True)
    client = Client()
    client.force_login(staff)
    assert client.get("/outbox/").status_code == 200
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    assert client.get("/outbox/").status_code == 302
    User.objects.filter(pk=staff.pk).update(is_staff=True, is_active=False)
    assert problem(client.get("/outbox/entries"), 401) == "not_authenticated"


def test_login_never_leads_to_another_site() -> None:
    staff = make_user(email="staff@example.com", is_staff=True)
    staff.set_password(PASSWORD)
    staff.save()
    form = {"email": "staff@example.com", "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post("/login/", form).headers["Location"] == "/outbox/"


def test_guessing_passwords_is_slowed_down() -> None:
    form = {"email": "staff@example.com", "password": "guess"}
    for _ in range(throttle.LIMIT - 1):
        throttle.too_many(volatile.connection(), "client 127.0.0.1")
    answers = [Client().post("/login/", form).content for _ in range(2)]
    assert b"Email or password is wrong" in answers[0]
    assert b"Too many attempts" in answers[1]


def test_a_test_goes_to_every_channel_the_person_has() -> None:
    make_user(is_staff=True, email="staff@example.com", reachable=False)
    ann = make_user(email="ann@example.com")
    form = {"user_id": str(ann.id), "content": "text", "subject": "Hi", "body": "It works", "channel": "all"}
    response = Client().post("/outbox/send", form)
    assert response.status_code == 201, response.content
    sent = json.loads(response.content)["notifications"]
    assert [(n["channel"], n["status"]) for n in sent] == [
        (channel, "pending") for channel in ("email", "sms", "push", "in_app", "websocket", "webhook", "chat")
    ]
    assert Notification.objects.count() == 7


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"user_id": "x"}, 422, "invalid_user"),
        ({"user_id": "01a1f88f-0000-7000-8000-000000000000"}, 404, "user_not_found"),
        ({"channel": "fax"}, 422, "unknown_channel"),
        ({"subject": "", "body": ""}, 422, "no_content"),
        ({"content": "template", "template_path": "no.such"}, 404, "template_not_found"),
        ({"content": "template", "template_path": "no.such", "context": "[1]"}, 422, "invalid_context"),
    ],
)
def test_a_test_that_cannot_be_sent_is_explained_and_nothing_is_stored(
    change: dict[str, str], status: int, code: str
) -> None:
    make_user(is_staff=True, email="staff@example.com")
    ann = make_user(email="ann@example.com")
    form = {"user_id": str(ann.id), "content": "text", "subject": "Hi", "body": "x", "channel": "email"} | change
    assert problem(Client().post("/outbox/send", form), status) == code
    assert Notification.objects.count() == 0


def test_without_staff_a_test_has_no_sender() -> None:
    ann = make_user(email="ann@example.com")
    form = {"user_id": str(ann.id), "body": "x", "channel": "email"}
    assert problem(Client().post("/outbox/send", form), 409) == "no_staff"
    assert Notification.objects.count() == 0


def test_other_sites_cannot_send_for_a_visitor() -> None:
    make_user(is_staff=True, email="staff@example.com")
    ann = make_user(email="ann@example.com")
    form = {"user_id": str(ann.id), "body": "x", "channel": "email"}
    client = Client(enforce_csrf_checks=True)
    assert client.post("/outbox/send", form).status_code == 403
    assert client.post("/login/", {"email": "a", "password": "b"}).status_code == 403
    assert Notification.objects.count() == 0
    client.get("/outbox/")
    token = client.cookies["csrftoken"].value
    assert client.post("/outbox/send", form, headers={"X-CSRFToken": token}).status_code == 201


def test_the_choices_name_users_by_what_they_can_receive() -> None:
    ann = make_user(email="ann@example.com", reachable=False)
    found = json.loads(Client().get("/outbox/choices").content)
    assert found == {
        "users": [
            {"id": str(ann.id), "label": "Ann Abel · ann@example.com", "channels": ["email", "in_app", "websocket"]}
        ],
        "templates": [],
    }


def test_the_api_sets_no_cookie_and_reads_no_session(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = Client(headers={"Cookie": "sessionid=x"}).get("/livez")
    assert not response.cookies
