"""The process's key ring, from the settings."""

from functools import lru_cache

from django.conf import settings

from clarion.records.personal.envelope import KeyRing


@lru_cache(maxsize=4)
def _ring_of(keys: str) -> KeyRing:
    return KeyRing(keys)


def ring() -> KeyRing:
    """The ring in force; raises InvalidKey when the settings hold none (the system check says so at start)."""
    return _ring_of(settings.ENCRYPTION_KEYS)
