"""What templates give: fields, escaping, data first, filters by locale, errors with field and line."""

from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.cache import CompiledCache
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.plain import PlainContext, plain, plain_context

NOW = datetime(2026, 1, 3, 12, tzinfo=UTC)


def text(source: str, /, **context: object) -> str:
    return compile_content(ChannelKey.SMS, {"body": source}).render(context)["body"]


def html(source: str, /, **context: object) -> str:
    return compile_content(ChannelKey.EMAIL, {"subject": "s", "html": source}).render(context)["html"]


def failure(source: str, /, *, strict: bool = False, channel: str = "sms", **context: object) -> TemplateError:
    fields = {"body": source} if channel == "sms" else {"subject": "s", "html": source}
    with pytest.raises(TemplateError) as raised:
        compile_content(ChannelKey(channel), fields, strict=strict).render(context)
    return raised.value


def test_only_html_fields_escape() -> None:
    content = compile_content(
        ChannelKey.EMAIL, {"subject": "Hi {{ name }}", "text": "Dear {{ name }}", "html": "<p>{{ name }}</p>"}
    )
    assert content.render({"name": "A&B <x>"}) == {
        "subject": "Hi A&B <x>",
        "text": "Dear A&B <x>",
        "html": "<p>A&amp;B &lt;x&gt;</p>",
    }


def test_a_key_comes_before_a_method_of_the_same_name() -> None:
    order = {"items": [{"name": "a"}, {"name": "b"}], "keys": 2, "get": "got"}
    assert (
        text("{% for i in order.items %}{{ i.name }}{% endfor %}{{ order.keys }}{{ order.get }}", order=order)
        == "ab2got"
    )
    assert (
        text("{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}{{ m.get('z', 3) }}", m={"x": 1, "y": 2})
        == "x=1;y=2;3"
    )


def test_ordinary_template_language_works() -> None:
    source = (
        "{% set n = 2 %}{% for x in xs if x > 1 %}{{ loop.index }}/{{ loop.length }}{{ loop.cycle('a', 'b') }}"
        "{% if not loop.last %},{% endif %}{% else %}none{% endfor %} {{ xs[0] }}{{ xs[-1] }}{{ xs[1:]|join('-') }}"
        "{% set b %}[{{ n * 3 + 1 }}]{% endset %}{{ b }}{% with z = 5 %}{{ z ~ n }}{% endwith %}"
        "{{ 'yes' if n == 2 else 'no' }} {{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 5 }} {{ d.year }} {{ ' a '.strip().upper() }}"
        "{% for i in range(3) %}{{ i }}{% endfor %} {{ d.strftime('%d.%m.%Y') }} {{ 'b' in 'abc' }}"
    )
    assert text(source, xs=[1, 2, 3], d=date(2026, 1, 2)) == (
        "1/2a,2/2b 132-3[7]52yes 3 3 32 2026 A012 02.01.2026 True"
    )


def test_list_filters_work_on_data() -> None:
    rows = [{"n": "b", "p": 2, "on": True}, {"n": "a", "p": 1, "on": False}, {"n": "b", "p": 3, "on": True}]
    assert text("{{ rows|sum(attribute='p') }}", rows=rows) == "6"
    assert text("{{ rows|map(attribute='n')|unique|sort|join(',') }}", rows=rows) == "a,b"
    assert text("{{ rows|selectattr('on')|map(attribute='p')|max }}", rows=rows) == "3"
    assert text("{{ rows|rejectattr('p', 'gt', 1)|length }}", rows=rows) == "1"
    assert text("{% for g in rows|groupby('n') %}{{ g.grouper }}{{ g.list|length }}{% endfor %}", rows=rows) == "a1b2"
    assert text("{{ (rows|sort(attribute='p')|first).n }}{{ rows|last|tojson }}", rows=rows) == (
        'a{"n": "b", "p": 3, "on": true}'
    )
    assert text("{{ ['1.10', 2]|sum }} {{ [0.1, '0.2']|sum }}") == "3.10 0.3"
    assert text("{{ ['x', 'y']|map('upper')|join }}{{ [3, 1]|min }}{{ {'b': 1, 'a': 2}|dictsort }}") == (
        "XY1[('a', 2), ('b', 1)]"
    )


def test_decimals_and_floats_may_be_mixed() -> None:
    assert text("{{ price * 1.5 }} {{ price + 1 }} {{ 2 * price }}", price=Decimal("2.10")) == "3.150 3.10 4.20"


@pytest.mark.parametrize(
    ("source", "locale", "result"),
    [
        ("{{ 1234.5|currency }}", "en_US", "$1,234.50"),
        ("{{ '1234.5'|currency('EUR') }}", "de_DE", "1.234,50\xa0€"),
        ("{{ 1234.5|currency('tzs') }}", "en-US", "TZS\xa01,234.50"),
        ("{{ 1234|currency('JPY') }}", "nowhere", "¥1,234"),
        ("{{ at|time_ago }}", "en_US", "2 days ago"),
        ("{{ at|time_ago }}", "de_DE", "vor 2 Tagen"),
        ("{{ '2026-01-03T15:00:00Z'|time_ago }}", "en", "in 3 hours"),
        ("{{ at|date }}", "en_US", "Jan 1, 2026"),
        ("{{ at|date('full') }}", "fr", "jeudi 1 janvier 2026"),
        ("{{ at|time }}", "de", "15:00"),
        ("{{ at|datetime('dd.MM. HH:mm') }}", "de", "01.01. 15:00"),
        ("{{ '2026-02-01'|date('d MMM') }}", "en", "1 Feb"),
        ("{{ 1234567.891|number }}", "en", "1,234,567.891"),
        ("{{ 1234567.891|number(1) }}", "de", "1.234.567,9"),
        ("{{ 0.256|percent }} {{ 0.256|percent(1) }}", "en", "26% 25.6%"),
        ("{{ 1|plural(one='item', other='items') }} {{ 2|plural(one='item', other='items') }}", "en", "item items"),
        ("{{ 3|plural(one='plik', few='pliki', many='plików', other='pliku') }}", "pl", "pliki"),
        ("{{ nothing|currency }}{{ nothing.at|time_ago }}{{ nothing|date }}", "en", ""),
        ("{{ 'one two three'|truncate_words(2) }} {{ 'one two'|truncate_words(2) }}", "en", "one two... one two"),
    ],
)
def test_locale_filters_speak_the_recipients_language(source: str, locale: str, result: str) -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    given = text(source, at=at, now=NOW, locale=locale, timezone="Africa/Dar_es_Salaam")
    assert given.replace("\u202f", " ") == result


@pytest.mark.parametrize(
    "source",
    ["{{ 'abc'|currency }}", "{{ 1|currency('EURO') }}", "{{ [1]|currency }}", "{{ 'soon'|date }}", "{{ 5|time_ago }}",
     "{{ 1 / 0 }}", "{{ 'a' + 1 }}", "{{ 'a' % 1 }}", "{{ {}|dictsort(1, 2, 3, 4) }}", "{{ 1|round(99) }}",
     "{{ 'abc'|length(1) }}", "{% for x in 5 %}{% endfor %}", "{{ [1, 'a']|sort }}", "{{ 1 is divisibleby(0) }}",
     "{{ 'x'.split('') }}", "{{ 1|plural }}", "{{ [][0:1:0] }}"],
)  # fmt: skip
def test_a_bad_value_is_an_error_with_field_and_line(source: str) -> None:
    error = failure("first line\n" + source)
    assert (error.code, error.field, error.line) == (TemplateErrorCode.VALUE, "body", 2)


def test_an_undefined_variable_is_nothing_when_sending_and_an_error_when_validating() -> None:
    assert (
        text("a{{ user.first_name }}{{ a.b.c }}{% for x in xs %}x{% endfor %}{{ x|upper }}{{ y|default('d') }}") == "ad"
    )
    for source in ("{{ user.first_name }}", "{{ a|upper }}", "{% for x in xs %}{% endfor %}", "{{ a ~ 'b' }}"):
        error = failure("\n\n" + source, strict=True, user={"name": "x"})
        assert (error.code, error.field, error.line) == (TemplateErrorCode.UNDEFINED, "body", 3)
    assert failure("{{ missing + 1 }}").code is TemplateErrorCode.UNDEFINED


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("a\n{{ x", "template_syntax", 2),
        ("{% if x %}", "template_syntax", 1),
        ("{{ x|nofilter }}", "template_syntax", 1),
        ("a\n\n{{ x is notest }}", "template_syntax", 3),
        ("{% if x %}\n{{ y|safe }}{% endif %}", "template_forbidden", 2),
        ("{% include 'x' %}", "template_forbidden", 1),
        ("{{ x.__class__ }}", "template_forbidden", 1),
        ("x" * 100_001, "template_too_large", 0),
    ],
)
def test_a_source_is_refused_with_code_field_and_line(source: str, code: str, line: int) -> None:
    error = failure(source)
    assert (error.code, error.field, error.line) == (code, "body", line)


def test_safe_is_refused_with_what_to_do_instead() -> None:
    assert str(failure("{{ x|safe }}")) == (
        "the filter 'safe' is not allowed: values are always escaped; put the markup into the template"
    )


def test_output_is_capped() -> None:
    assert failure("{{ x }}" * 27, x="y" * 10_000).code is TemplateErrorCode.OUTPUT_TOO_LARGE
    assert len(text("{{ x }}" * 26, x="y" * 10_000)) == 260_000


def test_unknown_and_missing_fields_are_refused() -> None:
    for fields in ({"body": "x", "colour": "y"}, {}, {"body": " "}):
        with pytest.raises(TemplateError) as raised:
            compile_content(ChannelKey.SMS, fields)
        assert raised.value.code is TemplateErrorCode.FIELD


@pytest.mark.parametrize(
    "source",
    ["<a href={{ x }}>", "<a {{ x }}>", "<{{ x }}>", "</{{ x }}>", "<a class='b' href={{ x }}>", "<p title= {{ x }}>",
     "<a href={% if x %}{{ x }}{% endif %}>", "<script>var a = '{{ x }}'</script>", "<a href='b'{{ x }}>"],
)  # fmt: skip
def test_a_value_may_not_stand_in_a_tag_without_quotes(source: str) -> None:
    assert failure(source, channel="email").code is TemplateErrorCode.FORBIDDEN


def test_values_in_text_quotes_comments_and_styles_are_fine() -> None:
    source = (
        "<!--[if mso]><table width={% raw %}600{% endraw %}><![endif]--><style>a{color:{{ x }}}</style>"
        "<p title='{{ x }}'>"
        'a = {{ x }} 1 < {{ x }}</p><!-- {{ x }} --><td {% if x %}class="a"{% endif %}>{{ x }}</td>'
    )
    assert html(source, x="v").count("v") == 6


TEMPLATE = (
    "<html><body><h1>Hi {{ v }}</h1><a href='{{ v }}' title=\"{{ v }}\">{{ v|upper }}</a>{% for x in [v, v] %}<li>"
    "{{ x ~ '!' }}</li>{% endfor %}{% set b %}<b>{{ v }}</b>{% endset %}{{ b }}{{ b ~ v }}{{ v|truncate(5) }}"
    "{{ v|e|replace('a', v) }}{{ [v, b]|join(v) }}<!-- {{ v }} -->{{ v|urlencode }}{{ v|tojson }}{{ v|title }}"
    "<p title='{{ v|tojson }}'>{{ v|striptags }}{{ (v|e)[1:4] }}{{ v|reverse }}{{ v|e|upper }}"
    "{{ v.split(';')|join('<') }}"
    "{{ b + v }}{{ v|replace('x', b) }}{{ v|default(b) }}{{ {'k': v} }}</p></body></html>"
)
CONTENT = compile_content(ChannelKey.EMAIL, {"subject": "Hi {{ v }}", "html": TEMPLATE})


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, ...]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.seen.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(("/" + tag,))

    def handle_comment(self, data: str) -> None:
        self.seen.append(("!--",))


def tree(source: str) -> list[tuple[str, ...]]:
    parser = _Tree()
    parser.feed(source)
    parser.close()
    return parser.seen


PIECES = st.sampled_from(
    ["<b>", "</li>", "'", '"', "-->", "<!--", "&lt;", "&#60;", "<script>", "javascript:", "{{ v }}", " onclick=x ", ">",
     "&", "&LT", "<![CDATA[", "]]>", "\n", "\u2028", "x", "a"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("".join)))
def test_no_value_changes_the_tags_of_a_mail(value: str) -> None:
    value = "".join(char for char in value if char != "\0" and not "\ud800" <= char <= "\udfff")
    # The neutral value meets the same branches: x is replaced by markup of the template's own.
    neutral = "x" * value.count("x") + "n"
    assert tree(CONTENT.render({"v": value})["html"]) == tree(CONTENT.render({"v": neutral})["html"])


def test_a_context_is_copied_to_plain_data() -> None:
    class Sneaky(str):
        __slots__ = ()

    given: dict[str, Any] = {"a": (1, Sneaky("x")), "k": ChannelKey.SMS, "d": Decimal("1.5"), "n": None, "t": NOW}
    copied = plain_context(given)
    assert copied == {"a": [1, "x"], "k": "sms", "d": Decimal("1.5"), "n": None, "t": NOW}
    assert type(copied["a"][1]) is str  # type: ignore[index]
    assert type(copied["k"]) is str
    assert type(copied) is PlainContext
    assert plain_context(copied) is copied


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": {"b": [1, object()]}}, "a.b[1]"),
        ({"f": len}, "f"),
        ({"f": ChannelKey}, "f"),
        ({1: 2}, ""),
        ({"s": {1, 2}}, "s"),
        ({"b": b"x"}, "b"),
        ({"n": "a\x00"}, "n"),
        ({"n": "\ud800"}, "n"),
        ({"n": 10**31}, "n"),
        ({"n": Decimal("1e999999")}, "n"),
        ({"n": list(range(10_001))}, "n"),
        ({"n": "x" * 1_000_001}, "n"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_path(value: object, path: str) -> None:
    with pytest.raises(TemplateError) as raised:
        plain(value)
    assert (raised.value.code, raised.value.field) == (TemplateErrorCode.VALUE, path)


def test_deep_and_doubled_contexts_are_refused() -> None:
    deep: object = 1
    for _ in range(21):
        deep = [deep]
    doubled: object = 1
    for _ in range(18):
        doubled = {"a": doubled, "b": doubled}
    for value in (deep, doubled):
        with pytest.raises(TemplateError):
            plain(value)


def test_an_error_text_does_not_repeat_a_value() -> None:
    for source in ("{{ d[email] }}", "{{ d|number }}", "{{ email|currency }}", "{{ email + 1 }}", "{{ email|date }}"):
        assert "ann@" not in str(failure(source, strict=True, d={}, email="ann@example.com"))


def test_a_rendering_refuses_objects() -> None:
    with pytest.raises(TemplateError) as raised:
        text("{{ user }}", user=object())
    assert raised.value.field == "user"


def test_the_cache_keeps_the_most_recently_used_and_compiles_once() -> None:
    cache = CompiledCache(2)
    made: list[str] = []

    def maker(name: str) -> Any:
        def make() -> Any:
            made.append(name)
            return compile_content(ChannelKey.SMS, {"body": name})

        return make

    for name in ("a", "b", "a", "c", "a", "b"):
        content = cache.get((uuid5(NAMESPACE_OID, name), ChannelKey.SMS, "en"), maker(name))
        assert content.render({}) == {"body": name}
    assert made == ["a", "b", "c", "b"]
    assert len(cache) == 2
