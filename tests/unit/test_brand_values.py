"""Colours that can be read, and what may stand in a brand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.input_error import InputError
from clarion.records.brand.colors import contrast, ink_for, palette, theme_colors
from clarion.records.brand.values import Brand, SocialLink, check

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
THEMES = ["#4CAF50", "#2196F3", "#673AB7", "#F44336", "#FF9800"]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert contrast("#123456", "#123456") == 1


@given(COLORS)
def test_whatever_the_colour_is_what_is_written_on_it_or_in_it_can_be_read(color: str) -> None:
    made = palette(color)
    assert contrast(made.ink, made.color) >= 4.5
    for ground in ("#ffffff", made.tint):
        assert contrast(made.strong, ground) >= 4.5
        assert contrast("#1d232b", ground) >= 4.5
    for ground in ("#1c1f24", made.shade):
        assert contrast(made.bright, ground) >= 4.5
        assert contrast("#eceef1", ground) >= 4.5
    assert all(re.fullmatch("#[0-9a-fA-F]{6}", value) for value in made.names().values())


@pytest.mark.parametrize("color", THEMES)
def test_the_five_themes_keep_their_colour_and_their_soft_texts_can_be_read(color: str) -> None:
    made = palette(color)
    assert made.color == color
    assert contrast("#5b6570", made.tint) >= 4.5
    assert contrast("#a8b0ba", made.shade) >= 4.5


def test_ink_is_white_where_white_can_be_read() -> None:
    assert ink_for("#673AB7") == "#ffffff"
    assert ink_for("#000000") == "#ffffff"
    assert ink_for("#4CAF50") != "#000000"


@pytest.mark.parametrize("color", ["", "red", "#fff", "#12345g", "#1234567", "#123456;", " #123456"])
def test_what_is_no_colour_has_no_palette(color: str) -> None:
    with pytest.raises(ValueError, match="#rrggbb"):
        palette(color)


def test_without_a_theme_the_brands_palette_is_asked_for() -> None:
    assert theme_colors("")["tint"] == "{{ brand.tint }}"
    assert theme_colors("#4CAF50")["color"] == "#4CAF50"


GOOD = Brand(
    name="Shop & Co",
    logo_url="https://cdn.example.com/logo.png?v=2",
    logo_alt="Shop",
    color="#3F51B5",
    address="1 Street\nTown\n\nCountry",
    support_email="help@example.com",
    support_url="https://example.com/help",
    social=(SocialLink(name="Instagram", url="https://example.com/i"),),
)


def test_a_brand_becomes_plain_data_with_its_palette() -> None:
    check(GOOD)
    context = GOOD.as_context()
    assert context["address_lines"] == ["1 Street", "Town", "Country"]
    assert context["social"] == [{"name": "Instagram", "url": "https://example.com/i"}]
    assert context["ink"] == "#ffffff"
    assert Brand(name="Shop").as_context()["logo_alt"] == "Shop"


@pytest.mark.parametrize(
    ("field", "value", "pointer", "code"),
    [
        ("name", "x" * 101, "/name", "too_long"),
        ("name", "a\nb", "/name", "line_break"),
        ("name", "a\u2028b", "/name", "line_break"),
        ("logo_alt", "a\rb", "/logo_alt", "line_break"),
        ("address", "x\n" * 7, "/address", "too_long"),
        ("address", "a\x0bb", "/address", "line_break"),
        ("color", "blue", "/color", "invalid_color"),
        ("color", "#12345;", "/color", "invalid_color"),
        ("logo_url", "http://example.com/logo.png", "/logo_url", "invalid_url"),
        ("logo_url", "javascript:alert(1)", "/logo_url", "invalid_url"),
        ("logo_url", "https://localhost/logo.png", "/logo_url", "invalid_url"),
        ("logo_url", "https://user:pass@example.com/", "/logo_url", "invalid_url"),
        ("support_url", 'https://example.com/"onclick=', "/support_url", "invalid_url"),
        ("support_url", "https://exa mple.com", "/support_url", "invalid_url"),
        ("support_url", "https://[x", "/support_url", "invalid_url"),
        ("support_email", "help", "/support_email", "invalid_email"),
        ("social", (SocialLink(name="X", url="http://x.com"),), "/social/0/url", "invalid_url"),
        ("social", (SocialLink(name=" ", url="https://x.com"),), "/social/0", "required"),
        ("social", (SocialLink(name="X", url="https://x.com"),) * 9, "/social", "too_many"),
    ],
)
def test_what_cannot_stand_in_a_mail_is_refused(field: str, value: object, pointer: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        check(Brand(**{field: value}))  # type: ignore[arg-type]
    assert (caught.value.pointer, caught.value.code) == (pointer, code)
