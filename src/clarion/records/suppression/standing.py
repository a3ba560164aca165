"""What stands against addresses now, for the gate: read in bulk, beside everything else about a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from clarion.contract.reasons import Reason
from clarion.records import hot
from clarion.records.preferences.rules import Listed

_OF_USER = """FROM suppression_entry s
        WHERE s.address_hash IN (u.email_hash, u.phone_hash) AND s.lifted_at IS NULL
          AND (s.expires_at IS NULL OR s.expires_at > statement_timestamp())"""
# A column for a query over people_user AS u: NULL for nearly everybody, at the cost of two look-ups in a small index;
# to aggregate no rows at all would cost more than those.
OF_USER = f"""(CASE WHEN EXISTS (SELECT 1 {_OF_USER}) THEN
       (SELECT jsonb_agg(jsonb_build_array(s.channel, s.reason, s.expires_at) ORDER BY s.id) {_OF_USER}) END)"""
_BY_HASH = """
SELECT address_hash, channel, reason, expires_at FROM suppression_entry
WHERE address_hash = ANY(%s) AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())
"""


def read(column: list[list[Any]] | None) -> tuple[Listed, ...]:
    """What `OF_USER` brought."""
    if not column:
        return ()
    return tuple(
        Listed(channel=channel, reason=Reason(reason), until=datetime.fromisoformat(until) if until else None)
        for channel, reason, until in column
    )


def by_hash(digests: Sequence[bytes]) -> dict[bytes, tuple[Listed, ...]]:
    """The entries of these hashes; hashes with none are absent."""
    if not digests:
        return {}
    found: dict[bytes, tuple[Listed, ...]] = {}
    for digest, channel, reason, until in hot.fetch(_BY_HASH, [list(digests)]):
        entry = Listed(channel=channel, reason=Reason(reason), until=until)
        found[bytes(digest)] = (*found.get(bytes(digest), ()), entry)
    return found
