"""Which work is held and which is sent again when it is unclear whether it was taken."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent
from clarion.contract.message import Message, Target
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.flows.delivery.judge import judge
from clarion.flows.delivery.send import Told
from clarion.flows.delivery.unclear import HOLD_FOR, holds, set_apart
from clarion.flows.delivery.work import Work
from clarion.records.categories.catalog import CategoryFacts
from clarion.records.ids import new_id
from clarion.records.ledger.status import Status

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LOST = Unclear(why=Reason.TIMEOUT, detail="no answer after 30 s")


def work(*, hold: bool = True, priority: int = 3, **given: bool) -> Work:
    category = CategoryFacts(
        id=1, key="news", marketing=True, essential=False, default_priority=3, default_channels=(), hold_unclear=hold
    )
    return Work(
        id=new_id(),
        attempt=1,
        tries=1,
        abandoned=given.pop("abandoned", False),
        user_id=UUID(int=1),
        channel=ChannelKey.EMAIL,
        category=category,
        version_id=None,
        priority=priority,
        bypass=False,
        created_at=NOW,
        expires_at=None,
        scheduled_at=None,
        due_at=NOW,
        replayed_at=None,
        payload={},
        person=None,
        **given,
    )


def told(item: Work, outcome: Outcome, *, idempotent: bool = False, place: str = "") -> Told:
    message = Message(
        id=f"{item.id}{place}",
        notification_id=str(item.id),
        user_id="",
        target=Target(value="ann@example.com"),
        content=EmailContent(subject="s", text="t"),
        attempt=1,
        priority=item.priority,
        category="news",
        created_at=NOW,
        expires_at=None,
    )
    return Told(message=message, account="one", confirms_delivery=False, outcome=outcome, idempotent=idempotent)


@pytest.mark.parametrize(
    ("hold", "priority", "idempotent", "held"),
    [
        (True, 3, False, True),
        (True, 2, False, True),
        (True, 1, False, False),
        (True, 3, True, False),
        (False, 3, False, False),
    ],
)
def test_critical_work_and_providers_that_tell_repeats_are_never_held(
    hold: bool, priority: int, idempotent: bool, held: bool
) -> None:
    item = work(hold=hold, priority=priority)

    assert holds(item, idempotent=idempotent) is held
    fate = judge(item, [told(item, LOST, idempotent=idempotent)], NOW, NOW, Random(1))
    assert (fate.to, fate.awaits) == (None, held)
    assert fate.decisions[0].rule == ("unclear" if held else "attempt 1")


def test_a_held_one_says_why_and_until_when() -> None:
    item = work()

    fate = judge(item, [told(item, LOST)], NOW, NOW, Random(1))

    decision = fate.decisions[0]
    assert (decision.rule, decision.outcome, decision.reason) == ("unclear", "hold", "timeout")
    assert decision.until == NOW + HOLD_FOR
    assert decision.detail == "no answer after 30 s"
    assert [attempt.outcome for attempt in fate.attempts] == ["unclear"]


def test_one_device_in_doubt_holds_back_the_others_that_could_be_tried_again() -> None:
    item = work()
    later = Retry(why=Reason.TEMPORARY)

    fate = judge(item, [told(item, later, place=".a"), told(item, LOST, place=".b")], NOW, NOW, Random(1))

    assert (fate.awaits, fate.reason) == (True, Reason.TIMEOUT)


def test_one_device_that_took_it_settles_it_whatever_the_others_said() -> None:
    item = work()

    fate = judge(item, [told(item, LOST, place=".a"), told(item, Sent(), place=".b")], NOW, NOW, Random(1))

    assert fate.to is Status.SENT


def test_a_refusal_is_not_in_doubt() -> None:
    item = work()

    fate = judge(item, [told(item, Rejected(why=Reason.INVALID_ADDRESS))], NOW, NOW, Random(1))

    assert fate.to is Status.FAILED


def test_what_was_held_in_vain_fails_and_what_a_dead_worker_handed_over_is_held() -> None:
    vain, given, untouched, fresh = (
        work(awaits=True),
        work(abandoned=True, handed_over=True),
        work(abandoned=True),
        work(),
    )

    passed, fates = set_apart([vain, given, untouched, fresh], NOW)

    assert passed == [untouched, fresh]
    assert [(fate.work, fate.to, fate.reason, fate.after) for fate in fates] == [
        (vain, Status.FAILED, Reason.UNCLEAR, timedelta(0)),
        (given, None, Reason.WORKER_LOST, HOLD_FOR),
    ]


def test_a_category_that_resends_also_resends_what_a_dead_worker_handed_over() -> None:
    item = work(hold=False, abandoned=True, handed_over=True)

    assert set_apart([item], NOW) == ([item], [])
