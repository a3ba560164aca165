"""What a pull or a push would do, template by template. Pure: nothing is read or written here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from clarion.records.templating.checks import Finding, Severity
from clarion.records.templating.files import TemplateFiles
from clarion.surfaces.cli.templates_record import Record, digest
from clarion.surfaces.cli.templates_remote import Remote


class Kind(StrEnum):
    """What becomes of a template. `absent`: the other side has it and this one has not."""

    CREATED = "created"
    CHANGED = "changed"
    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    ABSENT = "absent"
    CONFLICT = "conflict"


MOVING = frozenset({Kind.CREATED, Kind.CHANGED, Kind.PUBLISHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One template of a plan."""

    path: str
    kind: Kind
    local: TemplateFiles | None = None
    remote: Remote | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> int:
        """How many findings would stop its publishing."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


def plan_push(
    local: Iterable[TemplateFiles],
    remote: Mapping[str, Remote],
    record: Record,
    *,
    publish: bool,
    overwrite: bool,
) -> list[Step]:
    """What becomes of the server. A conflict: the server's newest version came neither from files nor is it the one
    that the folder was last in step with, so somebody would lose an edit."""
    steps = []
    ours = {template.path: template for template in local}
    for path, template in ours.items():
        there = remote.get(path)
        kind = _push_kind(template, there, record, publish=publish, overwrite=overwrite)
        steps.append(Step(path=path, kind=kind, local=template, remote=there))
    # what was taken out of use already is not absent, it is gone
    gone = (path for path, there in remote.items() if path not in ours and there.template.active)
    steps += [Step(path=path, kind=Kind.ABSENT, remote=remote[path]) for path in gone]
    return sorted(steps, key=lambda step: step.path)


def _push_kind(
    template: TemplateFiles, there: Remote | None, record: Record, *, publish: bool, overwrite: bool
) -> Kind:
    if there is None:
        return Kind.CREATED
    if template == there.template:
        return Kind.PUBLISHED if publish and not there.in_force else Kind.UNCHANGED
    in_step = digest(there.template) == record.known(template.path)
    return Kind.CHANGED if in_step or there.pushed or overwrite else Kind.CONFLICT


def plan_pull(
    local: Mapping[str, TemplateFiles], remote: Iterable[Remote], record: Record, *, overwrite: bool
) -> list[Step]:
    """What becomes of the folder. A conflict: the files were changed since the last time, and the server has
    something else."""
    steps = []
    theirs = {there.template.path: there for there in remote}
    for path, there in theirs.items():
        here = local.get(path)
        if here is None:
            kind = Kind.CREATED
        elif here == there.template:
            kind = Kind.UNCHANGED
        else:
            kind = Kind.CHANGED if overwrite or digest(here) == record.known(path) else Kind.CONFLICT
        if here is not None or there.template.active:
            steps.append(Step(path=path, kind=kind, local=here, remote=there))
    steps += [Step(path=path, kind=Kind.ABSENT, local=here) for path, here in local.items() if path not in theirs]
    return sorted(steps, key=lambda step: step.path)
