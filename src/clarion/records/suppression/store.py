"""Putting addresses on the list and lifting them. Belongs in the transaction of whoever knows why.

A report of something that happened before an entry was lifted does not bring it back: callbacks come late, are
repeated, and are replayed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from clarion.contract.reasons import Reason
from clarion.records import hot
from clarion.records.ids import new_id
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring
from clarion.records.suppression.addresses import Address
from clarion.records.suppression.models import Entry

REASONS = (
    Reason.HARD_BOUNCED,
    Reason.SOFT_BOUNCED,
    Reason.COMPLAINED,
    Reason.UNSUBSCRIBED,
    Reason.STOPPED,
    Reason.BLOCKED,
)
_KNOWN = """
SELECT address_hash, reason, lifted_at FROM suppression_entry
WHERE address_hash = ANY(%(hashes)s) AND (lifted_at IS NULL OR lifted_at >= %(earliest)s)
"""
_ADD = """
INSERT INTO suppression_entry (id, channel, kind, address_sealed, address_hash, reason, source, detail, since,
    expires_at, lifted_at, lifted_by, lift_why)
SELECT *, NULL::timestamptz, '', '' FROM unnest(%(ids)s::uuid[], %(channels)s::text[], %(kinds)s::text[],
    %(sealed)s::bytea[], %(hashes)s::bytea[], %(reasons)s::text[], %(sources)s::text[], %(details)s::text[],
    %(since)s::timestamptz[], %(until)s::timestamptz[])
ON CONFLICT (address_hash, reason) WHERE lifted_at IS NULL DO NOTHING
RETURNING id
"""
_PROLONG = """
UPDATE suppression_entry AS s SET expires_at = later.until
FROM unnest(%(hashes)s::bytea[], %(reasons)s::text[], %(until)s::timestamptz[]) AS later(hash, reason, until)
WHERE s.address_hash = later.hash AND s.reason = later.reason AND s.lifted_at IS NULL
  AND s.expires_at IS NOT NULL AND (later.until IS NULL OR s.expires_at < later.until)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An address to put on the list. `at` is when what speaks against it happened; `until` None: for good."""

    address: Address
    reason: Reason
    source: str
    at: datetime
    until: datetime | None = None
    detail: str = ""


def suppress(listings: Iterable[Listing]) -> int:
    """Put these on the list; returns how many were not on it for their reason. One that stands for a time is prolonged.
    Three queries for any number, none for none."""
    wanted = _newest(listings)
    if not wanted:
        return 0
    standing, lifted = _known(wanted)
    new = [each for each in wanted if not _among(each, standing) and not _lifted_since(each, lifted)]
    old = [each for each in wanted if _among(each, standing)]
    if old:
        _prolong(old)
    return len(_add(new)) if new else 0


def _newest(listings: Iterable[Listing]) -> list[Listing]:
    """One for each address and reason, in the order of their hashes, so that two who list the same ones never wait for
    each other in a circle."""
    found: dict[tuple[bytes, Reason], Listing] = {}
    for each in sorted(listings, key=lambda one: one.at):
        found[each.address.hash, each.reason] = each
    return [found[key] for key in sorted(found)]


Standing = set[tuple[bytes, str]]
Lifted = dict[tuple[bytes, str], datetime]


def _known(wanted: Sequence[Listing]) -> tuple[Standing, Lifted]:
    hashes = [digest for each in wanted for digest in each.address.hashes]
    standing: Standing = set()
    lifted: Lifted = {}
    for digest, reason, at in hot.fetch(_KNOWN, {"hashes": hashes, "earliest": min(each.at for each in wanted)}):
        key = (bytes(digest), reason)
        if at is None:
            standing.add(key)
        else:
            lifted[key] = max(at, lifted.get(key, at))
    return standing, lifted


def _among(listing: Listing, standing: Standing) -> bool:
    return any((digest, str(listing.reason)) in standing for digest in listing.address.hashes)


def _lifted_since(listing: Listing, lifted: Lifted) -> bool:
    return any(lifted.get((digest, str(listing.reason)), listing.at) > listing.at for digest in listing.address.hashes)


def _add(listings: Sequence[Listing]) -> list[hot.Row]:
    ids = [new_id() for _ in listings]
    return hot.fetch(
        _ADD,
        {
            "ids": ids,
            "channels": [str(each.address.channel) for each in listings],
            "kinds": [each.address.kind for each in listings],
            "sealed": [_sealed(one, each.address) for one, each in zip(ids, listings, strict=True)],
            "hashes": [each.address.hash for each in listings],
            "reasons": [str(each.reason) for each in listings],
            "sources": [each.source for each in listings],
            "details": [each.detail[:500] for each in listings],
            "since": [each.at for each in listings],
            "until": [each.until for each in listings],
        },
    )


def _sealed(identifier: UUID, address: Address) -> bytes:
    return ring().seal(address.value.encode(), place_of("suppression_entry", identifier, "address_sealed"))


def _prolong(listings: Sequence[Listing]) -> None:
    pairs = [(digest, each) for each in listings for digest in each.address.hashes]
    hot.fetch(
        _PROLONG,
        {
            "hashes": [digest for digest, _ in pairs],
            "reasons": [str(each.reason) for _, each in pairs],
            "until": [each.until for _, each in pairs],
        },
    )


def lift(rows: Q, by: str, why: str, now: datetime) -> int:
    """Take entries that stand off the list; they stay as history. Returns how many."""
    standing = Entry.objects.filter(rows, lifted_at=None)
    return standing.update(lifted_at=now, lifted_by=by, lift_why=why[:500])


def lift_address(address: Address, reason: Reason, by: str, why: str, at: datetime) -> None:
    """Lift what stood against an address for a reason before `at`; where nothing stands, keep that it was lifted, for
    the report of an older event may still be on its way."""
    own = Q(address_hash__in=address.hashes, reason=reason)
    if lift(own & Q(since__lte=at), by, why, at) or Entry.objects.filter(own, lifted_at__gte=at).exists():
        return
    if not Entry.objects.filter(own, lifted_at=None).exists():
        row = Entry(
            channel=address.channel, kind=address.kind, address_hash=address.hash, reason=reason, source=by, since=at
        )
        row.address, row.lifted_at, row.lifted_by, row.lift_why = address.value, at, by, why
        row.save()
