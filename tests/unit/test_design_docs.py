"""docs/reference/email-designs.md: each of its samples works, and its tables are what is there."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from clarion.contract.channel import ChannelKey
from clarion.records.brand.values import Brand, SocialLink, check
from clarion.records.templating.design import prepare
from clarion.records.templating.design.library import layouts, partials
from clarion.records.templating.engine.compile import compile_content
from clarion.surfaces.api.brand import BrandBody
from clarion.surfaces.cli.demo_data.content import ALIASES, read_templates

PAGE = Path(__file__).parents[2] / "docs/reference/email-designs.md"
TEXT = PAGE.read_text("utf-8")
SAMPLES = re.findall(r"```(html|jinja|json)\n(.*?)```", TEXT, re.DOTALL)
CONTEXT = {
    "brand": Brand(name="Shop").as_context(),
    "user": {"first_name": "Ann"},
    "items": [{"name": "Mug", "price": 3}],
    "picks": [{"name": "Mug", "price": 3}],
    "day": "2026-12-05",
    "delivery_date": "2026-12-05",
    "people": 2,
    "sum": 7.9,
    "locale": "en",
    "review_url": "https://shop.example/r",
    "booking_url": "https://shop.example/b",
    "tracking_number": "T-1",
    "quote": "To be",
}


def rows(heading: str) -> list[list[str]]:
    part = TEXT.partition(f"{heading}\n")[2]
    table = re.search(r"\n\|[-|]+\|\n((?:\|.*\n)+)", part)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in table[1].splitlines()]


@pytest.mark.parametrize("sample", [code for kind, code in SAMPLES if kind == "html"])
def test_a_sample_in_html_can_be_sent(sample: str) -> None:
    fields = prepare(ChannelKey.EMAIL, {"subject": "Hi", "html": sample}, theme="#4CAF50")
    html = compile_content(ChannelKey.EMAIL, fields).render(CONTEXT)["html"]
    assert "style=" in html
    assert "{{" not in html


def test_the_sample_of_an_sms_can_be_sent() -> None:
    (sample,) = [code for kind, code in SAMPLES if kind == "jinja"]
    fields = prepare(ChannelKey.SMS, {"body": sample})
    rendered = compile_content(ChannelKey.SMS, fields).render({**CONTEXT, "order_number": "7"})
    assert rendered["body"].strip() == "Shop: order 7 will arrive on Dec 5, 2026."


def test_the_sample_of_a_brand_is_one() -> None:
    (sample,) = [code for kind, code in SAMPLES if kind == "json"]
    body = msgspec.convert(json.loads(sample), BrandBody)
    social = tuple(SocialLink(name=each.name, url=each.url) for each in body.social)
    check(Brand(name=body.name, logo_url=body.logo_url, color=body.color, address=body.address, social=social))


def test_the_table_of_partials_is_complete() -> None:
    told = {row[0].strip("`| "): row[1:] for row in rows("## Partials")}
    assert list(told) == sorted(partials())
    for name, partial in partials().items():
        parameters = ", ".join(
            f"`{key}`" if value is None else f"`{key}={value}`" for key, value in partial.parameters.items()
        )
        forms = ["✓" if form else "" for form in (partial.html, partial.text)]
        assert [cell.strip("| ") for cell in told[name]] == [parameters, *forms]


def test_the_table_of_blocks_is_complete() -> None:
    told = {name for row in rows("### Blocks") for name in re.findall(r"`(\w+)`", row[0])}
    assert told == layouts()["base"].blocks


def test_the_table_of_designs_is_complete_and_every_picture_is_there() -> None:
    told = {row[0].strip("`| "): [cell.strip("`| ") for cell in row[1:3]] for row in rows("## The shipped designs")}
    own = {t.path: [ALIASES.get(t.path, ""), t.theme] for t in read_templates() if t.path not in ALIASES.values()}
    assert told == own
    pictures = re.findall(r"!\[\]\(([^)]+)\)", TEXT)
    assert len(pictures) == 20
    assert sum((PAGE.parent / picture).stat().st_size for picture in pictures) < 1_500_000
