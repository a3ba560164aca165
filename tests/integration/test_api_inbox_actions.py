"""What a person does with inbox items beside reading them, and what a sender may still do about one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clarion.flows.inbox import flow
from clarion.records import clock
from clarion.records.inbox import reading
from clarion.records.inbox.models import InboxItem
from clarion.records.inbox.reading import After
from clarion.records.ledger.models import Event, Notification
from clarion.records.people.models import User
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch

Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _filled(api: Api, user: User, drain: Drain, *titles: str, **more: Any) -> list[str]:
    """Items in the inbox, oldest first."""
    made = []
    for title in titles:
        body = {"user_id": str(user.id), "subject": title, "body": "Hello", "channel": "in_app", **more}
        answer = api.post("notifications/send", body)
        assert answer.status_code == 201, answer.content
        made.append(str(answer.json()["id"]))
        drain()
    return made


def _counts(api: Api) -> tuple[int, int]:
    count = api.get("inbox/unread-count").json()
    return count["unread_count"], count["unseen_count"]


def _titles(api: Api, query: str = "") -> list[str]:
    return [item["title"] for item in api.get(f"inbox{query}").json()["results"]]


def test_an_item_goes_through_all_it_can_and_the_counts_go_along(
    as_service: Api, as_ann: Api, ann: User, drain: Drain
) -> None:
    first, second = _filled(as_service, ann, drain, "first", "second")
    steps = [
        ("inbox/seen-all", 2, (2, 0)),
        (f"inbox/{first}/read", 1, (1, 0)),
        (f"inbox/{first}/unread", 1, (2, 0)),
        (f"inbox/{first}/unread", 0, (2, 0)),
        (f"inbox/{second}/archive", 1, (1, 0)),
        (f"inbox/{second}/archive", 0, (1, 0)),
        (f"inbox/{second}/restore", 1, (1, 0)),
        (f"inbox/{first}/dismiss", 1, (0, 0)),
        (f"inbox/{first}/unread", 0, (0, 0)),
    ]
    revisions = [2]
    for path, changed, counts in steps:
        answer = as_ann.post(path).json()
        assert (answer["changed"], (answer["unread_count"], answer["unseen_count"])) == (changed, counts), path
        assert _counts(as_ann) == counts
        assert answer["rev"] == revisions[-1] + bool(changed)
        revisions.append(answer["rev"])
    assert _titles(as_ann) == ["second"]
    assert _titles(as_ann, "?status=archived") == []


def test_archived_and_snoozed_items_have_lists_of_their_own(
    as_service: Api, as_ann: Api, ann: User, drain: Drain
) -> None:
    first, second, _ = _filled(as_service, ann, drain, "first", "second", "third")
    as_ann.post(f"inbox/{first}/archive")
    as_ann.post(f"inbox/{second}/snooze", {"minutes": 5})
    assert (_titles(as_ann), _titles(as_ann, "?status=archived"), _titles(as_ann, "?status=snoozed")) == (
        ["third"],
        ["first"],
        ["second"],
    )
    assert _counts(as_ann) == (1, 1)


def test_a_snoozed_item_comes_back_as_new_when_its_time_comes(
    as_service: Api, as_ann: Api, ann: User, drain: Drain
) -> None:
    (item,) = _filled(as_service, ann, drain, "later")
    as_ann.post(f"inbox/{item}/read")
    until = clock.now() + timedelta(minutes=30)
    answer = as_ann.post(f"inbox/{item}/snooze", {"until": until.isoformat()})
    assert (answer.json()["status"], answer.json()["unread_count"]) == ("snoozed", 0)
    assert flow.wake(until - timedelta(seconds=1)) == 0
    assert flow.wake(until) == 1
    assert flow.wake(until) == 0
    assert _counts(as_ann) == (1, 1)
    assert _titles(as_ann, "?status=unread") == ["later"]


def test_an_item_may_be_put_off_on_the_persons_own_clock(as_service: Api, as_ann: Api, ann: User, drain: Drain) -> None:
    (item,) = _filled(as_service, ann, drain, "later")
    User.objects.filter(pk=ann.pk).update(timezone="Asia/Kathmandu")
    day = (clock.now() + timedelta(days=2)).date()
    as_ann.post(f"inbox/{item}/snooze", {"local_until": f"{day}T08:00:00"})
    stored = InboxItem.objects.get(pk=item).snoozed_until
    assert stored == datetime(day.year, day.month, day.day, 2, 15, tzinfo=UTC)
    assert as_ann.delete(f"inbox/{item}/snooze").json()["status"] == "awake"
    assert InboxItem.objects.get(pk=item).snoozed_until is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "ambiguous_time"),
        ({"minutes": 5, "until": "2099-01-01T00:00:00Z"}, "ambiguous_time"),
        ({"until": "2020-01-01T00:00:00Z"}, "time_in_the_past"),
        ({"until": "2099-01-01T00:00:00Z"}, "time_too_far"),
        ({"local_until": "2020-01-01T00:00:00"}, "time_in_the_past"),
        ({"local_until": "2099-01-01T00:00:00Z"}, "invalid_time"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused_and_nothing_changes(
    as_service: Api, as_ann: Api, ann: User, drain: Drain, body: dict[str, Any], code: str
) -> None:
    (item,) = _filled(as_service, ann, drain, "here")
    refused(as_ann.post(f"inbox/{item}/snooze", body), 422, code)
    assert _titles(as_ann) == ["here"]


def test_a_client_learns_of_every_change_since_a_revision(
    as_service: Api, as_ann: Api, ann: User, drain: Drain
) -> None:
    first, second = _filled(as_service, ann, drain, "first", "second")
    known = as_ann.get("inbox").json()["last_rev"]
    as_ann.post(f"inbox/{first}/read")
    (third,) = _filled(as_service, ann, drain, "third")
    found = as_ann.get(f"inbox?since_rev={known}").json()
    assert [(item["id"], item["rev"], item["read"]) for item in found["results"]] == [
        (first, known + 1, True),
        (third, known + 2, False),
    ]
    assert found["last_rev"] == known + 2
    as_ann.post("inbox/read-all")
    whole = as_ann.get(f"inbox?since_rev={known + 2}&page_size=1").json()["results"]
    assert [item["id"] for item in whole] == [second, third], "one change is never torn apart"


def test_pages_of_many_inboxes_are_read_at_once_and_keep_their_order(as_service: Api, ann: User, drain: Drain) -> None:
    ben = make_user()
    items = _filled(as_service, ann, drain, "one", "two", "three")
    other = _filled(as_service, ben, drain, "ben's")
    pages = reading.pages(
        [
            After(user_id=ben.id, rev=None, seq=0),
            After(user_id=ann.id, rev=1, seq=2**62),
            After(user_id=ann.id, rev=None, seq=2),
            After(user_id=ben.id, rev=1, seq=2**62),
        ],
        10,
    )
    assert [[str(item.id) for item in page] for page in pages] == [other, items[1:], items[2:], []]


TEMPLATE = {
    "path": "invitation",
    "name": "Invitation",
    "category": "general",
    "content": {
        "in_app": {
            "default": {
                "title": "Join {{ team }}",
                "group": "team {{ team }}",
                "primary_label": "Accept",
                "secondary_label": "Look",
                "secondary_link": "https://example.com/{{ team }}",
            }
        }
    },
    "required_variables": ["team"],
}


def _invited(as_staff: Api, as_service: Api, ann: User, drain: Drain, *teams: str) -> list[str]:
    assert as_staff.post("templates", TEMPLATE).status_code == 201
    made = []
    for team in teams:
        body = {"user_id": str(ann.id), "template_path": "invitation", "channel": "in_app", "context": {"team": team}}
        made.append(as_service.post("notifications/send", body).json()["id"])
        drain()
    return made


def test_an_action_is_told_of_once_and_only_the_first_counts(
    as_staff: Api, as_service: Api, as_ann: Api, ann: User, drain: Drain
) -> None:
    (item,) = _invited(as_staff, as_service, ann, drain, "red")
    shown = as_ann.get(f"inbox/{item}").json()
    assert shown["data"]["actions"] == [
        {"key": "primary", "label": "Accept"},
        {"key": "secondary", "label": "Look", "link": "https://example.com/red"},
    ]
    assert as_ann.post(f"inbox/{item}/actions/primary").json()["unread_count"] == 0
    assert as_ann.post(f"inbox/{item}/actions/primary").json()["changed"] == 0
    refused(as_ann.post(f"inbox/{item}/actions/secondary"), 409, "acted_already")
    refused(as_ann.post(f"inbox/{item}/actions/third"), 404, "action_not_found")
    events = Event.objects.filter(notification_id=item, type="acted").values_list("reason", flat=True)
    assert list(events) == ["primary"]
    assert as_ann.get(f"inbox/{item}").json()["acted"] == "primary"
    assert Notification.objects.get(pk=item).status == "read"


def test_a_group_is_listed_as_one_and_read_as_one(
    as_staff: Api, as_service: Api, as_ann: Api, ann: User, drain: Drain
) -> None:
    _invited(as_staff, as_service, ann, drain, "red", "blue", "red")
    _filled(as_service, ann, drain, "alone", "alone too")
    grouped = as_ann.get("inbox?grouped=true").json()["results"]
    assert [(i["title"], i["group_count"], i["group_unread"]) for i in grouped] == [
        ("alone too", 1, 1),
        ("alone", 1, 1),
        ("Join red", 2, 2),
        ("Join blue", 1, 1),
    ]
    assert as_ann.post("inbox/read-all", {"group": "team red"}).json()["changed"] == 2
    assert _titles(as_ann, "?group=team red&status=read") == ["Join red", "Join red"]
    assert _counts(as_ann)[0] == 3


def test_a_recalled_item_is_gone_for_its_person_and_its_sender_sees_that(
    as_service: Api, as_ann: Api, ann: User, drain: Drain
) -> None:
    kept, wrong = _filled(as_service, ann, drain, "kept", "wrong")
    known = as_ann.get("inbox").json()["last_rev"]
    assert as_service.post(f"notifications/{wrong}/recall").status_code == 200
    refused(as_service.post(f"notifications/{wrong}/recall"), 409, "not_in_the_inbox")
    assert _titles(as_ann) == ["kept"]
    assert _counts(as_ann) == (1, 1)
    refused(as_ann.get(f"inbox/{wrong}"), 404, "item_not_found")
    (told,) = as_ann.get(f"inbox?since_rev={known}").json()["results"]
    assert (told["id"], told["title"], told["body"], told["recalled_at"] is not None) == (wrong, "", "", True)
    assert Event.objects.filter(notification_id=wrong, type="recalled").count() == 1
    assert as_ann.get(f"inbox/{kept}").status_code == 200


def test_what_an_item_says_may_be_changed_by_its_sender_alone(
    as_service: Api, as_ann: Api, ann: User, drain: Drain
) -> None:
    (item,) = _filled(as_service, ann, drain, "half price", data={"shop": 7})
    stranger = api_as(make_user(permissions=["send", "send_others"]))
    refused(stranger.patch(f"notifications/{item}/content", {"title": "free"}), 404, "notification_not_found")
    assert as_service.patch(f"notifications/{item}/content", {"title": "ten percent off"}).status_code == 200
    shown = as_ann.get(f"inbox/{item}").json()
    assert (shown["title"], shown["body"], shown["data"], shown["rev"]) == ("ten percent off", "Hello", {"shop": 7}, 2)
    refused(as_service.patch(f"notifications/{item}/content", {"title": ""}), 422, "required")
    assert as_ann.get(f"inbox/{item}").json()["title"] == "ten percent off"


def test_what_left_by_another_channel_cannot_be_taken_back(as_service: Api, ann: User, drain: Drain) -> None:
    body = {"user_id": str(ann.id), "subject": "s", "body": "b", "channel": "email"}
    sent = as_service.post("notifications/send", body).json()["id"]
    drain()
    refused(as_service.post(f"notifications/{sent}/recall"), 409, "not_recallable")
