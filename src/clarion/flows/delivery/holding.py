"""What is held by its recipient's quiet hours: when it leaves, and the fate of what must wait before it is sent.

All of a zone's quiet hours end at the same moment, so what they held leaves spread over SPREAD: each priority in a part
of its own, and within it each person at a moment of their own, which depends on who they are alone. So more urgent
things leave first, one person's come together and in order, and no instant has all the load.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zlib import crc32

from clarion.flows.delivery.work import Fate, Work
from clarion.records.ledger.rows import DecisionRow
from clarion.records.preferences.rules import LOW, MEDIUM, Verdict

SPREAD = timedelta(minutes=5)
"""What quiet hours held is due within this time after their end."""
# priority: from when to when after the end, in seconds; what is more urgent leaves at the end, where it is held at all
PARTS: Mapping[int, tuple[int, int]] = {MEDIUM: (0, 120), LOW: (120, 300)}


def leaves_at(until: datetime, priority: int, user_id: UUID, expires_at: datetime | None = None) -> datetime:
    """When something held until `until` is due: in its part of SPREAD, but at once where it would expire meanwhile; at
    its expiry, when that comes before the end."""
    begin, end = PARTS.get(priority, (0, 0))
    own = begin + (end - begin) * crc32(user_id.bytes) / 2**32
    due = until + timedelta(seconds=own)
    if expires_at is None or due < expires_at:
        return due
    return min(until, expires_at)


def held_back(work: Work, verdict: Verdict, now: datetime) -> Fate:
    """The fate of work that its recipient's quiet hours hold, by a HOLD verdict: it goes back to the queue, which
    counts as no attempt."""
    assert verdict.until is not None
    due = leaves_at(verdict.until, work.priority, work.user_id, work.expires_at)
    decision = DecisionRow(
        notification_id=work.id,
        at=now,
        stage="gate",
        rule=verdict.rule,
        outcome=verdict.outcome,
        reason=verdict.reason or "",
        until=due,
        detail=verdict.detail,
    )
    after = max(due - now, timedelta(0))
    return Fate(work=work, to=None, reason=verdict.reason, after=after, untried=True, decisions=(decision,))
