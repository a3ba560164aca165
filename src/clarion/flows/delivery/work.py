"""The values that travel through delivery: work taken up, and the fate of each piece."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.reasons import Reason
from clarion.records.categories.catalog import CategoryFacts
from clarion.records.ledger.rows import AttemptRow, DecisionRow
from clarion.records.ledger.status import Status
from clarion.records.people.facts import PersonFacts


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One claimed notification with everything the steps need to know. `attempt` numbers this attempt over the whole
    history, `tries` counts since the last replay, this one included. `due_at` is when it could be taken up.
    `handed_over`: a provider may have had it from a worker that died; `awaits`: it waited for an answer in vain;
    `taken`: an endpoint took it at an earlier attempt, and others are still to; `counted`: it has its place under
    the frequency caps."""

    id: UUID
    attempt: int
    tries: int
    abandoned: bool
    user_id: UUID
    channel: ChannelKey
    category: CategoryFacts
    version_id: UUID | None
    template_id: str = ""
    priority: int
    bypass: bool
    created_at: datetime
    expires_at: datetime | None
    scheduled_at: datetime | None
    due_at: datetime
    replayed_at: datetime | None
    handed_over: bool = False
    awaits: bool = False
    taken: bool = False
    counted: bool = False
    payload: Mapping[str, Any] | None
    person: PersonFacts | None

    @property
    def since(self) -> datetime:
        """When this chance began: accepted, scheduled for, or replayed, whichever came last."""
        return max(moment for moment in (self.created_at, self.scheduled_at, self.replayed_at) if moment is not None)

    def __repr__(self) -> str:
        return f"Work({self.id}, attempt {self.attempt})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadTarget:
    """A target that an account said is dead for good: an address, or (`place`) a device or endpoint."""

    value: str = field(repr=False)
    place: str
    account: str
    reason: Reason


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one piece of work: it moves to a state, or (`to` None) goes back to the queue for `after`.
    `untried`: nobody was asked to carry it, so this does not count as an attempt. `awaits`: nobody sends it again, for
    it may have been taken, and an answer may come."""

    work: Work
    to: Status | None
    reason: Reason | None = None
    after: timedelta = timedelta(0)
    untried: bool = False
    awaits: bool = False
    account: str = ""
    remote_id: str = ""
    attempts: tuple[AttemptRow, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    dead: tuple[DeadTarget, ...] = ()

    def __repr__(self) -> str:
        return f"Fate({self.work.id}, {self.to}, {self.reason})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message that no account was asked to carry: it waits for `after`, by `rule`."""

    message: Message
    why: Reason
    rule: str
    after: timedelta


def held(work: Work, reason: Reason, stage: str, rule: str, after: timedelta, at: datetime) -> Fate:
    """The fate of work that waits without having been tried; no longer than it is worth sending."""
    if work.expires_at is not None:
        after = max(min(after, work.expires_at - at), timedelta(0))
    decision = DecisionRow(
        notification_id=work.id, at=at, stage=stage, rule=rule, outcome="hold", reason=reason, until=at + after
    )
    return Fate(work=work, to=None, reason=reason, after=after, untried=True, decisions=(decision,))


def ended(work: Work, to: Status, reason: Reason, stage: str, rule: str, at: datetime, detail: str = "") -> Fate:
    """The fate of work that a step before sending ends."""
    decision = DecisionRow(
        notification_id=work.id, at=at, stage=stage, rule=rule, outcome=to, reason=reason, detail=detail[:500]
    )
    return Fate(work=work, to=to, reason=reason, decisions=(decision,))
