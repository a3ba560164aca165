"""The content checks: figures and edges that no planted folder shows, and the shipped designs, which are clean."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clarion.surfaces.cli.demo_data
from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks import Code, Finding, Severity, SmsPrice, check
from clarion.records.templating.checks.colors import Color, contrast, parse_color
from clarion.records.templating.checks.links import address_faults
from clarion.records.templating.checks.rules import RULES
from clarion.records.templating.checks.run import examine
from clarion.records.templating.checks.styles import looks
from clarion.records.templating.checks.tags import read_tags
from clarion.records.templating.files import TemplateFiles, read_folder

SHIPPED = Path(clarion.surfaces.cli.demo_data.__file__).parent / "templates"
SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 100},
        "items": {"type": "array", "items": {"type": "string"}},
    },
}


def _draft(key: ChannelKey, default: dict[str, str], **given: object) -> TemplateFiles:
    draft = TemplateFiles(path="order.placed", name="Order", category="orders", content={key: {"": default}})
    return replace(draft, **given)  # type: ignore[arg-type]


def _codes(findings: list[Finding]) -> list[str]:
    return [str(each.code) for each in findings]


def test_the_shipped_designs_are_clean() -> None:
    found = {
        f"{template.path} {each.channel} {each.locale} {each.field}:{each.line} {each.code}: {each.message}"
        for template in read_folder(SHIPPED)
        for each in check(template, marketing=template.category == "marketing")
    }

    assert found == set()


def test_every_code_has_a_rule_and_every_rule_says_what_to_do() -> None:
    assert set(RULES) == set(Code)
    assert [code for code, rule in RULES.items() if not rule.meaning or not rule.hint] == []


def test_the_reference_lists_every_code() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "checks.md").read_text("utf-8")

    assert [code for code, rule in RULES.items() if f"| `{code}` | {rule.severity} |" not in page] == []


def test_the_longest_case_takes_the_limits_of_the_schema() -> None:
    draft = _draft(
        ChannelKey.SMS,
        {"body": "Hello {{ name }}, order {{ items|join(', ') }}"},
        schema=SCHEMA,
        sample={"name": "Ann", "items": ["a", "b"]},
    )

    price = SmsPrice(amount=Decimal("0.05"), currency="USD")
    (measure,) = examine(draft, marketing=False, sms_price=price).sms

    assert (measure.sample.characters, measure.sample.segments) == (len("Hello Ann, order a, b"), 1)
    assert measure.worst.characters == len("Hello , order a, b") + 100
    assert measure.unlimited == ("items",)
    assert measure.cost(measure.sample) == "0.05 USD"


def test_a_value_that_is_shortened_needs_no_limit() -> None:
    sample = {"name": "Ann"}
    long = _draft(ChannelKey.SMS, {"body": "Hello {{ name }}"}, required=("name",), sample=sample)
    short = _draft(ChannelKey.SMS, {"body": "Hello {{ name|truncate(20) }}"}, required=("name",), sample=sample)

    assert _codes(check(long)) == ["sms_unlimited"]
    assert _codes(check(short)) == []


def test_the_price_is_in_the_message() -> None:
    draft = _draft(ChannelKey.SMS, {"body": "Order shipped. " * 11})

    (found,) = check(draft, sms_price=SmsPrice(amount=Decimal("0.0500"), currency="USD"))

    assert found.message == "the sample takes 2 segments (164 characters, GSM-7, 0.10 USD)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It’s here", "’ (U+2019 RIGHT SINGLE QUOTATION MARK) makes it UCS-2: 70 characters instead of 160; ' instead"),
        ("Reçu", "ç (U+00E7 LATIN SMALL LETTER C WITH CEDILLA) makes it UCS-2"),
        ("Only 5\u00a0€", "␣ (U+00A0 NO-BREAK SPACE) makes it UCS-2: 70 characters instead of 160; a space instead"),
    ],
)
def test_the_character_that_forces_ucs2_is_named(text: str, shown: str) -> None:
    (found,) = check(_draft(ChannelKey.SMS, {"body": text}))

    assert found.code is Code.SMS_UNICODE
    assert shown in found.message


@pytest.mark.parametrize("text", ["Ваш заказ в пути", "您的訂單已發貨", "طلبك في الطريق", "आपका ऑर्डर रास्ते में है"])
def test_a_language_that_needs_another_alphabet_is_not_blamed(text: str) -> None:
    assert check(_draft(ChannelKey.SMS, {"body": text})) == []


def test_a_translation_that_was_left_behind_is_found_beside_the_version_in_force() -> None:
    before = {ChannelKey.SMS: {"": {"body": "Order shipped"}, "sw": {"body": "Agizo limetumwa"}}}
    now = {ChannelKey.SMS: {"": {"body": "Order delivered"}, "sw": {"body": "Agizo limetumwa"}}}
    draft = replace(_draft(ChannelKey.SMS, {}), content=now)

    assert _codes(check(draft, previous=before)) == ["locale_stale"]
    assert check(draft, previous=now) == []


def test_a_locale_that_is_none_is_an_error() -> None:
    content = {ChannelKey.SMS: {"": {"body": "Order shipped"}, "xx-YY": {"body": "Agizo limetumwa"}}}

    found = check(replace(_draft(ChannelKey.SMS, {}), content=content))

    assert [(each.code, each.severity) for each in found] == [(Code.LOCALE_UNKNOWN, Severity.ERROR)]


def test_made_up_values_are_not_blamed_on_the_template() -> None:
    html = '<p><a href="{{ target }}">{{ words }}</a> <img src="{{ where }}" alt="{{ words }}"></p>'
    fields = {"subject": "{{ words }}", "preheader": "{{ more }}", "html": html, "text": "{{ words }}"}
    draft = _draft(ChannelKey.EMAIL, fields, required=("target", "words", "where", "more"))

    assert check(draft) == []


def test_a_marketing_mail_needs_its_way_out_in_html_and_text() -> None:
    fields = {"subject": "Sale", "preheader": "Half price", "html": "<p>Half price</p>", "text": "Half price"}
    without = check(_draft(ChannelKey.EMAIL, fields), marketing=True)
    out = {
        "html": '<p><a href="{{ app_url }}/unsubscribe/x">Leave</a></p>',
        "text": "Leave: {{ app_url }}/unsubscribe/x",
    }

    assert [(each.code, each.field) for each in without] == [
        (Code.UNSUBSCRIBE_MISSING, "html"),
        (Code.UNSUBSCRIBE_MISSING, "text"),
    ]
    assert check(_draft(ChannelKey.EMAIL, fields | out), marketing=True) == []
    assert check(_draft(ChannelKey.EMAIL, fields)) == []


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "white", 21.0),
        ("#767676", "#ffffff", 4.54),
        ("rgb(255, 0, 0)", "#fff", 4.0),
        ("hsl(0, 0%, 50%)", "#000", 5.28),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    first, second = parse_color(one), parse_color(other)

    assert isinstance(first, Color)
    assert isinstance(second, Color)
    assert contrast(first, second) == pytest.approx(ratio, abs=0.01)


def test_colours_are_computed_from_rules_inline_styles_and_what_is_handed_down() -> None:
    html = """<html><head><style>
    .card { background-color: #ffffff; color: #222222 } .card a { color: #0000ee }
    @media (prefers-color-scheme: dark) { .card { background-color: #111111 !important; color: #eeeeee !important } }
    </style></head><body><div class="card" style="font-size:20px"><p><b>Hello</b> <a href="https://x.org">there</a></p>
    </div></body></html>"""

    light = {seen.text.strip(): seen.look for seen in looks(html, dark=False) if seen.text}
    dark = {seen.text.strip(): seen.look for seen in looks(html, dark=True) if seen.text}

    assert (light["Hello"].color.hex, light["Hello"].size, light["Hello"].bold) == ("#222222", 20.0, True)
    assert light["there"].color.hex == "#0000ee"
    assert light["there"].ground is not None
    assert light["there"].ground.hex == "#ffffff"
    assert (dark["Hello"].color.hex, dark["Hello"].ground.hex) == ("#eeeeee", "#111111")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org",
        "https://example.org:8443/a?b=c#d",
        "mailto:a@example.org",
        "mailto:?subject=x",
        "tel:+255712345678",
        "#top",
    ],
)
def test_sound_addresses_pass(address: str) -> None:
    assert list(address_faults(address)) == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", Code.LINK_EMPTY),
        ("#", Code.LINK_PLACEHOLDER),
        ("javascript:alert(1)", Code.LINK_UNSAFE),
        ("java\tscript:alert(1)", Code.LINK_UNSAFE),
        ("data:text/html,x", Code.LINK_UNSAFE),
        ("https://", Code.LINK_BROKEN),
        ("https:///x", Code.LINK_BROKEN),
        ("https://[::1", Code.LINK_BROKEN),
        ("https://example", Code.LINK_BROKEN),
        ("https://exa..mple.org", Code.LINK_BROKEN),
        ("//example.org/x", Code.LINK_BROKEN),
        ("mailto:ann", Code.LINK_BROKEN),
        ("tel:abc", Code.LINK_BROKEN),
        ("example.org/x", Code.LINK_RELATIVE),
        ("example.org:8080/x", Code.LINK_RELATIVE),
        ("http://example.org", Code.LINK_INSECURE),
        ("http://192.168.1.5/x", Code.LINK_LOCAL),
        ("https://shop.local/x", Code.LINK_LOCAL),
        ("https://www.bit.ly/x", Code.LINK_SHORTENED),
    ],
)
def test_faulty_addresses_are_told_apart(address: str, code: Code) -> None:
    assert [found for found, _ in address_faults(address)] == [code]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>/\"'=ab {%}#-!\n&;:"), max_size=80))
def test_no_text_breaks_the_checks(text: str) -> None:
    fields = {"subject": text, "preheader": text, "html": text, "text": text}

    for found in check(_draft(ChannelKey.EMAIL, fields), marketing=True):
        assert found.line <= text.count("\n") + 1


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>/\"'=apx -!\n"), max_size=80))
def test_tags_and_texts_cover_the_source_in_order(text: str) -> None:
    at = 0
    for tag in read_tags(text):
        assert tag.start >= at
        assert tag.end > tag.start
        at = tag.end
    assert at <= len(text)


@pytest.mark.parametrize(
    "html", ["<i>" * 30_000, "<a " * 30_000, '<a b="' * 16_000, "<style>" * 14_000, "<!--" * 24_000]
)
def test_hostile_html_neither_kills_the_process_nor_takes_for_ever(html: str) -> None:
    fields = {
        "subject": "Sale",
        "preheader": "Half price",
        "html": f"<style>p {{ color: #000 }}</style>{html}",
        "text": "x",
    }

    assert Code.EMAIL_NO_TEXT not in _codes(check(_draft(ChannelKey.EMAIL, fields)))
