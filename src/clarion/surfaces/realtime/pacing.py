"""How many frames a client may send."""

from collections import deque
from time import monotonic

FRAMES_PER_SECOND = 50


class Pace:
    """A sliding second."""

    def __init__(self, limit: int = FRAMES_PER_SECOND) -> None:
        self._times: deque[float] = deque(maxlen=limit)
        self._limit = limit

    def is_too_fast(self) -> bool:
        """Count one frame; whether it is one too many within a second."""
        now = monotonic()
        full = len(self._times) == self._limit and now - self._times[0] < 1.0
        self._times.append(now)
        return full
