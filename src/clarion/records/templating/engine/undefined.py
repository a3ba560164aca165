"""Variables that nobody gave and that show as nothing: noted while a preview is rendered."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from jinja2 import ChainableUndefined

_NOTES: ContextVar[set[str] | None] = ContextVar("noted undefined variables", default=None)


class NotedUndefined(ChainableUndefined):
    """Shows as nothing and says so. A condition may ask for what is not there, and `default` answers for it: these are
    not noted."""

    __slots__ = ()

    def _note(self) -> None:
        notes = _NOTES.get()
        if notes is not None and self._undefined_name is not None:
            notes.add(str(self._undefined_name))

    def __str__(self) -> str:
        self._note()
        return ""

    def __html__(self) -> str:
        return str(self)

    def __iter__(self) -> Iterator[object]:
        self._note()
        return iter(())


@contextmanager
def noting() -> Iterator[set[str]]:
    """The last names (`first_name` of `user.first_name`) of what shows as nothing in this block."""
    notes: set[str] = set()
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)


def shown_as_nothing(paths: Iterable[str], names: set[str]) -> frozenset[str]:
    """Those of the undefined paths (variables.undefined_in) that were noted by name."""
    return frozenset(path for path in paths if not names.isdisjoint(path.replace("[]", "").split(".")))
