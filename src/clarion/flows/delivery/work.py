"""The values that travel through delivery: work taken up, and the fate of each piece."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.categories.catalog import CategoryFacts
from clarion.records.ledger.rows import AttemptRow, DecisionRow
from clarion.records.ledger.status import Status
from clarion.records.people.facts import PersonFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One claimed notification with everything the steps need to know. `attempt` numbers this attempt over the whole
    history, `tries` counts since the last replay, this one included."""

    id: UUID
    attempt: int
    tries: int
    abandoned: bool
    user_id: UUID
    channel: ChannelKey
    category: CategoryFacts
    version_id: UUID | None
    priority: int
    bypass: bool
    created_at: datetime
    expires_at: datetime | None
    payload: Mapping[str, Any] | None = field(repr=False)
    person: PersonFacts | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one piece of work: it moves to a state, or (`to` None) goes back to the queue for `after`."""

    work: Work
    to: Status | None
    reason: Reason | None = None
    after: timedelta = timedelta(0)
    account: str = ""
    remote_id: str = ""
    attempts: tuple[AttemptRow, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()


def ended(work: Work, to: Status, reason: Reason, stage: str, rule: str, at: datetime, detail: str = "") -> Fate:
    """The fate of work that a step before sending ends."""
    decision = DecisionRow(
        notification_id=work.id, at=at, stage=stage, rule=rule, outcome=to, reason=reason, detail=detail[:500]
    )
    return Fate(work=work, to=to, reason=reason, decisions=(decision,))
