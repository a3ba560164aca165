"""Counting what is sent and what comes back, without a counter that workers would queue for."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from clarion.contract.channel import ChannelKey
from clarion.records import hot
from clarion.records.reputation.rules import Counts

WATCHED = frozenset({ChannelKey.EMAIL, ChannelKey.SMS})
"""The channels where carriers and mailbox providers judge senders."""
STEP = timedelta(minutes=5)
LONGEST_WINDOW = timedelta(hours=168)
Tallied = Mapping[tuple[str, int], Counts]
"""By account label and category."""
_ADD = """
INSERT INTO reputation_tally (at, account, category_id, sent, bounced, complained)
SELECT %(at)s, * FROM unnest(%(accounts)s::text[], %(categories)s::int[], %(sent)s::int[], %(bounced)s::int[],
    %(complained)s::int[])
"""
# what is being added meanwhile is not seen by the DELETE, and stays for the next time
_COMPACT = """
WITH old AS (DELETE FROM reputation_tally WHERE at < %(before)s RETURNING *)
INSERT INTO reputation_tally (at, account, category_id, sent, bounced, complained)
SELECT date_bin(%(step)s, at, timestamptz 'epoch'), account, category_id, sum(sent), sum(bounced), sum(complained)
FROM old WHERE at >= %(oldest)s GROUP BY 1, 2, 3
"""
_SUMS = """
SELECT t.account, t.category_id, sum(t.sent), sum(t.bounced), sum(t.complained)
FROM reputation_tally AS t
LEFT JOIN reputation_standing AS own ON own.account = t.account AND own.category_id = t.category_id
LEFT JOIN reputation_standing AS whole ON whole.account = t.account AND whole.category_id = 0
WHERE t.at >= greatest(%(since)s, own.counts_from, whole.counts_from)
GROUP BY 1, 2
"""


def add(tallied: Tallied, at: datetime) -> None:
    """Append these; belongs in the transaction of what is counted."""
    rows = [(key, counts) for key, counts in tallied.items() if counts != Counts()]
    if rows:
        hot.fetch(
            _ADD,
            {
                "at": at,
                "accounts": [account for (account, _), _ in rows],
                "categories": [category for (_, category), _ in rows],
                "sent": [counts.sent for _, counts in rows],
                "bounced": [counts.bounced for _, counts in rows],
                "complained": [counts.complained for _, counts in rows],
            },
        )


def compact(now: datetime) -> None:
    """Add up what is older than a STEP, and drop what no window reaches."""
    hot.fetch(_COMPACT, {"before": now - 2 * STEP, "oldest": now - LONGEST_WINDOW, "step": STEP})


def sums(since: datetime) -> dict[tuple[str, int], Counts]:
    """What each category on each account came to since then, or since a person resumed it or the account."""
    found: dict[tuple[str, int], Counts] = {}
    for account, category, sent, bounced, complained in hot.fetch(_SUMS, {"since": since}):
        found[account, category] = Counts(sent=int(sent), bounced=int(bounced), complained=int(complained))
    return found
