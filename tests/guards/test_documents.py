"""The documents keep up with the code: generated pages are fresh, links lead somewhere, commands exist."""

import re
import sys
from functools import lru_cache
from types import ModuleType

import pytest
import typer.main
from django.core.management import get_commands
from guards.tree import ROOT, documents, place, text_of

from clarion.config.environment import PREFIX, Environment
from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.access.permissions import Permission
from clarion.records.ledger.status import Status
from clarion.surfaces.api.fields import PRIORITY_NUMBERS
from clarion.surfaces.cli.main import app

GLOSSARY = ROOT / "docs" / "glossary.md"
DECISIONS = ROOT / "docs" / "decisions"
LONGEST_DECISION = 50
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^ *```console\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SHOWN_AS = {"make", "clarion"}


@lru_cache(maxsize=1)
def _generator() -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import generate_docs
    finally:
        sys.path.pop(0)
    return generate_docs


def test_the_generated_pages_are_fresh() -> None:
    stale = [place(path) for path, _ in _generator().stale()]

    assert stale == [], "run .venv/bin/python scripts/generate_docs.py"


def test_every_setting_and_every_reason_has_its_row() -> None:
    environment = text_of(ROOT / "docs/reference/environment.md")
    reasons = text_of(ROOT / "docs/reference/reasons.md")

    assert [name for name in Environment.model_fields if f"| `{PREFIX}{name.upper()}` |" not in environment] == []
    assert [reason for reason in Reason if f"| `{reason}` |" not in reasons] == []


@pytest.mark.parametrize("words", [Status, ChannelKey, Permission, PRIORITY_NUMBERS], ids=str)
def test_the_glossary_explains_every_word_of_the_closed_sets(words: list[str]) -> None:
    glossary = text_of(GLOSSARY)

    assert [str(word) for word in words if f"`{word}`" not in glossary] == []


def _anchor(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.replace(" ", "-")


def test_every_relative_link_leads_to_a_file_and_a_heading() -> None:
    broken = []
    for document in documents():
        for target in _LINK.findall(_FENCE.sub("", text_of(document))):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            found = (document.parent / path) if path else document
            if not found.exists():
                broken.append(f"{place(document)}: {target}")
            elif anchor and anchor not in {_anchor(heading) for heading in _HEADING.findall(text_of(found))}:
                broken.append(f"{place(document)}: {target} (no such heading)")

    assert broken == []


def _commands() -> list[tuple[str, list[str]]]:
    """Every line `$ …` of the ```console blocks, its variables in front removed."""
    found = []
    for document in documents():
        for block in _CONSOLE.findall(text_of(document)):
            for line in re.sub(r"\\\n\s*", "", block).splitlines():
                if line.strip().startswith("$ "):
                    words = line.strip().removeprefix("$ ").split()
                    while words and re.match(r"[A-Z_]+=", words[0]):
                        words.pop(0)
                    if words:
                        found.append((place(document), words))
    return found


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))


def _fault(words: list[str]) -> str:
    """Why the command line would not work, or empty. Other programs than ours are not looked at."""
    program = words[0].rpartition("/")[2]
    if program == "make":
        return "" if set(words[1:]) <= _targets() else "no such target"
    if program != "clarion":
        return ""
    commands = dict(_generator().commands(typer.main.get_command(app)))
    command = commands.get(" ".join(words[1:3])) or commands.get(words[1])
    if command is None:
        return "no such command"
    if words[1] == "manage":
        return "" if words[2] in get_commands() else "no such management command"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return ", ".join(word for word in words[2:] if word.startswith("--") and word.partition("=")[0] not in known)


def test_every_command_shown_exists_with_its_options() -> None:
    shown = _commands()
    faults = [f"{document}: {' '.join(words)}: {fault}" for document, words in shown if (fault := _fault(words))]

    assert faults == []
    assert {words[0].rpartition("/")[2] for _, words in shown} >= _SHOWN_AS


def test_decisions_are_numbered_without_gaps_and_short() -> None:
    files = sorted(path for path in DECISIONS.glob("*.md"))
    numbers = [int(path.name[:4]) for path in files]

    assert numbers == list(range(1, len(files) + 1))
    for path in files:
        text = text_of(path)
        assert text.startswith(f"# {path.name[:4]} — "), path.name
        assert len(text.splitlines()) <= LONGEST_DECISION, path.name
        assert all(f"## {part}" in text for part in ("Context", "Choice", "Refused")), path.name
