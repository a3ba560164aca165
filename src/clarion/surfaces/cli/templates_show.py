"""Plans and differences for people to read."""

import difflib
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from clarion.records.templating.checks import Severity
from clarion.records.templating.files import TemplateFiles
from clarion.records.templating.files.content_file import content_files
from clarion.records.templating.files.manifest import dump_manifest
from clarion.records.templating.files.template import MANIFEST, folder_name
from clarion.surfaces.cli.lint_report import harmless, locate
from clarion.surfaces.cli.templates_plan import Kind, Step

_MARKS = {
    Kind.CREATED: ("+", "green"),
    Kind.CHANGED: ("~", "yellow"),
    Kind.PUBLISHED: ("^", "green"),
    Kind.UNCHANGED: ("=", "dim"),
    Kind.ABSENT: ("-", "cyan"),
    Kind.CONFLICT: ("!", "bold red"),
}
_LINES = {"+": "green", "-": "red", "@": "cyan"}
LONGEST_DIFF = 60
"""Lines of one template's differences in a plan; `clarion templates diff` shows all."""


def show_plan(console: Console, steps: Sequence[Step], *, absent: str, toward_server: bool) -> None:
    """A line for each template that is not unchanged, with what differs and what was found; then the counts."""
    for step in steps:
        if step.kind is Kind.UNCHANGED:
            continue
        mark, color = _MARKS[step.kind]
        said = absent if step.kind is Kind.ABSENT else str(step.kind)
        console.print(Text.assemble((f"{mark} {step.path}", color), f"  {said}"))
        if step.kind in (Kind.CHANGED, Kind.CONFLICT):
            lines = differences(step, toward_server=toward_server)
            _lines(console, lines[:LONGEST_DIFF])
            if len(lines) > LONGEST_DIFF:
                console.print(
                    f"    … {len(lines) - LONGEST_DIFF} lines more: clarion templates diff --only {step.path}"
                )
        _findings(console, step)
    console.print(counts(steps))


def counts(steps: Sequence[Step]) -> str:
    """`1 created, 2 unchanged.`"""
    numbers = [(kind, sum(step.kind is kind for step in steps)) for kind in Kind]
    said = ", ".join(f"{number} {kind}" for kind, number in numbers if number)
    return f"{said or 'nothing there'}."


def show_differences(console: Console, steps: Sequence[Step]) -> None:
    """Everything that differs, as a patch from the server to the folder."""
    for step in steps:
        if step.kind is Kind.ABSENT:
            console.print(Text(f"only on the server: {step.path}", "cyan"))
        elif step.kind is Kind.CREATED:
            console.print(Text(f"only in the folder: {step.path}", "green"))
        elif step.kind is not Kind.UNCHANGED:
            _lines(console, differences(step, toward_server=True), indent=0)


def differences(step: Step, *, toward_server: bool) -> list[str]:
    """A unified diff over the template's files: what the server (or else the folder) would get is `+`."""
    ours = _texts(step.local)
    theirs = _texts(step.remote.template if step.remote else None)
    before, after = (theirs, ours) if toward_server else (ours, theirs)
    lines: list[str] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            shown = f"{folder_name(step.path)}/{name}"
            lines += difflib.unified_diff(old.splitlines(), new.splitlines(), f"a/{shown}", f"b/{shown}", lineterm="")
    return lines


def _texts(template: TemplateFiles | None) -> dict[str, str]:
    """The files as they would be written."""
    if template is None:
        return {}
    texts = {MANIFEST: dump_manifest(template)}
    for channel, locales in template.content.items():
        for locale, fields in locales.items():
            texts |= content_files(channel, locale, fields)
    return texts


def _lines(console: Console, lines: Sequence[str], indent: int = 4) -> None:
    for line in lines:
        style = "bold" if line.startswith(("+++", "---")) else _LINES.get(line[:1], "")
        console.print(Text(" " * indent + harmless(line), style), soft_wrap=True)


def _findings(console: Console, step: Step) -> None:
    """Errors one by one; of the rest how many there are."""
    rest = [finding for finding in step.findings if finding.severity is not Severity.ERROR]
    for finding in step.findings:
        if finding.severity is Severity.ERROR and step.local is not None:
            place = locate(step.local, finding)
            where = f"{place.file}:{place.line}:{place.column}" if place.line else place.file
            console.print(
                Text.assemble(("    error ", "bold red"), harmless(f"{where}  {finding.message} [{finding.code}]"))
            )
    if rest:
        notes = sum(finding.severity is Severity.NOTE for finding in rest)
        console.print(Text(f"    {len(rest) - notes} warnings, {notes} notes: clarion lint", "dim"))
