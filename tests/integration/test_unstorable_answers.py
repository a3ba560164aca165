"""A vendor's answer may hold anything. What cannot be stored costs its words, never a second send."""

from collections.abc import Callable
from typing import Any

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent
from clarion.contract.reasons import Reason
from clarion.flows.delivery import storable
from clarion.records.accounts.models import Account
from clarion.records.ledger.models import Attempt, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider
from tests.integration.test_delivery import send

Drain = Callable[[], int]
HALF = "\ud800"


@pytest.mark.parametrize(
    ("answer", "status", "remote_id", "detail"),
    [
        (Sent(remote_id="SM1\0x", price="1\0 USD", segments=70_000), "sent", "SM1x", ""),
        (Sent(remote_id=f"SM1{HALF}"), "sent", "SM1?", ""),
        (Sent(remote_id="x" * 3_000, detail="d" * 3_000), "sent", "x" * 255, "d" * 500),
        (Rejected(why=Reason.CONTENT_REFUSED, detail=f"no\0{HALF}"), "failed", "", "no?"),
        (Retry(why=Reason.TEMPORARY, detail="later\0"), "pending", "", "later"),
    ],
)
def test_an_answer_that_cannot_be_stored_is_made_storable(
    ann: User, carried_by: Any, drain: Drain, answer: Outcome, status: str, remote_id: str, detail: str
) -> None:
    first = iter([answer])
    provider = ScriptedProvider(script=lambda message: next(first, Sent(remote_id="fine")))
    carried_by(ChannelKey.EMAIL, provider)
    one, other = send(ann)[0], send(ann)[0]

    assert drain() == 2
    found = Notification.objects.in_bulk([one, other])
    attempt = Attempt.objects.get(notification_id=one)
    assert (found[one].status, found[one].remote_id, attempt.detail) == (status, remote_id, detail)
    assert (found[other].status, found[other].remote_id) == ("sent", "fine")
    assert len(provider.given) == 2
    assert QueueEntry.objects.count() == (1 if status == "pending" else 0)


def test_one_fate_that_cannot_be_written_at_all_loses_its_words_and_nothing_is_sent_twice(
    ann: User, carried_by: Any, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storable, "outcome", lambda told: told)  # as if the cleaning had missed something
    answers = iter([Sent(remote_id="a"), Sent(remote_id="b\0"), Sent(remote_id="c")])
    provider = ScriptedProvider(script=lambda message: next(answers))
    carried_by(ChannelKey.EMAIL, provider)
    ids = [send(ann)[0] for _ in range(3)]

    assert drain() == 3
    assert Notification.objects.filter(pk__in=ids, status="sent").count() == 3
    by_message = {message.id: n for n, message in enumerate(provider.given)}
    found = sorted(Notification.objects.filter(pk__in=ids), key=lambda row: by_message[str(row.id)])
    assert [row.remote_id for row in found] == ["a", "", "c"]
    assert len(provider.given) == 3
    assert not QueueEntry.objects.exists()


def test_a_fault_text_that_cannot_be_stored_is_cleaned_too(ann: User, carried_by: Any, drain: Drain) -> None:
    provider = ScriptedProvider(script=lambda message: Misconfigured("wrong key\0"))
    carried_by(ChannelKey.EMAIL, provider)
    send(ann)

    drain()
    assert Account.objects.get(channel="email").fault == "wrong key"
