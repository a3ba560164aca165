"""Step: load what the claimed entries are about, in bulk. Three queries for any number."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery.closing import told_of
from clarion.flows.delivery.work import Work
from clarion.records import hot
from clarion.records.categories.catalog import CategoryFacts, catalog
from clarion.records.ledger.queue import Claimed
from clarion.records.ledger.status import WAITING
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts
from clarion.records.personal.envelope import Undecryptable, place_of
from clarion.records.personal.ring import ring

_LOAD = """
SELECT n.id, n.user_id, n.channel, n.category_id, n.version_id, n.priority, n.bypass, n.created_at, n.expires_at,
       n.request_id, n.context_sealed, n.scheduled_at, n.template_id,
       EXISTS (SELECT 1 FROM preferences_slot AS s WHERE s.notification_id = n.id)
FROM ledger_notification AS n
WHERE n.id = ANY(%(ids)s::uuid[]) AND n.id BETWEEN %(lowest)s AND %(highest)s AND n.status = ANY(%(waiting)s)
"""
_PAYLOADS = "SELECT id, payload_sealed FROM ledger_request WHERE id = ANY(%s) AND id BETWEEN %s AND %s"
_WAITING = [str(status) for status in WAITING]
Payload = dict[str, Any]


def load(entries: Sequence[Claimed]) -> list[Work]:
    """The work behind the entries. Those no longer waiting (cancelled meanwhile) are absent."""
    by_id = {entry.id: entry for entry in entries}
    rows = _rows(list(by_id))
    payloads = _payloads({row[9] for row in rows})
    told = {category.id for payload in payloads.values() for category in told_of(payload)}
    people = facts.load({row[1] for row in rows}, {row[3] for row in rows} | told)
    return [_work(row, by_id[row[0]], _with_own(row, payloads.get(row[9])), people.get(row[1])) for row in rows]


def _with_own(row: tuple[Any, ...], shared: Payload | None) -> Payload | None:
    """The shared payload with the notification's own context laid over it, where it has one (bulk)."""
    if shared is None or row[10] is None:
        return shared
    try:
        own = msgspec.json.decode(
            ring().open(bytes(row[10]), place_of("ledger_notification", row[0], "context_sealed"))
        )
    except Undecryptable:
        return None
    return {**shared, "context": {**shared["context"], **own}}


def _rows(ids: list[UUID]) -> list[tuple[Any, ...]]:
    bounds = {"lowest": min(ids), "highest": max(ids)}
    return hot.fetch(_LOAD, {"ids": hot.uuids(ids), **bounds, "waiting": _WAITING})


def _payloads(requests: set[UUID]) -> dict[UUID, Payload]:
    """Decoded once for each request, however many notifications share it; one that cannot be opened is absent."""
    if not requests:
        return {}
    rows = hot.fetch(_PAYLOADS, [list(requests), min(requests), max(requests)])
    found: dict[UUID, Payload] = {}
    for identifier, sealed in rows:
        try:
            plain = ring().open(bytes(sealed), place_of("ledger_request", identifier, "payload_sealed"))
        except Undecryptable:
            continue
        found[identifier] = msgspec.json.decode(plain)
    return found


def _work(row: tuple[Any, ...], entry: Claimed, payload: Payload | None, person: PersonFacts | None) -> Work:
    return Work(
        id=row[0],
        attempt=entry.attempts,
        tries=entry.attempts - entry.earlier,
        abandoned=entry.abandoned and not entry.awaits,
        user_id=row[1],
        channel=ChannelKey(row[2]),
        category=_category(row[3]),
        version_id=row[4],
        template_id=str(row[12]) if row[12] else "",
        counted=row[13],
        priority=row[5],
        bypass=row[6],
        created_at=row[7],
        expires_at=row[8],
        scheduled_at=row[11],
        due_at=entry.due_at,
        replayed_at=entry.replayed_at,
        handed_over=entry.handed_over,
        awaits=entry.awaits,
        payload=payload,
        person=person,
    )


def _category(identifier: int) -> CategoryFacts:
    found = catalog.find(identifier)
    if found is not None:
        return found
    # the row cannot be deleted while in use; without it the strictest reading applies
    return CategoryFacts(
        id=identifier, key="", marketing=True, essential=False, default_priority=3, default_channels=()
    )
