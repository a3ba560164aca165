"""What a run of `clarion lint` found, and where in the files it stands."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from clarion.records.templating.checks import Finding, Severity
from clarion.records.templating.checks.sms import SmsMeasure
from clarion.records.templating.files import TemplateFiles
from clarion.records.templating.files.template import MANIFEST, folder_name

# a terminal obeys them: what stands in somebody's file must not move the cursor or write to the clipboard
_CONTROLS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"} | dict.fromkeys(
    range(127, 160), 0xFFFD
)


def harmless(text: str) -> str:
    """The text with pictures in the place of control characters."""
    return text.translate(_CONTROLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A place in a file; line and column from 1, 0 where the whole file (or a missing one) is meant."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One template with what was found; `folder` is the path that was given."""

    folder: Path
    template: TemplateFiles
    findings: tuple[Finding, ...]
    sms: tuple[SmsMeasure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a folder could not be read."""

    folder: Path
    file: str
    line: int
    message: str

    @property
    def shown(self) -> str:
        """The file as seen from where the command runs."""
        return self.file if self.file.startswith(str(self.folder)) else (self.folder / self.file).as_posix()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole run."""

    checked: tuple[Checked, ...]
    faults: tuple[Fault, ...]

    def findings(self) -> Iterator[Finding]:
        """Those of all templates."""
        return (finding for each in self.checked for finding in each.findings)

    def count(self, severity: Severity) -> int:
        """How many findings of a gravity there are."""
        return sum(finding.severity is severity for finding in self.findings())

    def without_notes(self) -> "Report":
        """The same without what is only worth knowing."""
        kept = (
            replace(each, findings=tuple(f for f in each.findings if f.severity is not Severity.NOTE))
            for each in self.checked
        )
        return replace(self, checked=tuple(kept))


def locate(template: TemplateFiles, finding: Finding) -> Located:
    """Where a finding stands in the files of its template, as seen from the folder of all templates."""
    of_template = f"{folder_name(template.path)}/{MANIFEST}"
    if finding.channel is None:
        return Located(file=of_template, line=0, column=0)
    place = template.places.get((finding.channel, finding.locale, finding.field))
    if place is None:
        beside = _beside(template, finding)
        return Located(file=beside or of_template, line=0, column=0)
    if not finding.line:
        return Located(file=place.file, line=0, column=0)
    column = finding.column + (place.column - 1 if finding.line == 1 else 0)
    return Located(file=place.file, line=place.line + finding.line - 1, column=column)


def _beside(template: TemplateFiles, finding: Finding) -> str:
    """Another file of the channel and locale, where the field is missing."""
    places = template.places.items()
    return next((p.file for (key, at, _), p in places if (key, at) == (finding.channel, finding.locale)), "")
