"""How long the suppression list is, in figures for operators. Counted over the whole list: ask seldom."""

from clarion.records import hot

_STANDING = """
SELECT channel, reason, count(*) FROM suppression_entry
WHERE lifted_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())
GROUP BY channel, reason ORDER BY channel, reason
"""


def standing() -> dict[tuple[str, str], int]:
    """Entries that stand now, by channel and reason; both are closed sets, so the rows are few."""
    return {(channel, reason): count for channel, reason, count in hot.fetch(_STANDING, {})}
