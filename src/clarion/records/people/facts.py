"""What the flows need to know of recipients, loaded in bulk: one query for any number of people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.records import clock, hot
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring
from clarion.records.personal.sealed import opened_or
from clarion.records.preferences import slots, stored
from clarion.records.preferences.rules import Listed, Wishes
from clarion.records.suppression import standing


class PersonFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient. `reachable` names the channels that have an address."""

    id: UUID
    active: bool
    locale: str
    timezone: str
    attributes: dict[str, Any]
    preferred_channels: tuple[str, ...]
    email_sealed: bytes | None
    phone_sealed: bytes | None
    names_sealed: bytes | None
    reachable: frozenset[ChannelKey]
    wishes: Mapping[int, Wishes]

    def wishes_for(self, category_id: int) -> Wishes:
        """The wishes for one category; the general ones (key 0) where nothing was set for it."""
        return self.wishes.get(category_id) or self.wishes[0]

    def __repr__(self) -> str:
        return f"PersonFacts({self.id})"


_FACTS = f"""
SELECT u.id, u.is_active, u.locale, u.timezone, u.attributes, u.preferred_channels,
       u.email_sealed, u.phone_sealed, u.names_sealed,
       g.notifications_enabled, g.marketing_enabled, g.channels::text,
       EXISTS (SELECT 1 FROM people_device d WHERE d.user_id = u.id AND d.active),
       ARRAY(SELECT e.channel FROM people_endpoint e
             WHERE e.user_id = u.id AND e.active AND NOT e.application),
       (SELECT jsonb_object_agg(c.category_id, jsonb_build_array(c.enabled, c.channels, c.digest))::text
        FROM preferences_category c WHERE c.user_id = u.id AND c.category_id = ANY(%s)),
       {standing.OF_USER}::text,
       g.quiet_hours::text, g.digest::text, g.consents::text, g.templates::text, g.max_per_day,
       {slots.OF_USER}
FROM people_user u LEFT JOIN preferences_global g ON g.user_id = u.id
"""
_LOAD = f"{_FACTS} WHERE u.id = ANY(%s::uuid[])"
# a list counts as ten in a plan made for any list, so PostgreSQL would plan anew for each list of one, which takes
# longer than reading the row
_LOAD_ONE = f"{_FACTS} WHERE u.id = %s"


def load(user_ids: Collection[UUID], category_ids: Collection[int]) -> dict[UUID, PersonFacts]:
    """Facts of these users with their wishes for these categories; unknown ids are absent."""
    categories = list(category_ids)
    now = clock.now()
    values = [categories, slots.are_counted(categories), slots.first_day(now)]
    if len(user_ids) == 1:
        rows = hot.fetch(_LOAD_ONE, [*values, *user_ids])
    else:
        rows = hot.fetch(_LOAD, [*values, hot.uuids(user_ids)])
    found = {row[0]: _person(row, now) for row in rows}
    return found if len(ring().by_id) == 1 else _under_every_key(found)


def _under_every_key(people: dict[UUID, PersonFacts]) -> dict[UUID, PersonFacts]:
    """While keys are being changed, the stored hashes of a person and of an entry of the suppression list may be under
    different ones: look under all of them."""
    keys = ring()
    of_person = {}
    for person in people.values():
        email, phone = opened_or(partial(email_of, person), ""), opened_or(partial(phone_of, person), "")
        of_person[person.id] = [*keys.lookup_hashes("email", email), *keys.lookup_hashes("phone", phone)]
    found = standing.by_hash([digest for digests in of_person.values() for digest in digests])
    if not found:
        return people
    return {
        key: msgspec.structs.replace(
            person, wishes=_with_listed(person.wishes, [e for d in of_person[key] for e in found.get(d, ())])
        )
        for key, person in people.items()
    }


def _with_listed(wishes: Mapping[int, Wishes], listed: Sequence[Listed]) -> dict[int, Wishes]:
    return {key: replace(each, listed=(*each.listed, *listed)) for key, each in wishes.items()}


def _person(row: Sequence[Any], now: datetime) -> PersonFacts:
    return PersonFacts(
        id=row[0],
        active=row[1],
        locale=row[2],
        timezone=row[3],
        attributes=_json(row[4]) or {},
        preferred_channels=tuple(row[5]),
        email_sealed=row[6],
        phone_sealed=row[7],
        names_sealed=row[8],
        reachable=_reachable(
            row[6] is not None, row[7] is not None, bool(row[12]), "webhook" in row[13], "chat" in row[13]
        ),
        wishes=_wishes(row, now),
    )


def _json(value: Any) -> Any:
    if isinstance(value, str | bytes):
        return msgspec.json.decode(value)  # Django's connections hand jsonb over as text
    return value


@lru_cache(maxsize=32)
def _reachable(email: bool, phone: bool, device: bool, webhook: bool, chat: bool) -> frozenset[ChannelKey]:
    has = {
        ChannelKey.EMAIL: email,
        ChannelKey.SMS: phone,
        ChannelKey.PUSH: device,
        ChannelKey.WEBHOOK: webhook,
        ChannelKey.CHAT: chat,
        ChannelKey.IN_APP: True,
        ChannelKey.WEBSOCKET: True,
    }
    return frozenset(key for key, there in has.items() if there)


def _wishes(row: Sequence[Any], now: datetime) -> Mapping[int, Wishes]:
    """People who set the same have the very same wishes, so what is asked of them need be asked only once."""
    listed = _listed(row[15]) if row[15] else ()
    set_ = (row[9], row[10], row[11], row[14], listed, row[3], *row[16:21])
    found = stored.wishes(*set_)
    return stored.with_used(found, slots.read(_json(row[21]), row[3], now)) if row[21] else found


@lru_cache(maxsize=4_096)
def _listed(column: str) -> tuple[Listed, ...]:
    return standing.read(msgspec.json.decode(column))


def email_of(person: PersonFacts) -> str:
    """The email address in the clear, or empty."""
    return _open(person.email_sealed, person.id, "email_sealed")


def phone_of(person: PersonFacts) -> str:
    """The phone number in the clear, or empty."""
    return _open(person.phone_sealed, person.id, "phone_sealed")


def names_of(person: PersonFacts) -> dict[str, str]:
    """`first_name` and `last_name`, as far as they are known."""
    text = _open(person.names_sealed, person.id, "names_sealed")
    return msgspec.json.decode(text, type=dict[str, str]) if text else {}


def _open(sealed: bytes | None, row: UUID, column: str) -> str:
    if sealed is None:
        return ""
    return ring().open(bytes(sealed), place_of("people_user", row, column)).decode()
