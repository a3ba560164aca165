"""Soft bounces decay: one says nothing, several in a row keep an address off for a while, and then it gets its chance
again. Which reports are in does not depend on the order in which they came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clarion.contract.reasons import Reason
from clarion.records import hot
from clarion.records.ids import new_id
from clarion.records.suppression.addresses import Address
from clarion.records.suppression.store import Listing

ENOUGH = 3
WINDOW = timedelta(days=7)
REST = timedelta(days=7)
_NOTE = """
INSERT INTO suppression_strike (id, event_key, address_hash, at)
SELECT * FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[], %s::timestamptz[])
ON CONFLICT (event_key) DO NOTHING
"""
_COUNT = "SELECT address_hash, at FROM suppression_strike WHERE address_hash = ANY(%s) ORDER BY at"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftBounce:
    """A soft bounce as it was reported; `key` is unique for the event."""

    key: bytes
    address: Address
    source: str
    at: datetime


def strike(bounces: Sequence[SoftBounce]) -> list[Listing]:
    """Note these; returns what is to be listed for a while: addresses with ENOUGH within a WINDOW, until REST after the
    last of them. Two queries for any number."""
    if not bounces:
        return []
    ordered = sorted(bounces, key=lambda each: each.key)
    hot.fetch(
        _NOTE,
        [
            [new_id() for _ in ordered],
            [each.key for each in ordered],
            [each.address.hash for each in ordered],
            [each.at for each in ordered],
        ],
    )
    times: dict[bytes, list[datetime]] = {}
    for digest, at in hot.fetch(_COUNT, [[d for each in bounces for d in each.address.hashes]]):
        times.setdefault(bytes(digest), []).append(at)
    found = []
    for each in {one.address.hash: one for one in bounces}.values():
        last = last_in_a_row([at for digest in each.address.hashes for at in times.get(digest, ())])
        if last is not None:
            detail = f"{ENOUGH} soft bounces within {WINDOW.days} days"
            found.append(
                Listing(
                    address=each.address,
                    reason=Reason.SOFT_BOUNCED,
                    source=each.source,
                    at=last,
                    until=last + REST,
                    detail=detail,
                )
            )
    return found


def last_in_a_row(times: Sequence[datetime]) -> datetime | None:
    """The last of the strikes that complete ENOUGH within a WINDOW; None when none does."""
    ordered = sorted(times)
    ends = [end for start, end in zip(ordered, ordered[ENOUGH - 1 :], strict=False) if end - start <= WINDOW]
    return ends[-1] if ends else None


def forget(now: datetime) -> None:
    """Drop strikes that can complete nothing any more."""
    hot.fetch("DELETE FROM suppression_strike WHERE at < %s", [now - 2 * WINDOW])
