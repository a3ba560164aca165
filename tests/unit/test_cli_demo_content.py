"""The shipped designs: what they say on every channel and in every language, and that nothing is wrong with them."""

import re
from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest
from babel import Locale

from clarion.channels.registry import channel as channel_of
from clarion.channels.sms_segments import count_segments
from clarion.contract.channel import ChannelKey
from clarion.contract.content import Content, EmailContent, SmsContent
from clarion.records.brand.colors import contrast, palette
from clarion.records.brand.values import Brand
from clarion.records.templating.checks import check
from clarion.records.templating.design import prepare
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.limits import MAX_SOURCE
from clarion.records.templating.files import TemplateFiles
from clarion.surfaces.cli.demo_data.content import ALIASES, read_templates
from clarion.surfaces.cli.demo_data.people import PEOPLE

TEMPLATES = {template.path: template for template in read_templates()}
LANGUAGES = {"": "en", "fr": "fr-FR", "sw": "sw-KE"}
THEMES = {
    "order.placed": "#4CAF50",
    "order.shipped": "#2196F3",
    "order.delivered": "#673AB7",
    "security.alert": "#F44336",
    "marketing.promotion": "#FF9800",
}
OWN = [*THEMES, "welcome", "user.course.*"]
DOCUMENTS = {
    "customer_name": "John Doe",
    "order_number": "ORD-12345",
    "order_date": "December 1, 2023",
    "order_total": "$99.99",
    "tracking_number": "TRK123456789",
    "delivery_date": "December 5, 2023",
}
"""The variables as the e-commerce document gives them: ready words, no numbers and no dates."""


def standard(locale: str = "en") -> dict[str, object]:
    now = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    return {
        "user": {"first_name": "Ann", "full_name": "Ann Abel"},
        "app_name": "Clarion",
        "app_url": "http://127.0.0.1:8000",
        "brand": Brand(name="Clarion", address="1 Street\nTown").as_context(),
        "current_time": now,
        "now": now,
        "locale": locale,
        "timezone": "UTC",
        "unsubscribe_url": "https://example.org/unsubscribe",
        "preferences_url": "https://example.org/preferences",
    }


def rendered(template: TemplateFiles, channel: ChannelKey, locale: str = "", **context: object) -> Content:
    fields = prepare(channel, template.content[channel][locale], theme=template.theme, locale=locale)
    made = compile_content(channel, fields).render({**standard(LANGUAGES[locale]), **context})
    return channel_of(channel).build(made, {})


def mail(path: str, locale: str = "", **context: object) -> EmailContent:
    content = rendered(TEMPLATES[path], ChannelKey.EMAIL, locale, **context)
    assert isinstance(content, EmailContent)
    return content


def test_the_paths_are_those_promised() -> None:
    assert set(TEMPLATES) == {*OWN, *ALIASES.values()}


@pytest.mark.parametrize("path", OWN)
def test_a_template_speaks_on_every_channel_in_every_language(path: str) -> None:
    content = TEMPLATES[path].content
    assert set(content) == set(ChannelKey)
    for channel, locales in content.items():
        assert set(locales) == ({""} if channel is ChannelKey.WEBHOOK else set(LANGUAGES))
        for locale in locales:
            rendered(TEMPLATES[path], channel, locale, **TEMPLATES[path].sample)


@pytest.mark.parametrize("path", OWN)
def test_the_checks_find_nothing_at_all(path: str) -> None:
    template = TEMPLATES[path]
    assert check(template, marketing=template.category == "marketing") == []


@pytest.mark.parametrize("path", [*ALIASES.values(), "welcome"])
@pytest.mark.parametrize("context", [{}, DOCUMENTS], ids=["nothing", "the documents"])
def test_what_the_documents_call_renders_with_their_variables_and_without_any(
    path: str, context: dict[str, object]
) -> None:
    assert TEMPLATES[path].required == ()
    assert "required" not in TEMPLATES[path].schema
    for channel in ChannelKey:
        rendered(TEMPLATES[path], channel, **context)
    if "order_placed" in path and context:
        assert "of December 1, 2023" in mail(path, **context).text
        assert "Total: $99.99" in mail(path, **context).text


@pytest.mark.parametrize("path", THEMES)
@pytest.mark.parametrize("locale", LANGUAGES)
def test_an_email_has_its_theme_its_language_and_both_bodies(path: str, locale: str) -> None:
    template = TEMPLATES[path]
    content = mail(path, locale, **template.sample)
    assert template.theme == THEMES[path]
    assert f'bgcolor="{THEMES[path]}"' in content.html
    assert f'<html lang="{LANGUAGES[locale][:2]}" dir="ltr"' in content.html
    assert "prefers-color-scheme:dark" in content.html
    assert 'name="viewport"' in content.html
    assert len(content.html.encode()) < 20_000
    assert "<" not in content.text
    assert "{" not in content.text
    assert "John Doe" in content.text
    assert "\n\n\n" not in content.text


@pytest.mark.parametrize("path", OWN)
def test_what_is_prepared_is_far_from_what_the_engine_takes(path: str) -> None:
    template = TEMPLATES[path]
    for locale, fields in template.content[ChannelKey.EMAIL].items():
        made = prepare(ChannelKey.EMAIL, fields, theme=template.theme, locale=locale)
        assert all(len(source) < MAX_SOURCE / 3 for source in made.values())
        assert "{% extends" not in made["html"]
        assert "{% include" not in "".join(made.values())


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_order_table_has_a_row_for_each_item_with_its_price_and_the_total(locale: str) -> None:
    amounts = {
        "": ("2 × $24.50", "$49.00", "$50.99", "$99.99"),
        "fr": ("2 × 24,50\xa0$US", "49,00\xa0$US", "50,99\xa0$US", "99,99\xa0$US"),
        "sw": ("2 × US$\xa024.50", "US$\xa049.00", "US$\xa050.99", "US$\xa099.99"),
    }[locale]
    content = mail("order.placed", locale, **TEMPLATES["order.placed"].sample)
    for words in ("Ceramic mug", "Linen throw", *amounts):
        assert words in content.html.replace("&times;", "×")
        assert words in content.text.replace(" x ", " × ")


def test_dates_are_written_in_the_language() -> None:
    sample = TEMPLATES["order.shipped"].sample
    for locale, words in {
        "": "Tuesday, December 5, 2023",
        "fr": "mardi 5 décembre 2023",
        "sw": "5 Desemba 2023",
    }.items():
        assert words in mail("order.shipped", locale, **sample).html


@pytest.mark.parametrize("path", OWN)
def test_the_languages_are_languages_and_not_copies(path: str) -> None:
    for channel, locales in TEMPLATES[path].content.items():
        if channel is not ChannelKey.WEBHOOK:
            default = locales[""]
            for locale in ("fr", "sw"):
                same = {name for name, words in locales[locale].items() if words == default[name]} - {"link"}
                assert path == "user.course.*" or not same, (channel, locale, same)


@pytest.mark.parametrize(("path", "links"), [("marketing.promotion", 1), ("order.placed", 0), ("security.alert", 0)])
def test_marketing_and_nothing_else_can_be_unsubscribed_from_in_one_click(path: str, links: int) -> None:
    content = mail(path, **TEMPLATES[path].sample)
    assert content.html.count("https://example.org/unsubscribe") == links
    assert content.text.count("https://example.org/unsubscribe") == links
    assert ("https://example.org/preferences" in content.html) is (path != "security.alert")


def test_markup_in_a_variable_stays_text() -> None:
    context = {**TEMPLATES["order.placed"].sample, "customer_name": "<script>alert(1)</script>"}
    content = mail("order.placed", **context)
    assert "<script>" not in content.html
    assert "&lt;script&gt;" in content.html


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize("locale", LANGUAGES)
def test_an_sms_is_one_segment_of_the_plain_alphabet(path: str, locale: str) -> None:
    content = rendered(TEMPLATES[path], ChannelKey.SMS, locale, **TEMPLATES[path].sample)
    assert isinstance(content, SmsContent)
    counted = count_segments(content.body)
    assert (counted.segments, counted.forced_by) == (1, "")


@pytest.mark.parametrize("color", THEMES.values())
def test_words_on_the_theme_colour_have_the_contrast_that_wcag_asks_for(color: str) -> None:
    assert contrast(palette(color).ink, color) >= 4.5


def test_ten_people_of_ten_zones_can_be_reached() -> None:
    assert len(PEOPLE) == 10
    assert len({person.timezone for person in PEOPLE} & available_timezones()) == 10
    assert len({person.email for person in PEOPLE}) == 10
    assert len({person.phone for person in PEOPLE}) == 10
    for person in PEOPLE:
        Locale.parse(person.locale, sep="-")
        assert channel_of(ChannelKey.SMS).parse_address(person.phone) == person.phone
        assert re.fullmatch(r"[a-z]+@example\.com", person.email)
        assert person.devices
