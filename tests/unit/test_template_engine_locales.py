"""The filters that speak, in seven languages; and where a fault stands."""

from datetime import UTC, datetime

import pytest

from clarion.channels.registry import channel as channel_of
from clarion.channels.sms_segments import count_segments
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.validation import validate

NOW = datetime(2026, 1, 3, 12, tzinfo=UTC)
AT = datetime(2026, 1, 3, 9, tzinfo=UTC)


def text(source: str, locale: str, language: str = "", **context: object) -> str:
    """With the blanks that do not break shown as _ and ~."""
    values = {"now": NOW, "at": AT, "locale": locale, "timezone": "Africa/Nairobi", **context}
    said = compile_content(ChannelKey.SMS, {"body": source}, language=language).render(values)["body"]
    return said.replace("\xa0", "_").replace("\u202f", "~").replace("\u200f", "")


SOURCES = {
    "currency": "{{ 1234.5|currency('EUR') }}",
    "number": "{{ 1234567.891|number }} {{ 1234.5|number(2) }}",
    "percent": "{{ 0.256|percent }} {{ 0.256|percent(1) }}",
    "date": "{{ at|date }} | {{ at|date('full') }}",
    "time": "{{ at|time }}",
    "datetime": "{{ at|datetime('short') }}",
    "time_ago": "{{ at|time_ago }} | {{ '2026-01-05T12:00:00Z'|time_ago }}",
    "list": "{{ ['a', 'b', 'c']|list }} | {{ ['a', 'b']|list('or') }}",
}
SAID = {
    "en": ["€1,234.50", "1,234,567.891 1,234.50", "26% 25.6%", "Jan 3, 2026 | Saturday, January 3, 2026", "12:00~PM",
           "1/3/26, 12:00~PM", "3 hours ago | in 2 days", "a, b, and c | a or b"],
    "sw": ["€_1,234.50", "1,234,567.891 1,234.50", "26% 25.6%", "3 Jan 2026 | Jumamosi, 3 Januari 2026", "12:00",
           "03/01/2026 12:00", "saa 3 zilizopita | baada ya siku 2", "a, b na c | a au b"],
    "fr": ["1~234,50_€", "1~234~567,891 1~234,50", "26_% 25,6_%", "3 janv. 2026 | samedi 3 janvier 2026", "12:00",
           "03/01/2026 12:00", "il y a 3 heures | dans 2 jours", "a, b et c | a ou b"],
    "pt-BR": ["€_1.234,50", "1.234.567,891 1.234,50", "26% 25,6%", "3 de jan. de 2026 | sábado, 3 de janeiro de 2026",
              "12:00", "03/01/2026 12:00", "há 3 horas | em 2 dias", "a, b e c | a ou b"],
    "ar": ["1,234.50_€", "1,234,567.891 1,234.50", "26% 25.6%", "03/01/2026 | السبت، 3 يناير 2026", "12:00 م",
           "3/1/2026، 12:00 م", "قبل 3 ساعات | خلال يومين", "a وb وc | a أو b"],
    "ja": ["€1,234.50", "1,234,567.891 1,234.50", "26% 25.6%", "2026/01/03 | 2026年1月3日土曜日", "12:00",
           "2026/01/03 12:00", "3 時間前 | 2 日後", "a、b、c | aまたはb"],
    "pl": ["1_234,50_€", "1_234_567,891 1_234,50", "26% 25,6%", "3 sty 2026 | sobota, 3 stycznia 2026", "12:00",
           "3.01.2026, 12:00", "3 godziny temu | za 2 dni", "a, b i c | a lub b"],
}  # fmt: skip


@pytest.mark.parametrize("locale", SAID)
def test_formats_are_those_of_the_recipient(locale: str) -> None:
    assert [text(source, locale) for source in SOURCES.values()] == SAID[locale]


FORMS = "{{ n|plural(zero='zero', one='one', two='two', few='few', many='many', other='other') }}"


@pytest.mark.parametrize(
    ("language", "classes"),
    [
        ("en", ["other", "one", "other", "other", "other", "other", "other"]),
        ("sw", ["other", "one", "other", "other", "other", "other", "other"]),
        ("fr", ["one", "one", "other", "other", "other", "other", "one"]),
        ("pt-BR", ["one", "one", "other", "other", "other", "other", "one"]),
        ("ar", ["zero", "one", "two", "few", "many", "other", "other"]),
        ("ja", ["other"] * 7),
        ("pl", ["many", "one", "few", "few", "many", "many", "other"]),
    ],
)
def test_plural_knows_the_classes_of_a_language(language: str, classes: list[str]) -> None:
    assert [text(FORMS, language, language, n=n) for n in (0, 1, 2, 3, 11, 100, 1.5)] == classes


ITEMS = "{{ n }} {{ n|plural(one='item', other='items') }}, {{ ['a', 'b']|list }}, {{ 0.5|number }}"


def test_the_rules_of_words_are_those_of_the_words_and_formats_those_of_the_reader() -> None:
    # a Japanese reader of English words: one item, not "1 items"; a Pole reads 0,5
    assert text(ITEMS, "ja", "en", n=1) == "1 item, a and b, 0.5"
    assert text(ITEMS, "pl", "en", n=2) == "2 items, a and b, 0,5"
    # without a language of its own, and in another country's variant, the reader's
    assert text(ITEMS, "fr-CA", "fr", n=0) == "0 item, a et b, 0,5"
    assert text(ITEMS, "fr", "", n=0) == "0 item, a et b, 0,5"


def test_each_field_has_its_own_language() -> None:
    fields = {
        "title": "{{ n|plural(one='item', other='items') }}",
        "body": "{{ n|plural(one='objet', other='objets') }}",
    }
    content = compile_content(ChannelKey.PUSH, fields, language={"title": "en", "body": "fr"})
    assert content.render({"n": 0, "locale": "fr"}) == {"title": "items", "body": "objet"}


def test_a_spoken_list_is_still_a_list() -> None:
    assert (
        text("{% set l = ['b', 'a']|sort|list %}{{ l|length }}{{ l[0] }}{{ l|join('-') }}{{ l|last }}", "en")
        == "2aa-bb"
    )
    assert text("{{ []|list }}{{ ['x']|list }}{{ gone|list }}", "en") == "x"
    assert text("{{ ['kg', 'm']|list('unit') }}", "en") == "kg, m"
    html = compile_content(ChannelKey.EMAIL, {"subject": "s", "html": "{{ ['<b>', 'c'|e]|list }}"})
    assert html.render({"locale": "en"})["html"] == "&lt;b&gt; and c"


def test_words_are_counted_where_there_are_no_blanks() -> None:
    assert text("{{ '注文が発送されました'|truncate_words(4) }}", "ja") == "注文が発..."
    assert text("{{ 'one two three'|truncate_words(2, '…') }}", "en") == "one two…"


def test_just_now_is_past() -> None:
    assert text("{{ now|time_ago }}", "en") == "1 second ago"


@pytest.mark.parametrize(("source", "locale"), [("{{ 1234.5|currency('EUR') }}", "fr"), ("{{ at|time }}", "en")])
def test_a_format_does_not_double_the_price_of_a_text_message(source: str, locale: str) -> None:
    fields = compile_content(ChannelKey.SMS, {"body": source}).render({"locale": locale, "at": AT})
    content = channel_of(ChannelKey.SMS).build(fields, {})
    assert isinstance(content, SmsContent)
    assert count_segments(content.body).forced_by == ""


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("{{ x|nofilter }}", (1, 6)),
        ("ab\n  {{ x }} {{ y.__class__ }}", (2, 16)),
        ("{% if x %}\n{% include 'y' %}{% endif %}", (2, 4)),
        ("{{ x\n  | safe }}", (2, 5)),
        ("{{ cycler() }}", (1, 4)),
        ("{{ a b }}", (1, 6)),
        ("{% frobnicate %}", (1, 4)),
        ("{{ a", (1, 1)),
        ("{{ x is nice }}", (1, 9)),
        ("{{ x.pop('a') }}", (1, 6)),
        ("\r\n\r\n {{ 1 if }}", (3, 2)),
        ("{{ 99999999999999999999999999999999 ** 1e999 }}", (1, 1)),
    ],
)
def test_a_fault_has_line_and_column(source: str, place: tuple[int, int]) -> None:
    (fault,) = validate({"body": source}, ChannelKey.SMS).errors
    assert (fault.line, fault.column) == place
