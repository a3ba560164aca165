"""The brand as templates see it (`brand.*`): what staff set, remembered by each process for seconds."""

import time
from dataclasses import replace
from threading import Lock

from django.conf import settings

from clarion.records.brand.colors import DEFAULT
from clarion.records.brand.values import Brand, SocialLink

REMEMBER_SECONDS = 5.0

__all__ = ["Brand", "SocialLink", "current", "forget"]


class _Remembered:
    def __init__(self) -> None:
        self._lock = Lock()
        self._brand: Brand | None = None
        self._read_at = 0.0

    def current(self) -> Brand:
        with self._lock:
            if self._brand is not None and time.monotonic() - self._read_at < REMEMBER_SECONDS:
                return self._brand
        brand = _read()
        with self._lock:
            self._brand, self._read_at = brand, time.monotonic()
        return brand

    def forget(self) -> None:
        with self._lock:
            self._brand = None


def _read() -> Brand:
    # here, not above: who checks templates without a database (clarion lint) needs the value alone
    from clarion.records.brand import store

    stored = store.read()
    return replace(stored, name=stored.name or settings.APP_NAME, color=stored.color or DEFAULT)


_remembered = _Remembered()


def current() -> Brand:
    """The brand, at most REMEMBER_SECONDS old; its name and colour are never empty."""
    return _remembered.current()


def forget() -> None:
    """Read it anew at the next look; for whoever has just changed it."""
    _remembered.forget()
