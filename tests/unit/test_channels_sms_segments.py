"""Segments of a text message, against hand-counted cases and a naive splitter."""

from hypothesis import given
from hypothesis import strategies as st

from clarion.channels.sms_segments import BASIC, EXTENSION, SmsEncoding, count_segments

GSM = "".join(sorted(BASIC | EXTENSION))


def naive_parts(text: str) -> list[str]:
    """Split as a carrier would: take whole characters while they fit."""
    gsm = all(char in GSM for char in text)
    single, part = (160, 153) if gsm else (70, 67)

    def cost(char: str) -> int:
        return 1 + (char in EXTENSION) if gsm else len(char.encode("utf-16-be")) // 2

    if sum(map(cost, text)) <= single:
        return [text] if text else []
    parts = [""]
    for char in text:
        if sum(map(cost, parts[-1])) + cost(char) > part:
            parts.append("")
        parts[-1] += char
    return parts


def test_the_alphabet_has_its_127_and_10_characters() -> None:
    assert len(BASIC) == 127
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION
    assert "ç" not in BASIC
    assert "Ç" in BASIC


def test_the_borders_of_one_and_two_segments() -> None:
    cases = {"": 0, "a" * 160: 1, "a" * 161: 2, "a" * 306: 2, "a" * 307: 3, "€" * 80: 1, "€" * 81: 2, "я" * 70: 1}
    assert {text: count_segments(text).segments for text in cases} == cases
    assert count_segments("я" * 71).segments == 2
    assert count_segments("я" * 134).segments == 2
    assert count_segments("я" * 135).segments == 3


def test_an_escape_pair_is_not_split() -> None:
    # 152 septets, then a pair that does not fit into the 153rd: it moves to the second segment.
    assert count_segments("a" * 152 + "€" + "a" * 151).segments == 2
    assert count_segments("a" * 152 + "€" + "a" * 152).segments == 3


def test_a_surrogate_pair_is_not_split() -> None:
    assert count_segments("😀" * 35).segments == 1
    assert count_segments("😀" * 36).segments == 2
    assert count_segments("😀" * 66).segments == 2
    assert count_segments("😀" * 67).segments == 3


def test_the_report_names_the_character_that_costs() -> None:
    report = count_segments("Costs 5€ – ok")
    assert (report.encoding, report.forced_by, report.characters, report.units) == (SmsEncoding.UCS2, "–", 13, 13)
    plain = count_segments("Costs 5€")
    assert (plain.encoding, plain.forced_by, plain.characters, plain.units) == (SmsEncoding.GSM7, "", 8, 9)


@given(st.one_of(st.text(GSM, max_size=700), st.text(GSM + "😀я–", max_size=400), st.text(max_size=300)))
def test_the_count_is_that_of_a_naive_splitter(text: str) -> None:
    text = "".join(char for char in text if not "\ud800" <= char <= "\udfff")
    report = count_segments(text)
    assert report.segments == len(naive_parts(text))
    assert report.characters == len(text)
