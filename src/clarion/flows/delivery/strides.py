"""How many messages a provider is given in one go. What it was given it finishes, so behind a slow account a full batch
would keep a worker for a minute that is asked to stop; as many as go in STRIDE_SECONDS do not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from clarion.contract.provider import Declaration

STRIDE_SECONDS = 2.0
FIRST = 100
# the newest hand-over counts for half
WEIGHT = 0.5


class Strides:
    """How fast accounts were lately, in this process, by their label."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def most(self, account: str, declared: Declaration) -> int:
        """The most messages for the next hand-over. Where one call carries them all, their number costs no time."""
        if declared.batch_call:
            return declared.max_batch
        each = self._seconds.get(account)
        if each is None:
            return min(FIRST, declared.max_batch)
        # no fewer than it works on at one time
        return min(declared.max_batch, max(declared.concurrency, int(STRIDE_SECONDS / each)))

    @contextmanager
    def timed(self, account: str, count: int) -> Iterator[None]:
        """Learn from a hand-over of so many."""
        began = monotonic()
        yield
        each = max((monotonic() - began) / max(count, 1), 1e-6)
        before = self._seconds.get(account, each)
        self._seconds[account] = WEIGHT * each + (1 - WEIGHT) * before


strides = Strides()
