"""The page of the template language says what is so: each example is rendered, each name and limit is there."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from clarion.contract.channel import ChannelKey
from clarion.records.templating.context import Recipient, merged, preview_context
from clarion.records.templating.engine import limits
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.methods import METHODS
from clarion.records.templating.engine.validation import STANDARD_NAMES
from clarion.records.templating.engine.vocabulary import FILTERS, REFUSED_FILTERS, TESTS

pytestmark = pytest.mark.django_db
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "template-language.md").read_text("utf-8")
NOW = datetime(2026, 1, 3, 12, tzinfo=UTC)
ASHA = Recipient(
    id=UUID("0199aaaa-0000-7000-8000-000000000001"),
    first_name="Asha",
    last_name="Mushi",
    email="asha@example.com",
    locale="en",
    timezone="Africa/Nairobi",
    attributes={"tier": "gold"},
)
_BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_NUMBERS = {"10^30": 10**30, "10^100": 1e100}


def rows(heading: str) -> list[list[str]]:
    """The cells of all tables under a heading, without the headings of the tables."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for at, row in enumerate(cells) if "---" not in row[0] and "---" not in [*cells, [""]][at + 1][0]]


def names(heading: str, column: int = 0) -> set[str]:
    return {name for row in rows(heading) for name in _CODE.findall(row[column])}


def context() -> dict[str, object]:
    own = json.loads(_BLOCK.findall(PAGE)[0])
    return merged(preview_context(ASHA, ChannelKey.CHAT, NOW), own)


def said(source: str) -> str:
    text = compile_content(ChannelKey.CHAT, {"text": source}, language="en").render(context())["text"]
    return text.replace("\xa0", " ").replace("\u202f", " ")


EXAMPLES = [
    (row[2].strip("`"), row[3].strip("`"))
    for line in (
        "Statements",
        "Variables",
        "Filters of language",
        "Filters of text",
        "Filters of numbers",
        "Filters of lists",
        "Tests",
        "Methods",
    )
    for row in rows(line)
    if "{" in row[2]
]


@pytest.mark.parametrize(("source", "result"), EXAMPLES, ids=[source for source, _ in EXAMPLES])
def test_an_example_of_the_page_gives_what_it_says(source: str, result: str) -> None:
    if result not in set(TemplateErrorCode):
        assert said(source) == result
        return
    with pytest.raises(TemplateError) as raised:
        said(source)
    assert raised.value.code == result


def test_every_filter_test_method_and_variable_is_on_the_page() -> None:
    kinds = ("language", "text", "numbers", "lists")
    assert set().union(*(names(f"Filters of {kind}") for kind in kinds)) == set(FILTERS)
    assert names("Tests") == set(TESTS)
    assert names("Methods", 1) == METHODS
    assert {name.partition(".")[0] for name in names("Variables")} == STANDARD_NAMES
    assert all(f"`{name}`" in PAGE for name in REFUSED_FILTERS)


def test_every_limit_is_on_the_page_with_its_value() -> None:
    stated = {row[0].strip("`"): _NUMBERS.get(row[2]) or float(row[2].replace(",", "")) for row in rows("Limits")}
    known = {name: value for name, value in vars(limits).items() if name.startswith("MAX_")}
    assert stated == known


def test_the_whole_context_of_the_page_is_that_of_a_message() -> None:
    shown = json.loads(_BLOCK.findall(PAGE)[1])
    real = json.loads(
        json.dumps(preview_context(ASHA, ChannelKey.CHAT, NOW), default=lambda moment: moment.isoformat())
    )
    assert shown.keys() == real.keys()
    assert {name: value for name, value in shown.items() if name != "brand"} == {
        name: value for name, value in real.items() if name != "brand"
    }
    assert shown["brand"].keys() <= real["brand"].keys()
