"""How the queue and the dead letters stand, in figures for operators. One statement, over small tables alone: the wide
ones are never counted here."""

from dataclasses import dataclass

from clarion.contract.channel import ChannelKey
from clarion.records import hot
from clarion.records.ledger.lanes import lanes
from clarion.records.ledger.queue import PRIORITIES

# Oldest due: the first of each lane in the index that claiming uses, so its cost does not grow with the backlog.
_FIGURES = """
SELECT 'size', priority::text, count(*)::float8 FROM ledger_queue GROUP BY priority
UNION ALL
SELECT 'oldest', p.priority::text, max(extract(epoch FROM statement_timestamp() - first.due_at))::float8
FROM unnest(%(lanes)s::text[]) AS l(lane) CROSS JOIN unnest(%(priorities)s::smallint[]) AS p(priority)
CROSS JOIN LATERAL (
    SELECT due_at FROM ledger_queue AS q
    WHERE q.lane = l.lane AND q.priority = p.priority AND q.due_at <= statement_timestamp()
      AND (q.lease_until IS NULL OR q.lease_until < statement_timestamp())
    ORDER BY q.due_at LIMIT 1
) AS first
GROUP BY p.priority
UNION ALL
SELECT 'dead', channel, count(*)::float8 FROM ledger_dead_letter GROUP BY channel
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """By priority number: entries that are not done (due or not), and the age of the oldest due one that no worker
    holds; by channel: dead letters that wait for a person. Every priority and channel is there, 0 where there are
    none."""

    size: dict[int, int]
    oldest_due_seconds: dict[int, float]
    dead_letters: dict[str, int]


def read() -> QueueFigures:
    """The figures of this moment."""
    found: dict[tuple[str, str], float] = {}
    for kind, key, value in hot.fetch(_FIGURES, {"lanes": lanes(), "priorities": list(PRIORITIES)}):
        found[kind, key] = value
    return QueueFigures(
        size={each: int(found.get(("size", str(each)), 0)) for each in PRIORITIES},
        oldest_due_seconds={each: max(0.0, found.get(("oldest", str(each)), 0.0)) for each in PRIORITIES},
        dead_letters={str(each): int(found.get(("dead", str(each)), 0)) for each in ChannelKey},
    )
