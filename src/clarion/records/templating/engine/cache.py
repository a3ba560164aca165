"""Compiled contents kept by version, channel and locale. A bounded LRU for the threads of one process."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.compile import CompiledContent

CacheKey = tuple[UUID, ChannelKey, str]
"""(version id, channel, locale). A version never changes, so nothing ever has to be thrown out for staleness."""


class CompiledCache:
    """At most `capacity` contents, the least recently used leaves first."""

    def __init__(self, capacity: int = 512) -> None:
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self._capacity = capacity
        self._entries: OrderedDict[CacheKey, CompiledContent] = OrderedDict()
        self._lock = Lock()

    def get(self, key: CacheKey, make: Callable[[], CompiledContent]) -> CompiledContent:
        """The content of `key`, compiled at need. Two threads may compile the same one; the first stays."""
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
                return found
        made = make()
        with self._lock:
            kept = self._entries.setdefault(key, made)
            self._entries.move_to_end(key)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
            return kept

    def __len__(self) -> int:
        return len(self._entries)
