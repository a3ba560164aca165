"""Which template answers to a path: remembered by each process, and only what changed is read again.

A change made elsewhere is seen within REMEMBER_SECONDS; a path that is not known is looked for at once, so a new
template works immediately. Only what is published is known here. What a version says is in contents.py.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Case, QuerySet, Value, When

from clarion.contract.channel import ChannelKey
from clarion.records.categories.chain import ChainRule, chain_of
from clarion.records.templating.contents import Contents, contents, pick
from clarion.records.templating.engine.trie import PathTrie
from clarion.records.templating.models import Template

__all__ = ["Contents", "TemplateFacts", "catalog", "contents", "pick"]

REMEMBER_SECONDS = 2.0
CHANGED_MOST = 5_000
"""Beyond so many changes at once, everything is read anew."""
_COLUMNS = (
    "id", "path", "current_version_id", "category_id", "channels", "required_variables", "default_priority",
    "active", "fallback",
)  # fmt: skip

_NOW = "SELECT pg_current_snapshot()::text"
_CHANGED = """
SELECT template_id, path, xid = pg_current_xact_id_if_assigned()::text::bigint FROM templating_change
WHERE xid >= pg_snapshot_xmin(%(mark)s::pg_snapshot)::text::bigint AND (
    xid = pg_current_xact_id_if_assigned()::text::bigint
    OR NOT pg_visible_in_snapshot(xid::text::xid8, %(mark)s::pg_snapshot)
       AND xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
) OR template_id = ANY(%(doubtful)s)
"""
"""What was committed since the snapshot `mark`, exactly: also by transactions that were running then. Numbers of the
future come from a restored dump and mean nothing here. Our own transaction's changes are always read again."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFacts:
    """What ingest needs of a template."""

    id: UUID
    path: str
    version_id: UUID
    category_id: int
    channels: frozenset[ChannelKey]
    required: tuple[str, ...]
    default_priority: int
    active: bool
    fallback: ChainRule | None = None
    has_schema: bool = False


class Catalog:
    """All published templates by path. `find` takes microseconds; the database is asked every two seconds at most, but
    for paths nobody knows."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._trie: PathTrie[TemplateFacts] = PathTrie()
        self._mark: str | None = None
        self._doubtful: dict[UUID, str] = {}
        self._checked_at = float("-inf")
        self.rows_read = 0
        """Templates read from the database so far."""

    def __len__(self) -> int:
        return len(self._trie)

    def find(self, path: str) -> TemplateFacts | None:
        """The most specific template for a path, active or not; None when none matches."""
        if time.monotonic() - self._checked_at > REMEMBER_SECONDS:
            self._look()
        found = self._trie.find(path)
        if found is None:
            self.refresh()
            found = self._trie.find(path)
        return found

    def refresh(self) -> None:
        """See what changed since the last look; everything at the first."""
        with self._lock:
            self._read()

    def _look(self) -> None:
        """As refresh, but where another thread is at it, what is known is good enough."""
        if self._lock.acquire(blocking=self._mark is None):
            try:
                self._read()
            finally:
                self._lock.release()

    def _read(self) -> None:
        if self._mark is None:
            self._read_all()
        else:
            self._read_changed(self._mark)
        self._checked_at = time.monotonic()

    def _read_all(self) -> None:
        mark = _snapshot()  # first: what is committed meanwhile is read twice rather than never
        trie: PathTrie[TemplateFacts] = PathTrie()
        shared = _Shared()
        for row in _rows(Template.objects.all()).iterator(chunk_size=2000):
            trie.insert(row[1], _facts(row, shared))
        self._trie, self._mark, self._doubtful = trie, mark, {}
        self.rows_read += len(trie)

    def _read_changed(self, mark: str) -> None:
        now = _snapshot()
        with connection.cursor() as cursor:
            cursor.execute(_CHANGED, {"mark": mark, "doubtful": list(self._doubtful)})
            changed = {template_id: (path, ours) for template_id, path, ours in cursor.fetchall()}
        if len(changed) > CHANGED_MOST:
            self._read_all()
            return
        rows = {row[0]: row for row in _rows(Template.objects.filter(pk__in=list(changed)))} if changed else {}
        # what our own transaction changed may yet be undone: it is looked at again
        doubtful = {template_id: path for template_id, (path, ours) in changed.items() if ours}
        # first all that is gone: its path may be another's now
        for template_id, path in self._doubtful.items() | {(each, path) for each, (path, _) in changed.items()}:
            if template_id not in rows or rows[template_id][1] != path:
                self._trie.remove(path)
        for row in rows.values():
            self._trie.insert(row[1], _facts(row, _Shared()))
        self._mark, self._doubtful = now, doubtful
        self.rows_read += len(rows)


def _snapshot() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        return str(cursor.fetchone()[0])


def _rows(templates: QuerySet[Template]) -> QuerySet[Template, Any]:
    """Of those that are published, what `_facts` takes."""
    has_schema = Case(When(schema={}, then=Value(False)), default=Value(True))
    return templates.exclude(current_version=None).values_list(*_COLUMNS, has_schema)


class _Shared:
    """Equal values once: of 100,000 templates, most have the same channels and variables."""

    def __init__(self) -> None:
        self._known: dict[object, Any] = {}

    def one(self, key: object, make: Callable[[], T]) -> T:
        if key not in self._known:
            self._known[key] = make()
        found: T = self._known[key]
        return found


def _facts(row: Sequence[Any], shared: _Shared) -> TemplateFacts:
    template_id, path, version_id, category_id, channels, required, priority, active, fallback, has_schema = row
    return TemplateFacts(
        id=template_id,
        path=path,
        version_id=version_id,
        category_id=category_id,
        channels=shared.one(("channels", *channels), lambda: frozenset(ChannelKey(c) for c in channels)),
        required=shared.one(("required", *required), lambda: tuple(required)),
        default_priority=priority,
        active=active,
        fallback=chain_of(fallback) if fallback else None,
        has_schema=has_schema,
    )


catalog = Catalog()
