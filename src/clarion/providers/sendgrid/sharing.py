"""What several rendered texts have in common, so that one call can carry them: a shared body with a gap, and what
each recipient has in the gap. Pure.

SendGrid's `substitutions` put it together again: plain text replacement in the bodies, 10,000 bytes a recipient in all
(keys included). The key of the gap is random, so no text can hold it by accident or by intent.
https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send#request-body (read 2026-11)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_BYTES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A text with a gap: `before`, then what `middles` has for each, then `after`."""

    before: str = field(repr=False)
    after: str = field(repr=False)
    middles: Sequence[str] = field(repr=False)

    def with_gap(self, key: str) -> str:
        """The text that all share; without the key when all have the same anyway."""
        return self.before + (key if self.has_gap else "") + self.after

    @property
    def has_gap(self) -> bool:
        return any(self.middles)


def share(texts: Sequence[str]) -> Shared:
    """The longest common beginning and, of what is left, the longest common end."""
    if not texts:
        return Shared(before="", after="", middles=())
    low, high = min(texts), max(texts)  # what the first and the last of the order share, all share
    begin = _common(low, high)
    rests = [text[begin:] for text in texts]
    mirrored = [rest[::-1] for rest in rests]
    end = _common(min(mirrored), max(mirrored))
    after = rests[0][len(rests[0]) - end :]
    return Shared(before=low[:begin], after=after, middles=[rest[: len(rest) - end] for rest in rests])


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with together; by halving, for comparing slices is quick."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
