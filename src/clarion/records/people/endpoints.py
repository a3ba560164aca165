"""Endpoints as delivery sees them: who wants which event, what signs, and how well they are.

Health is written in bulk, and only where it changes: a healthy endpoint costs no write.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.egress.signing import new_secret
from clarion.records import hot
from clarion.records.people.models import Endpoint

MOST_FILTERS = 50
FAILING_FOR = timedelta(days=5)
FAILING_ROUNDS = 10
GONE = "gone"
FAILING = "failing"
_FILTER = re.compile(r"\*|[A-Za-z0-9_]+(?:[.\-:][A-Za-z0-9_]+)*(?:\.\*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFacts:
    """One active endpoint. `secrets` sign, newest first; `events` none: all."""

    id: UUID
    application: bool
    target: str = field(repr=False)
    secrets: str = field(repr=False)
    events: tuple[str, ...] = ()

    def wants(self, event: str) -> bool:
        return not self.events or any(matches(pattern, event) for pattern in self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disabled:
    """An endpoint that was just taken out of use, and why (`gone`, `failing`)."""

    id: UUID
    user_id: UUID
    channel: ChannelKey
    label: str
    why: str


def matches(pattern: str, event: str) -> bool:
    """`order.shipped` itself, `order.*` for all below `order`, `*` for all."""
    if pattern.endswith("*"):
        return event.startswith(pattern[:-1])
    return pattern == event


def checked_events(events: Sequence[str], pointer: str) -> list[str]:
    """The filters, each once; raises InputError."""
    for place, pattern in enumerate(events):
        if len(pattern) > 128 or not _FILTER.fullmatch(pattern):
            message = "an event is a dotted name (order.shipped), the beginning of some (order.*), or * for all"
            raise InputError("invalid_event_filter", message, pointer=f"{pointer}/{place}")
    return list(dict.fromkeys(events))


def secrets_of(row: Endpoint, now: datetime) -> str:
    """What signs now, parted by a blank: the secret, and the one before while their times overlap."""
    if not row.secret:
        return ""
    overlaps = row.old_secret_sealed is not None and row.old_secret_until is not None and row.old_secret_until > now
    return f"{row.secret} {row.old_secret}" if overlaps else str(row.secret)


def rotate(row: Endpoint, overlap: timedelta, now: datetime) -> None:
    """Give the endpoint a new secret; the present one goes on signing beside it for `overlap`. Saves."""
    row.old_secret = row.secret if overlap else None
    row.old_secret_until = now + overlap if overlap else None
    row.secret = new_secret()
    row.save(update_fields=["secret_sealed", "old_secret_sealed", "old_secret_until"])


def enable(row: Endpoint) -> None:
    """Put an endpoint back into use, with a clean record. Saves."""
    row.active, row.failing_since, row.failures, row.disabled_at, row.disabled_for = True, None, 0, None, ""
    row.save(update_fields=["active", "failing_since", "failures", "disabled_at", "disabled_for"])


def active_of(users: Collection[UUID], channel: ChannelKey, now: datetime) -> Mapping[UUID, Sequence[EndpointFacts]]:
    """The endpoints in use of these people, oldest first; one query."""
    found: dict[UUID, list[EndpointFacts]] = {}
    for row in Endpoint.objects.filter(user_id__in=users, channel=channel, active=True).order_by("id"):
        facts = EndpointFacts(
            id=row.id,
            application=row.application,
            target=str(row.target),
            secrets=secrets_of(row, now),
            events=tuple(row.events),
        )
        found.setdefault(row.user_id, []).append(facts)
    return found


_WELL = """
UPDATE people_endpoint SET failing_since = NULL, failures = 0 WHERE id IN (
    SELECT id FROM people_endpoint WHERE id = ANY(%s) AND failing_since IS NOT NULL ORDER BY id FOR UPDATE)
"""
_ILL = """
UPDATE people_endpoint SET failures = failures + 1, failing_since = coalesce(failing_since, %(at)s) WHERE id IN (
    SELECT id FROM people_endpoint WHERE id = ANY(%(ill)s) AND active ORDER BY id FOR UPDATE)
"""
_DISABLE = """
UPDATE people_endpoint SET active = false, disabled_at = %(at)s,
    disabled_for = CASE WHEN id = ANY(%(gone)s) THEN %(gone_word)s ELSE %(failing_word)s END
WHERE active AND id = ANY(%(ill)s)
  AND (id = ANY(%(gone)s) OR (failing_since <= %(since)s AND failures >= %(rounds)s))
RETURNING id, user_id, channel, label, disabled_for
"""


def note_health(well: Collection[UUID], ill: Collection[UUID], gone: Collection[UUID], at: datetime) -> list[Disabled]:
    """Write down how a round of calls went: who took something, who did not, who is gone for good (`ill` as well).
    Takes out of use who is gone, and who took nothing for FAILING_FOR. Returns these, each once."""
    if well:
        hot.fetch(_WELL, [sorted(well)])
    if not ill:
        return []
    values: dict[str, Any] = {
        "at": at,
        "ill": sorted(ill),
        "gone": sorted(gone),
        "gone_word": GONE,
        "failing_word": FAILING,
        "since": at - FAILING_FOR,
        "rounds": FAILING_ROUNDS,
    }
    hot.fetch(_ILL, {"at": at, "ill": values["ill"]})
    return [
        Disabled(id=row[0], user_id=row[1], channel=ChannelKey(row[2]), label=row[3], why=row[4])
        for row in hot.fetch(_DISABLE, values)
    ]
