"""One notification's life as the simulator keeps it: what was asked, how it stands, and what the provider's own ledger
says of it. Checks read this and nothing of the engine's."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from clarion.records.ledger.status import Status


class Law(StrEnum):
    """What must hold, numbered as in docs/reference/guarantees.md."""

    NOT_LOST = "I1 what was accepted ends, and either a provider took it or it says why not"
    NOT_DOUBLED = "I2 taken twice only where nobody could know, and never where it is to be held"
    FENCED = "I2 only who holds the lease writes"
    NO_PHANTOM = "I3 nothing leaves that was cancelled, expired or unwanted when it was taken up"
    URGENT_FIRST = "I4 a claim begins with the most urgent work there is"
    ONWARD_ONLY = "I5 an end state is never left, but by a replay or a receipt"
    RATE_KEPT = "I6 no more tokens are given than the rate allows, in any window"
    NOT_EARLY = "I7 nothing leaves before it is due"
    RECOVERED = "I8 what a dead worker held is taken up again in time"
    ACCOUNTED = "I9 every attempt has a number of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A law that did not hold, and how."""

    law: Law
    said: str

    def __str__(self) -> str:
        return f"{self.law}: {self.said}"


@dataclass(slots=True, kw_only=True)
class Story:
    """`taken`: when the provider took it. `doubts`: how often a fault stood between handing over and settling, or a
    provider's answer was unclear; `replays`: how often a person sent it again. `not_before`: what it is due at, by the
    schedule, the backoff and the provider's Retry-After."""

    id: UUID
    caller: UUID
    priority: int
    created_at: datetime
    not_before: datetime
    hold: bool
    scheduled_at: datetime | None = None
    expires_at: datetime | None = None
    replayed_at: datetime | None = None
    cancelled_at: datetime | None = None
    status: Status = Status.PENDING
    reason: str = ""
    states: list[Status] = field(default_factory=list)
    taken: list[datetime] = field(default_factory=list)
    doubts: int = 0
    replays: int = 0
    attempts: list[int] = field(default_factory=list)
    dead_letter: bool = False

    def stand(self, status: Status, reason: str = "") -> None:
        """Move."""
        self.status, self.reason = status, reason
        self.states.append(status)
