"""The states of a notification and the moves between them: the one transition table.

Few states, many reasons (clarion.contract.reasons). The diagram in docs/architecture.md is generated from here.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """`processing` is never stored: it is how a pending notification reads while a worker holds its lease."""

    SCHEDULED = "scheduled"
    PENDING = "pending"
    PROCESSING = "processing"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    DIGESTED = "digested"


_FATES = frozenset(
    {
        Status.SENT,
        Status.DELIVERED,
        Status.FAILED,
        Status.CANCELLED,
        Status.EXPIRED,
        Status.SUPPRESSED,
        Status.DIGESTED,
    }
)

MOVES: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        # what waits may be given another time
        Status.SCHEDULED: _FATES | {Status.SCHEDULED},
        Status.PENDING: _FATES | {Status.SCHEDULED},
        Status.SENT: frozenset({Status.DELIVERED, Status.READ, Status.FAILED}),
        Status.DELIVERED: frozenset({Status.READ}),
        Status.READ: frozenset(),
        # a dead letter is replayed by a person; a late receipt may show that it did arrive
        Status.FAILED: frozenset({Status.PENDING, Status.DELIVERED}),
        Status.CANCELLED: frozenset(),
        Status.EXPIRED: frozenset(),
        Status.SUPPRESSED: frozenset(),
        # collected, but when its window closed it was late or not wanted any more; or it is let go, to be sent singly
        Status.DIGESTED: frozenset({Status.EXPIRED, Status.SUPPRESSED, Status.CANCELLED, Status.PENDING}),
    }
)

WAITING = frozenset({Status.SCHEDULED, Status.PENDING})
ENDS = frozenset(status for status, onward in MOVES.items() if not onward) | {Status.FAILED, Status.DIGESTED}


def may_move(present: Status, to: Status) -> bool:
    """Whether the table allows the move."""
    return to in MOVES.get(present, frozenset())


def as_mermaid() -> str:
    """The transition table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> scheduled", "    [*] --> pending", "    [*] --> suppressed"]
    for present, onward in MOVES.items():
        lines += [f"    {present} --> {to}" for to in Status if to in onward]
        if not onward:
            lines.append(f"    {present} --> [*]")
    return "\n".join(lines)
