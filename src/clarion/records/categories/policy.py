"""Words for what a category says about people's wishes. The rules that go by them are records/preferences/rules.py."""

from enum import StrEnum
from typing import NamedTuple


class QuietPolicy(StrEnum):
    """What becomes of a category's notifications in a person's quiet hours."""

    HOLD = "hold"
    DROP = "drop"
    THROUGH = "through"


class Cap(NamedTuple):
    """So many a day and a week; 0 sets no limit."""

    per_day: int = 0
    per_week: int = 0


NO_CAP = Cap()
