"""How long a crashed child waits for its next start. Pure."""

from dataclasses import dataclass

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
# what crashes at its start does so sooner; what is killed now and then is not to stay away for half a minute
HEALTHY_SECONDS = 10.0


@dataclass(slots=True)
class Backoff:
    """One child's memory of its crashes."""

    _next: float = FIRST_SECONDS

    def after_crash(self, lived_seconds: float) -> float:
        """Seconds to wait: 0.5, doubling to 30 at every crash; from the start again after HEALTHY_SECONDS of life."""
        if lived_seconds >= HEALTHY_SECONDS:
            self._next = FIRST_SECONDS
        wait = self._next
        self._next = min(self._next * 2, LONGEST_SECONDS)
        return wait
