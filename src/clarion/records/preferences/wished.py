"""What a caller wants changed of a person's wishes, and the same form for what is set. Storing it is store.py's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Stored = Mapping[str, Any]


class Forget(Enum):
    """Take away what was set, so that the default holds again."""

    FORGET = "forget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """One scope's wishes; None or an absent channel means not given (or not set), FORGET takes away what was set.
    `quiet_hours` and `digest` are (as far as given) the stored forms, `templates` goes by template id, `processing` is
    the consent to process data at all. A category has `enabled`, `channels` and `digest` alone."""

    enabled: bool | Forget | None = None
    marketing: bool | Forget | None = None
    channels: Mapping[str, bool | Forget] = field(default_factory=dict)
    quiet_hours: Stored | Forget | None = None
    digest: Stored | Forget | None = None
    max_per_day: int | Forget | None = None
    templates: Mapping[str, bool | Forget] = field(default_factory=dict)
    processing: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The general switches and those by category key."""

    general: Switches
    categories: Mapping[str, Switches]
