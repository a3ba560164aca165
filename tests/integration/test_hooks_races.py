"""Callbacks read by several workers at once, while others send: nothing is done twice, nothing is lost, nobody waits in
a circle."""

import random
import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from clarion.config import wiring
from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Kind, Reported
from clarion.contract.registry import Registry, install, installed
from clarion.flows.delivery import flow as delivery
from clarion.flows.feedback import flow as feedback
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.flow import send
from clarion.records import clock
from clarion.records.accounts import book
from clarion.records.feedback import callbacks
from clarion.records.feedback.models import Report, Task, Waiting
from clarion.records.ledger.models import Event, Notification
from clarion.records.suppression.models import Entry
from clarion.testing.scripted_feedback import ScriptedVendor
from tests.conftest import caller_of, make_user
from tests.integration.callbacks import about, account, call

WORKERS = 4


@pytest.fixture
def vendor(real_ground: None) -> Iterator[ScriptedVendor]:
    """Email is carried by a vendor that reports back, in a database that commits."""
    before = installed()
    one = ScriptedVendor()
    install(Registry([*wiring.PROVIDERS, one.entry()]), before.host)
    book.mirror({ChannelKey.EMAIL: ["scripted://"]})
    yield one
    install(before.registry, before.host)


def _at_once(*work: "threading.Thread") -> None:
    for thread in work:
        thread.start()
    for thread in work:
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_several_workers_read_the_same_reports_once(vendor: ScriptedVendor) -> None:
    users = [make_user(email=f"person{n}@example.com", reachable=False) for n in range(60)]
    rows = []
    for user in users:
        asked = Send(
            caller=caller_of(user),
            user_id=user.id,
            subject="H",
            body="T",
            channels=(ChannelKey.EMAIL,),
            category="orders",
        )
        rows.append(Notification.objects.get(pk=send(asked, clock.now()).notifications[0].id))
    told = [
        about(row, kind, address=f"person{n}@example.com")
        for n, row in enumerate(rows)
        for kind in ((Kind.DELIVERED, Kind.OPENED) if n % 3 else (Kind.DEFERRED, Kind.BOUNCED))
    ]
    told += [
        Reported(event_id=f"named-{row.id}", kind=Kind.CLICKED, remote_id=f"remote-{row.id}")
        for n, row in enumerate(rows)
        if n % 3
    ]
    three = told * 3
    random.Random(7).shuffle(three)
    for start in range(0, len(three), 7):
        assert call(vendor, three[start : start + 7]).status_code == 200
    faults: list[BaseException] = []

    def read() -> None:
        try:
            feedback.drain()
        except BaseException as error:
            faults.append(error)
        finally:
            connection.close()

    def deliver() -> None:
        try:
            delivery.drain("email")
        except BaseException as error:
            faults.append(error)
        finally:
            connection.close()

    _at_once(threading.Thread(target=deliver), *(threading.Thread(target=read) for _ in range(WORKERS)))
    Waiting.objects.update(due_at=clock.now())
    _at_once(*(threading.Thread(target=read) for _ in range(WORKERS)))

    assert faults == []
    assert (Task.objects.count(), Waiting.objects.count()) == (0, 0)
    assert Report.objects.count() == len(told)
    found = Notification.objects.in_bulk([row.id for row in rows])
    assert [found[row.id].status for row in rows] == ["delivered" if n % 3 else "failed" for n in range(60)]
    assert Event.objects.filter(type="opened").count() == Event.objects.filter(type="clicked").count() == 40
    assert Entry.objects.filter(reason="hard_bounced").count() == 20
    assert callbacks.any_due() is False
    assert account().name == "scripted"
