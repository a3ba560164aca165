"""The three forms in which `clarion lint` says what it found."""

import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from clarion.records.templating.checks import Finding, Severity
from clarion.records.templating.checks.sms import SmsMeasure
from clarion.surfaces.cli.lint_report import Checked, Located, Report, harmless, locate

_COLORS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def text(report: Report) -> None:
    """For people: grouped by template, a summary at the end."""
    console = Console(highlight=False, soft_wrap=False)
    for each in report.checked:
        if each.findings:
            _template(console, each)
    for fault in report.faults:
        line = f", line {fault.line}" if fault.line else ""
        console.print(
            Text.assemble(
                ("cannot read ", "bold red"), (harmless(f"{fault.shown}{line}: "), "bold"), harmless(fault.message)
            )
        )
    console.print(_summary(report))


def _template(console: Console, checked: Checked) -> None:
    header = Text.assemble((checked.template.path, "bold"), ("  ", ""), (harmless(checked.template.name), "dim"))
    header.append(f"  {_sms(checked)}" if _sms(checked) else "", "dim")
    console.print(header)
    for finding in checked.findings:
        place = locate(checked.template, finding)
        name = place.file.partition("/")[2] or place.file
        where = harmless(f"{name}:{place.line}:{place.column}" if place.line else name)
        _hanging(
            console,
            2,
            Text.assemble(
                (f"{finding.severity:<8}", _COLORS[finding.severity]),
                (where, "bold"),
                f"  {harmless(_said(finding))} ",
                (f"[{finding.code}]", "dim"),
            ),
        )
        _hanging(console, 10, Text(f"→ {finding.hint}", "dim"))
    console.print()


def _hanging(console: Console, indent: int, line: Text) -> None:
    """Wrapped lines stand below the text, not below the margin."""
    parts = line.wrap(console, max(30, console.width - max(indent, 10)))
    for at, part in enumerate(parts):
        part.rstrip()
        console.print(Text(" " * (max(indent, 10) if at else indent)) + part, soft_wrap=True)


def _said(finding: Finding) -> str:
    """The message, with the locale where the file does not say it already."""
    return finding.message if finding.line or not finding.locale else f"({finding.locale}) {finding.message}"


def _sms(checked: Checked) -> str:
    """The lengths of all locales in a few words."""
    parts = []
    for each in checked.sms:
        cost = each.cost(each.sample)
        parts.append(
            f"{each.locale or 'default'} {each.sample.characters}/{each.sample.segments}{f' {cost}' if cost else ''}"
        )
    return f"SMS {', '.join(parts)}" if parts else ""


def _summary(report: Report) -> Text:
    if report.faults and not report.checked:
        return Text(
            f"{len(report.faults)} fault{'s' if len(report.faults) != 1 else ''}: nothing was checked.", "bold red"
        )
    counts = [(severity, report.count(severity)) for severity in Severity]
    templates = f"{len(report.checked)} template{'s' if len(report.checked) != 1 else ''}"
    said = [
        (f"{number} {severity}{'s' if number != 1 else ''}", _COLORS[severity]) for severity, number in counts if number
    ]
    line = Text(f"{templates}: ")
    if not said:
        line.append("nothing found.", "green")
        return line
    for at, (words, color) in enumerate(said):
        line.append(", " if at else "")
        line.append(words, color)
    line.append(".")
    return line


def github(report: Report) -> None:
    """Annotations: https://docs.github.com/actions/reference/workflow-commands-for-github-actions (2026-11)."""
    for fault in report.faults:
        print(_annotation("error", Located(file=fault.shown, line=fault.line, column=0), "unreadable", fault.message))
    for each in report.checked:
        for finding in each.findings:
            place = locate(each.template, finding)
            file = _from_here(each, place)
            shown = Located(file=file, line=place.line, column=place.column)
            message = f"{finding.message}. {finding.hint[:1].upper()}{finding.hint[1:]}."
            print(_annotation(_GITHUB[finding.severity], shown, str(finding.code), message))


def _annotation(kind: str, place: Located, title: str, message: str) -> str:
    properties = {"file": place.file, "line": place.line or None, "col": place.column or None, "title": title}
    given = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items() if value)
    return f"::{kind} {given}::{_escaped(message, '')}"


def _escaped(value: str, more: str) -> str:
    for char in f"%\r\n{more}":
        value = value.replace(char, f"%{ord(char):02X}")
    return value


def _from_here(checked: Checked, place: Located) -> str:
    """The file as seen from where the command runs; the folder may have been that of one template."""
    within = place.file if (checked.folder / place.file).exists() else Path(place.file).name
    return (checked.folder / within).as_posix()


class FindingOut(msgspec.Struct, frozen=True, kw_only=True):
    """One finding."""

    severity: str
    code: str
    message: str
    hint: str
    channel: str | None
    locale: str
    field: str
    file: str
    line: int
    column: int


class SmsOut(msgspec.Struct, frozen=True, kw_only=True):
    """How long an SMS is; `cost` is empty without a price."""

    locale: str
    encoding: str
    characters: int
    segments: int
    worst_characters: int
    worst_segments: int
    unlimited: tuple[str, ...]
    cost: str
    worst_cost: str


class TemplateOut(msgspec.Struct, frozen=True, kw_only=True):
    """One template."""

    path: str
    findings: list[FindingOut]
    sms: list[SmsOut]


class FaultOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be read."""

    file: str
    line: int
    message: str


class ReportOut(msgspec.Struct, frozen=True, kw_only=True):
    """The whole run."""

    templates: list[TemplateOut]
    faults: list[FaultOut]
    errors: int
    warnings: int
    notes: int


def as_json(report: Report) -> None:
    """One JSON document on standard output."""
    out = ReportOut(
        templates=[_template_out(each) for each in report.checked],
        faults=[FaultOut(file=each.shown, line=each.line, message=each.message) for each in report.faults],
        errors=report.count(Severity.ERROR),
        warnings=report.count(Severity.WARNING),
        notes=report.count(Severity.NOTE),
    )
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(out), indent=2).decode() + "\n")


def _template_out(checked: Checked) -> TemplateOut:
    return TemplateOut(
        path=checked.template.path,
        findings=[_finding_out(checked, finding) for finding in checked.findings],
        sms=[_sms_out(each) for each in checked.sms],
    )


def _finding_out(checked: Checked, finding: Finding) -> FindingOut:
    place = locate(checked.template, finding)
    return FindingOut(
        severity=str(finding.severity),
        code=str(finding.code),
        message=finding.message,
        hint=finding.hint,
        channel=str(finding.channel) if finding.channel else None,
        locale=finding.locale or "default",
        field=finding.field,
        file=_from_here(checked, place),
        line=place.line,
        column=place.column,
    )


def _sms_out(each: SmsMeasure) -> SmsOut:
    return SmsOut(
        locale=each.locale or "default",
        encoding=str(each.sample.encoding),
        characters=each.sample.characters,
        segments=each.sample.segments,
        worst_characters=each.worst.characters,
        worst_segments=each.worst.segments,
        unlimited=each.unlimited,
        cost=each.cost(each.sample),
        worst_cost=each.cost(each.worst),
    )
