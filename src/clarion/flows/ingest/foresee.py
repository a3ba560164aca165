"""A dry run: what a send would come to, by the very steps that a send takes, and nothing stored."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest import repeats
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.flow import weigh
from clarion.flows.ingest.gate import asked_of
from clarion.flows.ingest.rows import row_of
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import Verdict
from clarion.records.preferences.tracing import Rung, trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One channel of the send: the state it would begin in, the verdict, when it would be due, and every rule of the
    gate with what it looked at."""

    channel: ChannelKey
    status: Status
    verdict: Verdict
    priority: int
    category_id: int
    due_at: datetime | None
    first: UUID | None
    rungs: list[Rung]


def foresee(asked: Send, now: datetime) -> list[Foreseen]:
    """What `flow.send` would do now. Raises the InputError that it would raise."""
    weighed = weigh(asked, now)
    asked, subject, verdicts = weighed.asked, weighed.subject, weighed.verdicts
    wishes = weighed.person.wishes_for(subject.category.id)
    firsts = repeats.first_sent(asked, subject, [key for key, _ in verdicts], now)
    found = []
    for key, own in verdicts:
        verdict = repeats.held_back(own, firsts.get(key))
        row = row_of(asked, subject, key, verdict, now)
        repeated = firsts.get(key) if verdict is not own else None
        found.append(
            Foreseen(
                channel=key,
                status=row.status,
                verdict=verdict,
                priority=row.priority,
                category_id=row.category_id,
                due_at=verdict.digest.closes_at if verdict.digest is not None else row.due_at,
                first=repeated,
                rungs=trace(wishes, asked_of(asked, subject, key), now),
            )
        )
    return found
