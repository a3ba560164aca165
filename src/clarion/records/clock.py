"""The injected clock. Doors take `now` from here and hand it down; nothing below reads the time by itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_source: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - replaced as a whole by tests


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _source()


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Hold the clock still; for tests and dry runs of other days."""
    global _source  # noqa: PLW0603 - the one place where the clock is replaced
    before, _source = _source, lambda: moment
    try:
        yield
    finally:
        _source = before
