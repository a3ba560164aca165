import re
from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest
from babel import Locale

from clarion.channels.registry import channel as channel_of
from clarion.channels.sms_segments import count_segments
from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent, SmsContent
from clarion.records.templating.engine.compile import compile_content
from clarion.surfaces.cli.demo_data.content import DemoTemplate, ink_for, read_templates
from clarion.surfaces.cli.demo_data.people import PEOPLE

TEMPLATES = {template.path: template for template in read_templates()}
STANDARD = {
    "user": {"first_name": "Ann", "full_name": "Ann Abel"},
    "app_name": "Clarion",
    "app_url": "http://127.0.0.1:8000",
    "current_time": datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
    "now": datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
    "greeting": "Good morning",
    "locale": "en-US",
    "timezone": "UTC",
}
ALIASES = [
    "order_placed_email",
    "order_shipped_email",
    "order_delivered_email",
    "security_alert_email",
    "marketing_email",
]
THEMES = {
    "order.placed": "#4CAF50",
    "order.shipped": "#2196F3",
    "order.delivered": "#673AB7",
    "security.alert": "#F44336",
    "marketing.promotion": "#FF9800",
}


def rendered(template: DemoTemplate, channel: ChannelKey, locale: str = "", **context: object) -> object:
    strict = bool(context)
    fields = compile_content(channel, template.contents[channel][locale], strict=strict).render({**STANDARD, **context})
    return channel_of(channel).build(fields, {})


def test_the_paths_are_those_promised() -> None:
    assert set(TEMPLATES) == {*THEMES, "welcome", "user.course.*", *ALIASES}


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_template_speaks_on_every_channel_and_renders_its_sample_without_an_undefined_variable(path: str) -> None:
    template = TEMPLATES[path]
    assert set(template.contents) == set(ChannelKey)
    for channel, locales in template.contents.items():
        assert "" in locales
        for locale in locales:
            rendered(template, channel, locale, **template.sample)


@pytest.mark.parametrize("path", [*ALIASES, "welcome"])
def test_what_the_documents_call_without_variables_renders_without_any_on_every_channel(path: str) -> None:
    assert TEMPLATES[path].required == ()
    for channel in ChannelKey:
        rendered(TEMPLATES[path], channel)


@pytest.mark.parametrize("path", THEMES)
def test_an_email_has_its_theme_both_bodies_and_no_place_left_open(path: str) -> None:
    content = rendered(TEMPLATES[path], ChannelKey.EMAIL, **TEMPLATES[path].sample)
    assert isinstance(content, EmailContent)
    assert f"background:{THEMES[path]}" in content.html
    assert "[[" not in content.html
    assert "prefers-color-scheme: dark" in content.html
    assert 'name="viewport"' in content.html
    assert len(content.html) < 30_000
    assert "<" not in content.text
    assert "John Doe" in content.text


def test_the_order_table_has_a_row_for_each_item_with_its_price_and_the_total() -> None:
    content = rendered(TEMPLATES["order.placed"], ChannelKey.EMAIL, **TEMPLATES["order.placed"].sample)
    assert isinstance(content, EmailContent)
    for words in ("Ceramic mug", "$24.50", "Linen throw", "$50.99", "$99.99"):
        assert words in content.html
        assert words in content.text


def test_a_total_that_is_text_already_is_shown_as_it_is() -> None:
    context = {**TEMPLATES["order.placed"].sample, "order_total": "$99.99", "items": []}
    content = rendered(TEMPLATES["order.placed"], ChannelKey.EMAIL, **context)
    assert isinstance(content, EmailContent)
    assert "Total: $99.99" in content.text


def test_markup_in_a_variable_stays_text() -> None:
    context = {**TEMPLATES["order.placed"].sample, "customer_name": "<script>alert(1)</script>"}
    content = rendered(TEMPLATES["order.placed"], ChannelKey.EMAIL, **context)
    assert isinstance(content, EmailContent)
    assert "<script>" not in content.html
    assert "&lt;script&gt;" in content.html


@pytest.mark.parametrize("path", THEMES)
def test_an_sms_is_one_segment(path: str) -> None:
    content = rendered(TEMPLATES[path], ChannelKey.SMS, **TEMPLATES[path].sample)
    assert isinstance(content, SmsContent)
    assert count_segments(content.body).segments == 1


@pytest.mark.parametrize("color", THEMES.values())
def test_words_on_the_theme_colour_have_the_contrast_that_wcag_asks_for(color: str) -> None:
    lighter, darker = sorted((luminance(color), luminance(ink_for(color))), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


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
