"""The tone in which to speak to somebody: a word that templates see as `engagement_tone`.

`CLARION_TONE=package.module:function` names who decides it; without one everybody is `neutral`. The function is foreign
code in the middle of a send: whatever it does wrong, the message goes out in the neutral tone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from uuid import UUID

import structlog
from django.conf import settings

NEUTRAL = "neutral"
MOST_CHARACTERS = 40

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneFacts:
    """What the tone may be decided by: no name and no address."""

    user_id: UUID
    locale: str
    timezone: str
    attributes: Mapping[str, object] = field(repr=False)
    now: datetime


Tone = Callable[[ToneFacts], str]
"""Gives a short word, such as `friendly`. Called for each message whose template names it, from several threads: it
should answer within microseconds."""


def load_tone(place: str) -> Tone:
    """The function at `package.module:function`; raises ValueError saying what is wrong with the place."""
    module, _, name = place.partition(":")
    if not module or not name:
        raise ValueError("write it as package.module:function")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{place} cannot be imported: {type(error).__name__}") from error
    if callable(found):
        tone: Tone = found
        return tone
    raise ValueError(f"{place} is no function")


@lru_cache(maxsize=4)
def _tone(place: str) -> Tone | None:
    return load_tone(place) if place else None


def tone_of(facts: ToneFacts) -> str:
    """The word for this person now; `neutral` without a function, or where it fails or gives no short text."""
    place: str = settings.TONE
    try:
        decide = _tone(place)
        said = decide(facts) if decide else NEUTRAL
    except Exception as error:  # noqa: BLE001 - the door to code that is not ours
        log.warning("tone_failed", function=place, error=type(error).__name__)
        return NEUTRAL
    # exactly text: a subclass could bring code along
    return said if type(said) is str and 0 < len(said) <= MOST_CHARACTERS and said.isprintable() else NEUTRAL
