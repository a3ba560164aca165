"""What a template sees: plain data about the recipient and the deployment, and the caller's own variables."""

from collections.abc import Mapping
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


def standard_context(person: PersonFacts, now: datetime) -> dict[str, object]:
    """The variables every template may use: user, app_name, app_url, now, current_time, greeting, locale, timezone."""
    names = names_of(person)
    first, last = names.get("first_name", ""), names.get("last_name", "")
    local = now.astimezone(_zone(person.timezone))
    return {
        "user": {
            "id": str(person.id),
            "first_name": first,
            "last_name": last,
            "full_name": f"{first} {last}".strip(),
            "email": email_of(person),
            "locale": person.locale,
            "timezone": person.timezone,
            "attributes": person.attributes,
        },
        "app_name": settings.APP_NAME,
        "app_url": settings.PUBLIC_URL,
        "now": now,
        "current_time": local,
        "greeting": next(words for hour, words in GREETINGS if local.hour < hour),
        "locale": person.locale,
        "timezone": person.timezone,
    }


def merged(standard: Mapping[str, object], own: Mapping[str, object]) -> PlainContext:
    """The caller's variables beside the standard ones; a `user` of the caller's adds to ours and hides nothing.

    Both come from JSON that was checked when it was taken in, or are made here: plain data, not checked again.
    """
    context = PlainContext({**standard, **own})
    user, given = standard["user"], own.get("user")
    context["user"] = {**given, **user} if isinstance(given, Mapping) and isinstance(user, Mapping) else user
    return context
