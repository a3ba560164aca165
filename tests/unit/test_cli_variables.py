import pytest

from clarion.surfaces.cli.variables import InvalidSetting, parse_settings


def test_dots_nest_and_values_are_json_where_they_are_json() -> None:
    given = ["order.number=7", "order.items=[1,2]", "order.by.name=Ann Abel", "paid=true", "note=", "code=007"]
    assert parse_settings(given) == {
        "order": {"number": 7, "items": [1, 2], "by": {"name": "Ann Abel"}},
        "paid": True,
        "note": "",
        "code": "007",
    }


def test_a_value_may_hold_equals_signs_and_json_text_keeps_numbers_text() -> None:
    assert parse_settings(["url=https://x.example/?a=b", 'code="7"']) == {"url": "https://x.example/?a=b", "code": "7"}


def test_what_only_python_takes_for_json_is_text() -> None:
    assert parse_settings(["a=NaN", "b=Infinity"]) == {"a": "NaN", "b": "Infinity"}


@pytest.mark.parametrize("word", ["plain", "=1", "a..b=1", ".a=1", "a.=1"])
def test_a_word_without_a_name_and_a_value_is_refused(word: str) -> None:
    with pytest.raises(InvalidSetting, match="--set takes name=value"):
        parse_settings([word])


@pytest.mark.parametrize("words", [["a=1", "a.b=2"], ["a.b=2", "a=1"]])
def test_a_name_cannot_be_a_value_and_have_parts(words: list[str]) -> None:
    with pytest.raises(InvalidSetting, match="already"):
        parse_settings(words)
