"""All that the preference centre says, in the shipped languages."""

from collections.abc import Mapping

from clarion.surfaces.pages.centre.words.english import ENGLISH
from clarion.surfaces.pages.centre.words.form import CentreWords
from clarion.surfaces.pages.centre.words.french import FRENCH
from clarion.surfaces.pages.centre.words.swahili import SWAHILI

__all__ = ["LANGUAGES", "WORDS", "CentreWords"]

WORDS: Mapping[str, CentreWords] = {"en": ENGLISH, "sw": SWAHILI, "fr": FRENCH}
LANGUAGES: Mapping[str, str] = {"en": "English", "sw": "Kiswahili", "fr": "Français"}
"""Each in its own words."""
