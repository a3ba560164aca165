"""The steps of pull, push and diff, in their order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.text import Text

from clarion.contract.input_error import InputError
from clarion.records.templating.checks import check
from clarion.records.templating.files import write_folder
from clarion.surfaces.cli.api_client import ApiError
from clarion.surfaces.cli.templates_plan import MOVING, Kind, Step, plan_pull, plan_push
from clarion.surfaces.cli.templates_remote import PUSHED, Saved, body_of, marketing_categories, patiently
from clarion.surfaces.cli.templates_session import Session
from clarion.surfaces.cli.templates_show import counts, show_differences, show_plan

CONFLICT = (
    "Somebody edited these on the server since the folder was last in step with it. Look at the differences, take"
    " over what is right (clarion templates pull --overwrite, then git diff), or push with --overwrite: "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a push is meant."""

    publish: bool
    prune: bool
    overwrite: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushPlan:
    """The steps; `stops` says why they may not be taken, or nothing."""

    steps: tuple[Step, ...]
    stops: str
    has_work: bool


def pull_all(session: Session, *, overwrite: bool) -> list[str]:
    """Write what may be written; the paths of those that were left. Raises ApiError, ValueError."""
    local = session.local()
    remote = session.remote(lambda listed: listed.active or listed.path in local)
    steps = plan_pull(local, remote.values(), session.record, overwrite=overwrite)
    show_plan(session.console, steps, absent="only in the folder", toward_server=False)
    for step in steps:
        if step.remote is None or step.kind is Kind.CONFLICT:
            continue
        if step.kind in MOVING:
            write_folder(session.folder, [step.remote.template])
        session.record.note(step.remote.template)
    if session.folder.exists():
        session.record.save()
    return [step.path for step in steps if step.kind is Kind.CONFLICT]


def plan_of_push(session: Session, wanted: Wanted) -> PushPlan:
    """Find out what differs, check what would be sent, show it. Raises ApiError, ValueError."""
    local = session.local()
    if not local:
        raise ApiError(f"There are no templates in {session.folder}.")
    steps = plan_push(
        local.values(), session.remote(), session.record, publish=wanted.publish, overwrite=wanted.overwrite
    )
    steps = _checked(session, steps)
    show_plan(
        session.console,
        steps,
        absent="is taken out of use" if wanted.prune else "only on the server, stays (--prune takes it out of use)",
        toward_server=True,
    )
    for step in steps:
        if step.kind is Kind.UNCHANGED and step.remote is not None:
            session.record.note(step.remote.template)
    session.record.save()
    work = any(step.kind in MOVING or (wanted.prune and step.kind is Kind.ABSENT) for step in steps)
    return PushPlan(steps=tuple(steps), stops=_stops(steps, wanted), has_work=work)


def _checked(session: Session, steps: Sequence[Step]) -> list[Step]:
    """With the findings of those that would be sent."""
    moving = [step for step in steps if step.kind in MOVING]
    marketing = marketing_categories(session.client) if moving else frozenset()
    found: dict[str, Step] = {}
    for step in session.progress("checking", moving, len(moving)):
        assert step.local is not None
        previous = step.remote.template.content if step.remote else None
        findings = check(step.local, marketing=step.local.category in marketing, previous=previous)
        found[step.path] = replace(step, findings=tuple(findings))
    return [found.get(step.path, step) for step in steps]


def _stops(steps: Sequence[Step], wanted: Wanted) -> str:
    conflicts = [step.path for step in steps if step.kind is Kind.CONFLICT]
    if conflicts:
        return CONFLICT + ", ".join(conflicts)
    faulty = [step.path for step in steps if step.errors]
    if faulty and wanted.publish:
        return f"Mend the errors, or push without --publish to leave drafts: {', '.join(faulty)}"
    return ""


def apply_push(session: Session, steps: Sequence[Step], wanted: Wanted) -> int:
    """Change the server, one template after the other; how many it refused. Raises nothing for a refusal."""
    todo = [step for step in steps if step.kind in MOVING or (wanted.prune and step.kind is Kind.ABSENT)]
    failed: list[tuple[str, str]] = []
    waiting: list[str] = []
    for step in session.progress("pushing", todo, len(todo)):
        try:
            saved = _one(session, step, wanted)
        except (ApiError, InputError) as error:
            failed.append((step.path, _refusal(error)))
            continue
        if saved is None:
            session.record.forget(step.path)
        elif step.local is not None:
            session.record.note(step.local)
            if wanted.publish and saved.draft_version is not None:
                waiting.append(step.path)
        session.record.save()
    for path, why in failed:
        session.console.print(Text.assemble((f"! {path}  ", "bold red"), why))
    if waiting:
        session.console.print(f"Drafts that somebody else must publish (four eyes): {', '.join(waiting)}")
    done = [step for step in todo if step.path not in {path for path, _ in failed}]
    session.console.print(f"done: {counts(done)}")
    return len(failed)


def _one(session: Session, step: Step, wanted: Wanted) -> Saved | None:
    """Send one template; None when it was taken out of use."""
    client, there = session.client, step.remote
    note = f"{PUSHED}: {wanted.note}" if wanted.note else PUSHED
    if step.local is None:
        assert there is not None
        patiently(lambda: client.delete(f"templates/{there.id}"))
        return None
    body = {**body_of(step.local), "publish": wanted.publish, "note": note}
    if there is None:
        return patiently(lambda: client.post("templates", body, Saved))
    expected = {"expected_version": there.latest_version}
    if step.kind is Kind.PUBLISHED:
        order = {"version": there.number, "note": note, **expected}
        return patiently(lambda: client.post(f"templates/{there.id}/publish", order, Saved))
    return patiently(lambda: client.put(f"templates/{there.id}", {**body, **expected}, Saved))


def _refusal(error: Exception) -> str:
    if isinstance(error, ApiError) and error.status == 409:
        return f"{error}\n  It was edited while you were pushing: run the command again and look at the differences."
    return str(error)


def differ(session: Session) -> bool:
    """Show all differences; whether there are any. Raises ApiError, ValueError."""
    steps = plan_push(session.local().values(), session.remote(), session.record, publish=False, overwrite=True)
    show_differences(session.console, steps)
    session.console.print(counts(steps), style="dim")
    return any(step.kind is not Kind.UNCHANGED for step in steps)
