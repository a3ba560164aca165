"""Ambiguity is a state: what becomes of a message that may or may not have been taken.

`resend` tries again, as after any failure. `hold` does not: the notification waits for an answer (answers.py), and when
none came by the deadline it fails as `unclear`, for a person to judge. A category chooses; marketing holds unless it
says otherwise. Critical work is always sent again, and so is what goes to a provider that can tell a repeat.

Where work would be held, the entry is marked just before the provider is called: a worker that died before the mark had
handed nothing over, one that died after it may have.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from clarion.contract.message import Message
from clarion.contract.outcome import Unclear
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.flows.delivery.send import Told
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records.ledger import awaiting
from clarion.records.ledger.rows import AttemptRow, DecisionRow
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import CRITICAL

RULE = "unclear"
HOLD_FOR = timedelta(hours=24)


def holds(work: Work, *, idempotent: bool = False) -> bool:
    """Whether this work is held rather than sent again when its outcome is unclear."""
    return work.category.hold_unclear and work.priority != CRITICAL and not idempotent


def in_doubt(work: Work, told: Sequence[Told]) -> Told | None:
    """The message for whose sake the work is held, if any: no other message of it may go again without that one."""
    unclear = (each for each in told if isinstance(each.outcome, Unclear))
    return next((each for each in unclear if holds(work, idempotent=each.idempotent)), None)


def hold(work: Work, why: Reason, now: datetime, attempts: tuple[AttemptRow, ...] = (), detail: str = "") -> Fate:
    """It stays pending, and nobody sends it, until an answer comes or the wait is over."""
    decision = DecisionRow(
        notification_id=work.id,
        at=now,
        stage="settle",
        rule=RULE,
        outcome="hold",
        reason=why,
        until=now + HOLD_FOR,
        detail=detail[:500],
    )
    return Fate(work=work, to=None, reason=why, after=HOLD_FOR, awaits=True, attempts=attempts, decisions=(decision,))


def set_apart(batch: Sequence[Work], now: datetime) -> tuple[list[Work], list[Fate]]:
    """Work that may be sent, and the fates of that which may have been already: what was held in vain fails, what a
    worker that died had handed over is held."""
    passed: list[Work] = []
    fates: list[Fate] = []
    for work in batch:
        if work.awaits:
            detail = f"no answer came within {HOLD_FOR}"
            fates.append(ended(work, Status.FAILED, Reason.UNCLEAR, "settle", RULE, now, detail))
        elif work.abandoned and work.handed_over and holds(work):
            fates.append(hold(work, Reason.WORKER_LOST, now))
        else:
            passed.append(work)
    return passed, fates


class HandOver:
    """Asked before messages are handed over. Marks them where that matters; keeps back what the lease no longer holds,
    and what had better not be begun any more (`may_begin`). `begun` names the notifications that were handed over, or
    may have been; `kept_back`: others were not."""

    def __init__(self, lease: int, works: Iterable[Work], may_begin: Callable[[], bool] = lambda: True) -> None:
        self._lease = lease
        self._open = {str(work.id) for work in works if holds(work)}
        self._marked: set[str] = set()
        self._may_begin = may_begin
        self.begun: set[str] = set()
        self.kept_back = False

    def __call__(self, messages: Sequence[Message], declared: Declaration) -> Sequence[Message]:
        """Those of the messages that may be handed over now."""
        if not self._may_begin():
            # a notification's messages are never parted: one device told and the other forgotten
            messages = [m for m in messages if m.notification_id in self.begun]
            self.kept_back = True
        if not declared.idempotent and self._open:
            new = {m.notification_id for m in messages} & self._open - self._marked
            if new:
                marked = awaiting.hand_over(self._lease, [UUID(one) for one in new])
                self._marked |= {str(one) for one in marked}
            messages = [m for m in messages if m.notification_id not in self._open or m.notification_id in self._marked]
        self.begun.update(m.notification_id for m in messages)
        return messages
