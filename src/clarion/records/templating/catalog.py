"""Which template answers to a path, and what its version says: remembered by each process.

A change made elsewhere is seen within REMEMBER_SECONDS; a path that is not known is looked for at once, so a new
template works immediately. Versions are immutable, so their content is remembered without end (bounded).
"""

import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from django.db.models import Count, Max

from clarion.contract.channel import ChannelKey
from clarion.records.categories.chain import ChainRule, chain_of
from clarion.records.templating.engine.trie import PathTrie
from clarion.records.templating.models import Template, TemplateContent

REMEMBER_SECONDS = 2.0
CONTENTS_MOST = 5_000


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


class _Catalog:
    def __init__(self) -> None:
        self._lock = Lock()
        self._trie: PathTrie[TemplateFacts] = PathTrie()
        self._mark: tuple[object, int] | None = None
        self._checked_at = float("-inf")

    def find(self, path: str) -> TemplateFacts | None:
        """The most specific template for a path, active or not; None when none matches."""
        if time.monotonic() - self._checked_at > REMEMBER_SECONDS:
            self.refresh()
        found = self._trie.find(path)
        if found is None:
            self.refresh()
            found = self._trie.find(path)
        return found

    def refresh(self) -> None:
        """Read anew when the table changed since the last look."""
        state = Template.objects.aggregate(newest=Max("updated_at"), number=Count("id"))
        mark = (state["newest"], state["number"])
        with self._lock:
            if mark != self._mark:
                self._trie, self._mark = _read(), mark
            self._checked_at = time.monotonic()


def _read() -> PathTrie[TemplateFacts]:
    trie: PathTrie[TemplateFacts] = PathTrie()
    for row in Template.objects.exclude(current_version=None).iterator(chunk_size=2000):
        trie.insert(row.path, _facts(row))
    return trie


def _facts(row: Template) -> TemplateFacts:
    assert row.current_version_id is not None
    return TemplateFacts(
        id=row.id,
        path=row.path,
        version_id=row.current_version_id,
        category_id=row.category_id,
        channels=frozenset(ChannelKey(c) for c in row.channels),
        required=tuple(row.required_variables),
        default_priority=row.default_priority,
        active=row.active,
        fallback=chain_of(row.fallback),
    )


Contents = Mapping[tuple[str, str], Mapping[str, str]]


class _Contents:
    """(channel, locale) → fields, by version."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, Contents] = OrderedDict()
        self._lock = Lock()

    def of(self, version_ids: Collection[UUID]) -> dict[UUID, Contents]:
        """Contents of these versions; one query for those not yet known. A version that is gone is absent."""
        with self._lock:
            found = {v: self._known[v] for v in version_ids if v in self._known}
        missing = set(version_ids) - set(found)
        if missing:
            found |= self._load(missing)
        return found

    def _load(self, version_ids: set[UUID]) -> dict[UUID, Contents]:
        loaded: dict[UUID, dict[tuple[str, str], Mapping[str, str]]] = {}
        for row in TemplateContent.objects.filter(version_id__in=version_ids):
            loaded.setdefault(row.version_id, {})[(row.channel, row.locale)] = row.fields
        with self._lock:
            for version, contents in loaded.items():
                self._known[version] = contents
            while len(self._known) > CONTENTS_MOST:
                self._known.popitem(last=False)
        return dict(loaded)


catalog = _Catalog()
contents = _Contents()


def pick(of_version: Contents, channel: ChannelKey, locale: str) -> tuple[str, Mapping[str, str]] | None:
    """The content for a channel in the best locale there is: `pt-BR`, then `pt`, then the default."""
    wanted = locale.replace("_", "-")
    for candidate in dict.fromkeys((wanted, wanted.split("-")[0], "")):
        fields = of_version.get((channel, candidate))
        if fields is not None:
            return candidate, fields
    return None
