"""The preference centre's texts: every language says everything, with the same places to fill in."""

import re
from collections.abc import Mapping

import pytest

from clarion.contract.channel import ChannelKey
from clarion.records.preferences.digest_choice import Frequency
from clarion.surfaces.pages.centre.person import CHANNELS
from clarion.surfaces.pages.centre.showing import Notice
from clarion.surfaces.pages.centre.values import LANGUAGES as CHOSEN
from clarion.surfaces.pages.centre.words import LANGUAGES, WORDS, CentreWords
from clarion.surfaces.pages.link_words import LOCALES

FIELDS = tuple(CentreWords.__dataclass_fields__)
# the same word in two languages
ALIKE = {("sw", "frequency"), ("fr", "page")}


def _places(text: str) -> set[str]:
    return set(re.findall(r"{\w+}", text))


def test_the_languages_are_those_of_the_other_pages() -> None:
    assert tuple(WORDS) == tuple(LANGUAGES) == LOCALES == CHOSEN


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("locale", list(WORDS))
def test_every_text_is_there_with_the_same_places(locale: str, name: str) -> None:
    told, expected = getattr(WORDS[locale], name), getattr(WORDS["en"], name)
    if isinstance(expected, Mapping):
        assert set(told) == set(expected)
        pairs = [(told[key], expected[key]) for key in expected]
    else:
        pairs = [(told, expected)]
    for own, english in pairs:
        assert bool(own.strip()) == bool(english.strip())
        assert _places(own) == _places(english)
        assert own == own.strip()


@pytest.mark.parametrize("locale", ["sw", "fr"])
def test_no_text_was_left_in_english(locale: str) -> None:
    same = [
        name
        for name in FIELDS
        if isinstance(getattr(WORDS["en"], name), str) and getattr(WORDS[locale], name) == getattr(WORDS["en"], name)
    ]
    assert [name for name in same if (locale, name) not in ALIKE] == []


@pytest.mark.parametrize("locale", list(WORDS))
def test_there_is_a_word_for_all_that_can_be_named(locale: str) -> None:
    words = WORDS[locale]

    assert set(words.channel) == set(words.channel_help) == set(words.no_address) == set(CHANNELS)
    assert set(CHANNELS) < set(ChannelKey)
    assert set(words.frequency) == set(Frequency)
    assert all(getattr(words, notice) for notice in Notice)
