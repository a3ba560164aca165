"""Which words a recipient gets: the chain of locales, and content in which each field falls back by itself. Pure."""

from collections.abc import Mapping
from functools import lru_cache

from babel import Locale, UnknownLocaleError

Fields = Mapping[str, str]
DEFAULT = ""


@lru_cache(maxsize=1000)
def chain(locale: str) -> tuple[str, ...]:
    """`pt-BR` → `("pt-BR", "pt", "")`: the locale, its parents, the default. Underlines are taken for hyphens."""
    parts = [part for part in locale.replace("_", "-").split("-") if part]
    return (*("-".join(parts[:length]) for length in range(len(parts), 0, -1)), DEFAULT)


def is_locale(name: str) -> bool:
    """Whether there is such a locale, written `pt-BR` (or `pt_BR`)."""
    try:
        Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return False
    return True


def resolve(locales: Mapping[str, Fields], locale: str) -> Fields | None:
    """One channel's fields for a locale, each from the nearest locale of the chain that has it; None without any.
    A field that is there and empty counts as there: a translation may leave the preheader out on purpose."""
    there = [locales[each] for each in chain(locale) if each in locales]
    if not there:
        return None
    merged: dict[str, str] = {}
    for fields in reversed(there):
        merged.update(fields)
    return merged


def nearest(locales: Mapping[str, object], locale: str) -> str | None:
    """The locale of the chain that content is there for; None without any."""
    return next((each for each in chain(locale) if each in locales), None)
