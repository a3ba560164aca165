"""What a template sees: plain data about the recipient and the deployment, and the caller's own variables."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings

from clarion.records.people.facts import PersonFacts, email_of, names_of
from clarion.records.templating.engine.plain import PlainContext

GREETINGS = ((5, "Good night"), (12, "Good morning"), (18, "Good afternoon"), (24, "Good evening"))


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    """All zones there are; ZoneInfo itself remembers eight and reads the others from disk each time."""
    return ZoneInfo(name)


_CHEAP = frozenset({"user.id", "user.locale", "user.timezone", "user.attributes"})
_NAMES = frozenset({"user.first_name", "user.last_name", "user.full_name"})
_EMAIL = "user.email"
PERSONAL = frozenset({"user", "current_time", "greeting"})


def is_personal(names: Collection[str]) -> bool:
    """Whether a content that reads these names can differ between two people of one locale and zone."""
    return any(name.partition(".")[0] in PERSONAL for name in names)


def standard_context(person: PersonFacts, now: datetime, names: Collection[str] = PERSONAL) -> dict[str, object]:
    """The variables every template may use: user, app_name, app_url, now, current_time, greeting, locale, timezone.
    Of those that cost something, only what `names` mentions (CompiledContent.names)."""
    found: dict[str, object] = {
        "app_name": settings.APP_NAME,
        "app_url": settings.PUBLIC_URL,
        "now": now,
        "locale": person.locale,
        "timezone": person.timezone,
    }
    roots = {name.partition(".")[0] for name in names}
    if "user" in roots:
        found["user"] = _user(person, names)
    if not roots.isdisjoint(("current_time", "greeting")):
        local = now.astimezone(_zone(person.timezone))
        found["current_time"] = local
        found["greeting"] = next(words for hour, words in GREETINGS if local.hour < hour)
    return found


def _user(person: PersonFacts, names: Collection[str]) -> dict[str, object]:
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
        first, last = known.get("first_name", ""), known.get("last_name", "")
        user |= {"first_name": first, "last_name": last, "full_name": f"{first} {last}".strip()}
    if whole or _EMAIL in sealed:
        user["email"] = email_of(person)
    return user


def merged(standard: Mapping[str, object], own: Mapping[str, object]) -> PlainContext:
    """The caller's variables beside the standard ones; a `user` of the caller's adds to ours and hides nothing.

    Both come from JSON that was checked when it was taken in, or are made here: plain data, not checked again.
    """
    context = PlainContext({**standard, **own})
    user, given = standard.get("user"), own.get("user")
    if user is not None:
        context["user"] = {**given, **user} if isinstance(given, Mapping) and isinstance(user, Mapping) else user
    return context
