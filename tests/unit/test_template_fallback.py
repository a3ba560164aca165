"""Fallback of content: the chain of locales, each field for itself, and which patterns of paths share paths."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.config.environment import ConfigurationError, read_environment
from clarion.contract.channel import ChannelKey
from clarion.records.templating.contents import _merged, pick
from clarion.records.templating.engine.trie import PathTrie
from clarion.records.templating.locales import chain, is_locale, nearest, resolve
from clarion.records.templating.paths import meet

LOCALES = ["", "pt", "pt-BR", "zh", "zh-Hant", "zh-Hant-TW", "sw"]
FIELDS = st.dictionaries(st.sampled_from(["subject", "html", "text"]), st.text(max_size=4), max_size=3)


def test_the_chain_leads_from_the_locale_over_its_parents_to_the_default() -> None:
    assert chain("pt-BR") == chain("pt_BR") == ("pt-BR", "pt", "")
    assert chain("zh-Hant-TW") == ("zh-Hant-TW", "zh-Hant", "zh", "")
    assert chain("sw") == ("sw", "")
    assert chain("") == ("",)


def test_each_field_falls_back_by_itself() -> None:
    locales = {"": {"subject": "Hi", "html": "<p>Hi</p>", "text": "Hi"}, "pt": {"subject": "Oi", "text": "Oi"}}
    locales["pt-BR"] = {"subject": "Oi!", "text": ""}
    assert resolve(locales, "pt-BR") == {"subject": "Oi!", "html": "<p>Hi</p>", "text": ""}
    assert resolve(locales, "pt-PT") == {"subject": "Oi", "html": "<p>Hi</p>", "text": "Oi"}
    assert resolve(locales, "de") == locales[""]
    assert resolve({"pt": {}}, "de") is None


@given(st.dictionaries(st.sampled_from(LOCALES), FIELDS), st.sampled_from([*LOCALES, "pt-PT", "zh_Hant_HK", "de"]))
def test_every_field_comes_from_the_first_of_the_chain_that_has_it(
    locales: dict[str, dict[str, str]], wanted: str
) -> None:
    found = resolve(locales, wanted)
    there = [locales[each] for each in chain(wanted) if each in locales]
    if not there:
        assert found is None
        return
    expected = {name: next(of[name] for of in there if name in of) for of in there for name in of}
    assert found == expected
    picked = pick(_merged({"email": locales}), ChannelKey.EMAIL, wanted)
    assert picked == (nearest(locales, wanted), expected)


def test_locales_that_do_not_exist_are_known_as_such() -> None:
    assert [name for name in ("en", "pt_BR", "pt-BR", "zh-Hant-TW", "xx", "klingon!", "", "e") if is_locale(name)] == [
        "en",
        "pt_BR",
        "pt-BR",
        "zh-Hant-TW",
    ]


SEGMENTS = st.lists(st.sampled_from(["a", "b", "*"]), min_size=2, max_size=4).map(lambda rest: ".".join(["x", *rest]))


def _matches(pattern: str, path: tuple[str, ...]) -> bool:
    parts = pattern.split(".")
    return len(parts) == len(path) and all(p in ("*", s) for p, s in zip(parts, path, strict=True))


@given(SEGMENTS, SEGMENTS)
def test_two_patterns_are_ambiguous_when_they_share_paths_and_neither_is_within_the_other(one: str, other: str) -> None:
    paths = [("x", *rest) for size in (2, 3, 4) for rest in product("abc", repeat=size)]
    mine = {path for path in paths if _matches(one, path)}
    theirs = {path for path in paths if _matches(other, path)}
    shared = meet(one, other)
    assert (shared is not None) == bool(mine & theirs and mine - theirs and theirs - mine)
    if shared is not None:
        assert {path for path in paths if _matches(shared, path)} == mine & theirs


@given(st.lists(SEGMENTS, max_size=8, unique=True), st.lists(SEGMENTS, max_size=4))
def test_the_most_specific_answers_whatever_was_there_before(patterns: list[str], gone: list[str]) -> None:
    trie = PathTrie[str]()
    for pattern in [*patterns, *gone]:
        trie.insert(pattern, pattern)
    for pattern in gone:
        trie.remove(pattern)
    left = set(patterns) - set(gone)
    assert len(trie) == len(left)
    for path in [("x", *rest) for size in (2, 3, 4) for rest in product("abc", repeat=size)]:
        matching = [pattern.split(".") for pattern in left if _matches(pattern, path)]
        best = min(matching, key=lambda parts: [part == "*" for part in parts], default=None)
        assert trie.find(".".join(path)) == (".".join(best) if best else None)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("order.*.late", "order.eu.*", "order.eu.late"),
        ("order.*.late.*", "order.eu.*.*", "order.eu.late.*"),
        ("order.*", "order.eu", None),
        ("order.*.*", "order.eu.*", None),
        ("order.*.late", "order.*.lost", None),
        ("order.*", "order.*.late", None),
    ],
)
def test_what_two_patterns_share(one: str, other: str, shared: str | None) -> None:
    assert meet(one, other) == meet(other, one) == shared


def test_the_deployments_locales_are_checked_at_start() -> None:
    assert read_environment({"CLARION_TEMPLATE_LOCALES": "sw fr pt-BR"}).template_locales == "sw fr pt-BR"
    for name, value in [
        ("CLARION_TEMPLATE_LOCALES", "sw klingon!"),
        ("CLARION_TEMPLATE_THRESHOLD", "101"),
        ("CLARION_TEMPLATE_FOUR_EYES", "maybe"),
    ]:
        with pytest.raises(ConfigurationError, match=name):
            read_environment({name: value})
