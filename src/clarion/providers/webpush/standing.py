"""How our key stands with each push service: who took it, and whether refusals are to be believed.

The path of a subscription is its owner's to write, so what one person's devices hear says nothing of our key.
"""

from collections.abc import Callable

BELIEVED = 3  # different people, and nobody's push was taken


class Standing:
    """Kept by origin, as long as the process lives. `counts` says whose word on our key may be believed at all."""

    def __init__(self, counts: Callable[[str], bool]) -> None:
        self._counts = counts
        self._took: set[str] = set()
        self._refused: dict[str, set[str]] = {}

    def note_taken(self, origin: str) -> None:
        """It took a push that our key signed: refusals from now on are the subscription's affair."""
        if self._counts(origin):
            self._took.add(origin)
            self._refused.pop(origin, None)

    def is_open(self, origin: str) -> bool:
        """Whether a refusal may mean the key: the service is a known one and has not taken it yet."""
        return self._counts(origin) and origin not in self._took

    def is_refused(self, origin: str, person: str) -> bool:
        """Note that it refused our key for a person's device; whether enough different people have heard that."""
        people = self._refused.setdefault(origin, set())
        if len(people) < BELIEVED:
            people.add(person)
        return len(people) >= BELIEVED
