"""The tokens of one account in the hand of one worker slot: leased in blocks, so that a message costs no call."""

import time

from clarion.records.pacing.gcra import Limit
from clarion.records.pacing.tokens import Tokens, tokens

MOST = 500
KEEP_SECONDS = 1.0


class Purse:
    """Used by one thread at a time."""

    def __init__(self, key: str, limit: Limit, source: Tokens = tokens) -> None:
        self.key = key
        self.limit = limit
        self._source = source
        self._count = 0
        self._shared = True
        self._leased_at = 0.0
        self.wait = 0.0

    def fill(self, wanted: int) -> int:
        """Lease a block when there is nothing in hand; how many are in hand then. With none, `wait` says how long
        until a fair block is there, so that a slot does not wake for one token at a time."""
        if time.monotonic() - self._leased_at > KEEP_SECONDS:
            self.empty()
        if not self._count:
            self._lease(min(wanted, MOST), 1)
            if not self._count:
                block = min(wanted, max(1, self.limit.burst // 2))
                self.wait += (block - 1) * self.limit.interval
        return self._count

    def take(self, wanted: int, least: int) -> int:
        """Take up to `wanted` for sending now, none when there are fewer than `least`; `wait` as in `fill`."""
        if self._count < least:
            # given back first: what is in hand would keep the bucket from being full, which a large `least` waits for
            self.empty()
            self._lease(max(wanted, least), least)
        elif self._count < wanted:
            self._lease(wanted - self._count, 1)
        if self._count < least:
            return 0
        taken = min(wanted, self._count)
        self._count -= taken
        return taken

    def put(self, count: int) -> None:
        """Tokens taken and not used."""
        self._count += count

    def empty(self) -> None:
        """Give back what is in hand, for others to use."""
        if self._count:
            self._source.put_back(self.key, self.limit, self._count, shared=self._shared)
        self._count = 0

    def _lease(self, wanted: int, least: int) -> None:
        grant = self._source.take(self.key, self.limit, wanted, least)
        if grant.count:
            self._leased_at = time.monotonic()
            self._shared = grant.shared if not self._count else self._shared and grant.shared
        self._count += grant.count
        self.wait = grant.wait
