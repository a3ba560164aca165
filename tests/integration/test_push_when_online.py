"""A category may leave push out for people who have a page open; everything else goes as ever."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.flows.delivery import online as step
from clarion.flows.ingest import bulk
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Fallback, Send
from clarion.flows.ingest.bulk import Recipient
from clarion.records import clock, volatile
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Decision, Notification
from clarion.records.ledger.status import Status
from clarion.records.live import online
from clarion.records.people.models import User
from tests.conftest import Api, caller_of, make_user

Drain = Callable[[], int]
PUSH = ChannelKey.PUSH


def connect(*people: User) -> None:
    """As a server with their sockets tells it."""
    connection = volatile.connection()
    connection.sadd(online.processes_key(), "1-test")
    connection.hset(online.process_key("1-test"), mapping={str(one.id): 1 for one in people})


def send(user: User, **more: Any) -> Any:
    fields = {"subject": "Hi", "body": "Hello", "channels": (PUSH,), "category": "orders", **more}
    asked = Send(caller=caller_of(user, Permission.STAFF), user_id=user.id, **fields)
    return ingest.send(asked, clock.now()).notifications[0]


def fate(identifier: Any) -> tuple[str, str]:
    row = Notification.objects.get(pk=identifier)
    return row.status, row.reason


@pytest.fixture
def skipping(ground: None) -> None:
    Category.objects.filter(key="orders").update(skip_push_when_online=True)
    catalog.read()


def test_no_push_goes_to_people_who_are_online(ann: User, skipping: None, drain: Drain) -> None:
    ben = make_user(email="ben@example.com")
    connect(ann)
    here, away, mail = send(ann), send(ben), send(ann, channels=(ChannelKey.EMAIL,))
    drain()
    assert fate(here.id) == (Status.SUPPRESSED, Reason.RECIPIENT_ONLINE)
    assert fate(away.id) == (Status.DELIVERED, "")
    assert fate(mail.id) == (Status.DELIVERED, "")
    decision = Decision.objects.get(notification_id=here.id, reason=Reason.RECIPIENT_ONLINE)
    assert (decision.stage, decision.rule) == ("gate", "skip_push_when_online")


def test_critical_push_and_push_of_a_chain_go_all_the_same(ann: User, skipping: None, drain: Drain) -> None:
    connect(ann)
    critical = send(ann, priority=1)
    chained = send(ann, fallback=Fallback(channels=(ChannelKey.EMAIL,)))
    drain()
    assert fate(critical.id) == (Status.DELIVERED, "")
    assert fate(chained.id) == (Status.DELIVERED, "")


def test_other_categories_push_to_people_who_are_online(ann: User, skipping: None, drain: Drain) -> None:
    connect(ann)
    sent = send(ann, category="general")
    drain()
    assert fate(sent.id) == (Status.DELIVERED, "")


def test_a_batch_asks_once_and_where_nobody_can_tell_push_goes_out(
    ann: User, skipping: None, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def unknown(users: set[str]) -> dict[str, int]:
        asked.append(len(users))
        raise redis.ConnectionError

    monkeypatch.setattr(step.online, "sockets", unknown)
    people = [ann, *(make_user(email=f"b{n}@example.com") for n in range(4))]
    given = Send(
        caller=caller_of(ann, Permission.STAFF),
        user_id=ann.id,
        subject="Hi",
        body="Hello",
        channels=(PUSH,),
        category="orders",
    )
    bulk.accept_list(given, [Recipient(user_id=one.id, place=n) for n, one in enumerate(people)], clock.now())
    drain()
    assert asked == [5]
    assert set(Notification.objects.values_list("status", flat=True)) == {Status.DELIVERED}


def test_the_switch_is_a_field_of_the_category(as_staff: Api) -> None:
    made = as_staff.post("categories", {"key": "chat", "name": "Chat", "skip_push_when_online": True})
    assert (made.status_code, made.json()["skip_push_when_online"]) == (201, True)
    changed = as_staff.patch(f"categories/{made.json()['id']}", {"skip_push_when_online": False})
    assert changed.json()["skip_push_when_online"] is False
    assert as_staff.post("categories", {"key": "mail", "name": "Mail"}).json()["skip_push_when_online"] is False


def test_without_such_a_category_nothing_is_asked(ann: User, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step.online, "sockets", lambda users: pytest.fail("asked"))
    sent = send(ann)
    drain()
    assert fate(sent.id) == (Status.DELIVERED, "")
