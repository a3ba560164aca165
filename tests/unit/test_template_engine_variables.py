"""Variables a template uses, the validation report, and the trie of template paths."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.trie import PathTrie, check_path
from clarion.records.templating.engine.validation import validate
from clarion.records.templating.engine.variables import used_variables


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("Hello", set()),
        ("{{ user.first_name }}", {"user.first_name"}),
        ("{{ user['first_name']|upper }}", {"user.first_name"}),
        ("{% for i in order.items %}{{ i.price }}{{ loop.index }}{% endfor %}", {"order.items", "order.items[].price"}),
        ("{% for i in xs|sort(attribute=key)|reverse %}{{ i }}{% endfor %}", {"xs", "xs[]", "key"}),
        ("{% for k, v in prices.items() %}{{ k }}{{ v.net }}{% endfor %}", {"prices", "prices[].net"}),
        ("{% for a in x %}{% for b in a.c %}{{ b.d }}{% endfor %}{% endfor %}", {"x", "x[].c", "x[].c[].d"}),
        ("{% set n = order.number %}{{ n }}{{ n.x }}", {"order.number", "order.number.x"}),
        ("{% for i in a %}{{ i }}{% endfor %}{{ i }}", {"a", "a[]", "i"}),
        ("{% set b %}{{ inner }}{% endset %}{{ b }}", {"inner"}),
        ("{% with z = user.email %}{{ z }}{{ y }}{% endwith %}{{ z }}", {"user.email", "y", "z"}),
        ("{{ order.get('total', other) }}", {"order.total", "other"}),
        ("{{ (xs|first).name }}{{ xs[0].id }}", {"xs[].name", "xs[].id"}),
        ("{% if a and b.c == d %}{{ 'x' ~ e }}{% elif f %}{% endif %}", {"a", "b.c", "d", "e", "f"}),
        ("{{ x|default(y) }}{{ s.strip() }}{% for i in range(n) %}{{ i }}{% endfor %}", {"x", "y", "s", "n"}),
        ("{{ items|selectattr('on')|map(attribute='n')|join(sep) }}", {"items", "sep"}),
    ],
)  # fmt: skip
def test_used_variables_are_paths_from_the_context(source: str, used: set[str]) -> None:
    assert used_variables(source) == used


def test_a_report_tells_what_is_missing_unused_and_undeclared() -> None:
    report = validate(
        {
            "subject": "Order {{ order.number }}",
            "html": "<p>{{ user.first_name }} {{ coupon.code }} {{ tracking }}</p>",
        },
        ChannelKey.EMAIL,
        required=["order.number", "order.total"],
        optional=["coupon", "gift"],
    )
    assert (report.valid, report.errors) == (False, ())
    assert report.missing == ("order.total",)
    assert report.unused == ("gift",)
    assert report.undeclared == ("tracking",)
    assert report.used == ("coupon.code", "order.number", "tracking", "user.first_name")


def test_a_good_template_is_valid() -> None:
    report = validate(
        {"body": "{% if order %}{% for i in order.items %}{{ i.name }}{% endfor %}{% endif %}{{ app_name }}"},
        ChannelKey.SMS,
        required=["order.items"],
    )
    assert (report.valid, report.missing, report.undeclared, report.errors) == (True, (), (), ())


def test_every_faulty_field_is_reported_with_its_line() -> None:
    report = validate({"subject": "{{ x", "html": "<p>\n{{ y|safe }}</p>", "colour": "z"}, ChannelKey.EMAIL)
    assert not report.valid
    assert [(fault.field, fault.line, fault.code.value) for fault in report.errors] == [
        ("colour", 0, "template_field"),
        ("subject", 1, "template_syntax"),
        ("html", 2, "template_forbidden"),
    ]


@pytest.mark.parametrize("path", ["a", "orders.shipped", "a_1.*.b", "a.*.*", "x" * 200])
def test_a_path_is_lower_case_words_joined_by_dots(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path", ["", ".", "*", "*.a", "A", "a.", ".a", "a..b", "a.b*", "a-b", "a b", "é", "a\n", "x" * 201]
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="lower-case words"):
        PathTrie[int]().insert(path, 1)


def test_the_most_specific_entry_wins() -> None:
    trie = PathTrie[str]()
    for path in ("a.*.c", "a.b.*", "a.*.*", "a.b.c.d", "a.*.c.*"):
        trie.insert(path, path)
    assert trie.find("a.b.c") == "a.b.*"
    assert trie.find("a.x.c") == "a.*.c"
    assert trie.find("a.x.y") == "a.*.*"
    assert trie.find("a.b.c.d") == "a.b.c.d"
    assert trie.find("a.b.c.e") == "a.*.c.*"
    assert trie.find("a.b") is None
    assert trie.find("a.b.c.d.e") is None
    assert trie.find("") is None
    assert len(trie) == 5
    assert trie.remove("a.b.*")
    assert not trie.remove("a.b.*")
    assert not trie.remove("a.b")
    assert trie.find("a.b.c") == "a.*.c"
    assert len(trie) == 4


SEGMENT = st.sampled_from(["a", "b", "*"])
PATTERN = st.lists(SEGMENT, min_size=0, max_size=4).map(lambda rest: ".".join(["a", *rest]))


@given(st.sets(PATTERN, max_size=20), st.lists(st.sampled_from(["a", "b", "c"]), max_size=4), st.data())
def test_find_is_a_search_through_all_patterns(patterns: set[str], rest: list[str], data: st.DataObject) -> None:
    trie = PathTrie[str]()
    for pattern in patterns:
        trie.insert(pattern, pattern)
    if patterns:
        gone = data.draw(st.sampled_from(sorted(patterns)))
        assert trie.remove(gone)
        patterns = patterns - {gone}
    path = ["a", *rest]
    matching = [
        split
        for split in (pattern.split(".") for pattern in patterns)
        if len(split) == len(path) and all(s in ("*", p) for s, p in zip(split, path, strict=True))
    ]
    best = min(matching, key=lambda split: [s == "*" for s in split], default=None)
    assert trie.find(".".join(path)) == (".".join(best) if best else None)
    assert len(trie) == len(patterns)


def test_a_hundred_thousand_paths_are_found_in_microseconds() -> None:
    trie = PathTrie[int]()
    for number in range(100_000):
        trie.insert(f"shop_{number % 100}.event_{number // 100}.{'*' if number % 10 == 0 else 'email'}", number)
    started = time.process_time()
    for number in range(10_000):
        assert trie.find(f"shop_{number % 100}.event_{number // 100}.email") == number
    assert (time.process_time() - started) / 10_000 < 0.000_05
