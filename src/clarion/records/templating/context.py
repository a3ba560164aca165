"""What a template sees: plain data about the recipient and the deployment, and the caller's own variables."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings

from clarion.channels.email import mask_email
from clarion.contract.channel import ChannelKey
from clarion.records.people.facts import PersonFacts, email_of, names_of
from clarion.records.preferences.links import preferences_url, unsubscribe_url
from clarion.records.templating import brand
from clarion.records.templating.engine.plain import PlainContext
from clarion.records.templating.greetings import greeting
from clarion.records.templating.tone import ToneFacts, tone_of


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody for whom a preview is made: a person who is there, opened, or one who is made up."""

    id: UUID
    first_name: str
    last_name: str
    email: str
    locale: str
    timezone: str
    attributes: dict[str, Any]

    def __repr__(self) -> str:
        return f"Recipient({self.id})"


SAMPLE = Recipient(
    id=UUID(int=0x0199_0000_0000_7000_8000_0000_0000_0001),
    first_name="Ann",
    last_name="Example",
    email="ann@example.com",
    locale="en",
    timezone="UTC",
    attributes={},
)

LINKS = frozenset({"unsubscribe_url", "preferences_url"})
PERSONAL = frozenset({"user", "engagement_tone"}) | LINKS
"""What differs between two people of one locale and zone."""
EVERYTHING = PERSONAL | {"current_time", "greeting", "brand"}
_CHEAP = frozenset({"user.id", "user.locale", "user.timezone", "user.attributes"})
_NAMES = frozenset({"user.first_name", "user.last_name", "user.full_name"})
_EMAIL = "user.email"


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    """All zones there are; ZoneInfo itself remembers eight and reads the others from disk each time."""
    return ZoneInfo(name)


def is_personal(names: Collection[str]) -> bool:
    """Whether a content that reads these names can differ between two people of one locale and zone."""
    return any(name.partition(".")[0] in PERSONAL for name in names)


def standard_context(
    person: PersonFacts, key: ChannelKey, category_id: int, now: datetime, names: Collection[str] = EVERYTHING
) -> dict[str, object]:
    """The variables every template may use (docs/reference/template-language.md). Of those that cost something, only
    what `names` mentions (CompiledContent.names). `category_id` is what `unsubscribe_url` unsubscribes from."""
    roots = {name.partition(".")[0] for name in names}
    found = _surroundings(person, now, roots)
    if "user" in roots:
        found["user"] = _user(person, key, names)
    if "unsubscribe_url" in roots:
        found["unsubscribe_url"] = unsubscribe_url(person.id, category_id, key, now)
    if "preferences_url" in roots:
        found["preferences_url"] = preferences_url(person.id, now)
    return found


def preview_context(recipient: Recipient, key: ChannelKey, now: datetime) -> dict[str, object]:
    """All the standard variables, for somebody who need not exist; the links of a preview do nothing."""
    found = _surroundings(recipient, now, EVERYTHING)
    found["unsubscribe_url"] = f"{settings.PUBLIC_URL}/unsubscribe/?token=preview"
    found["preferences_url"] = f"{settings.PUBLIC_URL}/preferences/?token=preview"
    user = {
        "id": str(recipient.id),
        "locale": recipient.locale,
        "timezone": recipient.timezone,
        "attributes": recipient.attributes,
    }
    found["user"] = user | _named(recipient.first_name, recipient.last_name) | {"email": _shown(recipient.email, key)}
    return found


def recipient_of(person: PersonFacts) -> Recipient:
    """The person, opened."""
    known = names_of(person)
    return Recipient(
        id=person.id,
        first_name=known.get("first_name", ""),
        last_name=known.get("last_name", ""),
        email=email_of(person),
        locale=person.locale,
        timezone=person.timezone,
        attributes=person.attributes,
    )


def _surroundings(person: PersonFacts | Recipient, now: datetime, roots: Collection[str]) -> dict[str, object]:
    found: dict[str, object] = {
        "app_name": settings.APP_NAME,
        "app_url": settings.PUBLIC_URL,
        "now": now,
        "locale": person.locale,
        "timezone": person.timezone,
    }
    if "current_time" in roots or "greeting" in roots:
        local = now.astimezone(_zone(person.timezone))
        found["current_time"] = local
        found["greeting"] = greeting(person.locale, local.hour)
    if "brand" in roots:
        found["brand"] = brand.current().as_context()
    if "engagement_tone" in roots:
        found["engagement_tone"] = tone_of(
            ToneFacts(
                user_id=person.id,
                locale=person.locale,
                timezone=person.timezone,
                attributes=person.attributes,
                now=now,
            )
        )
    return found


def _user(person: PersonFacts, key: ChannelKey, names: Collection[str]) -> dict[str, object]:
    user: dict[str, object] = {
        "id": str(person.id),
        "locale": person.locale,
        "timezone": person.timezone,
        "attributes": person.attributes,
    }
    sealed = {name for name in names if name.partition(".")[0] == "user"} - _CHEAP
    whole = bool(sealed - _NAMES - {_EMAIL})  # as a whole, or by a key or a method that is not known here
    if whole or sealed & _NAMES:
        known = names_of(person)
        user |= _named(known.get("first_name", ""), known.get("last_name", ""))
    if whole or _EMAIL in sealed:
        user["email"] = _shown(email_of(person), key)
    return user


def _named(first: str, last: str) -> dict[str, object]:
    return {"first_name": first, "last_name": last, "full_name": f"{first} {last}".strip()}


def _shown(email: str, key: ChannelKey) -> str:
    """The address in full only in a mail to it: a text lies open on a lock screen, a chat is read by others."""
    return email if key is ChannelKey.EMAIL or not email else mask_email(email)


def merged(standard: Mapping[str, object], own: Mapping[str, object]) -> PlainContext:
    """The caller's variables beside the standard ones; a `user` of the caller's adds to ours and hides nothing, and the
    person's own links are never the caller's.

    Both come from JSON that was checked when it was taken in, or are made here: plain data, not checked again.
    """
    context = PlainContext({**standard, **own, **{name: standard[name] for name in LINKS if name in standard}})
    user, given = standard.get("user"), own.get("user")
    if user is not None:
        context["user"] = {**given, **user} if isinstance(given, Mapping) and isinstance(user, Mapping) else user
    return context
