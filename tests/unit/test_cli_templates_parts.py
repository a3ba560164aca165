"""The parts of `clarion templates` that need no server: patience, the record, the plan."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from clarion.contract.channel import ChannelKey
from clarion.records.templating.files import Place, TemplateFiles
from clarion.surfaces.cli import templates_remote
from clarion.surfaces.cli.api_client import ApiError
from clarion.surfaces.cli.templates_plan import Kind, plan_pull, plan_push
from clarion.surfaces.cli.templates_record import InvalidRecord, Record, digest
from clarion.surfaces.cli.templates_remote import Remote, body_of, patiently

OURS = TemplateFiles(path="a.b", name="A", category="orders", content={ChannelKey.SMS: {"": {"body": "One"}}})
THEIRS = replace(OURS, content={ChannelKey.SMS: {"": {"body": "Two"}}})


def _remote(template: TemplateFiles = THEIRS, *, pushed: bool = False, in_force: bool = True) -> Remote:
    return Remote(id=UUID(int=1), latest_version=3, number=3, in_force=in_force, pushed=pushed, template=template)


def _kinds(record: Record, remote: Remote, *, publish: bool = False, overwrite: bool = False) -> list[Kind]:
    steps = plan_push([OURS], {"a.b": remote}, record, publish=publish, overwrite=overwrite)
    return [step.kind for step in steps]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path, "http://h:1")


def test_a_server_that_is_asked_too_often_is_asked_again_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(templates_remote.time, "sleep", pauses.append)
    answers = [ApiError("slow down", status=429), ApiError("slow down", status=429), 7]

    def call() -> int:
        answer = answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    assert patiently(call) == 7
    assert len(pauses) == 2
    assert 0.37 <= pauses[0] <= 0.63
    assert 0.75 <= pauses[1] <= 1.25


def test_other_refusals_are_not_repeated_and_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(templates_remote.time, "sleep", pauses.append)

    def refuse(status: int) -> None:
        raise ApiError("no", status=status)

    with pytest.raises(ApiError):
        patiently(lambda: refuse(403))
    assert pauses == []
    with pytest.raises(ApiError):
        patiently(lambda: refuse(429))
    assert len(pauses) == templates_remote.TRIES - 1


def test_the_digest_depends_on_the_template_and_not_on_where_it_stands() -> None:
    placed = replace(OURS, places={(ChannelKey.SMS, "", "body"): Place(file="x", line=1)})

    assert digest(placed) == digest(OURS)
    assert digest(THEIRS) != digest(OURS)


def test_a_record_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".clarion.json").write_text("[]")

    with pytest.raises(InvalidRecord, match="remove it and pull again"):
        Record(tmp_path, "http://h:1")


def test_the_record_is_kept_by_server(tmp_path: Path, record: Record) -> None:
    record.note(OURS)
    record.save()

    assert Record(tmp_path, "http://h:1/").known("a.b") == digest(OURS)
    assert Record(tmp_path, "http://other:1").known("a.b") == ""


def test_a_push_goes_over_what_was_last_seen_or_came_from_files_and_over_nothing_else(record: Record) -> None:
    assert _kinds(record, _remote()) == [Kind.CONFLICT]
    assert _kinds(record, _remote(), overwrite=True) == [Kind.CHANGED]
    assert _kinds(record, _remote(pushed=True)) == [Kind.CHANGED]
    record.note(THEIRS)
    assert _kinds(record, _remote()) == [Kind.CHANGED]


def test_a_draft_that_says_the_same_is_published_only_when_asked_to(record: Record) -> None:
    assert _kinds(record, _remote(OURS, in_force=False)) == [Kind.UNCHANGED]
    assert _kinds(record, _remote(OURS, in_force=False), publish=True) == [Kind.PUBLISHED]
    assert _kinds(record, _remote(OURS), publish=True) == [Kind.UNCHANGED]


def test_a_pull_goes_over_files_that_nobody_changed_since(record: Record) -> None:
    local = {"a.b": OURS}
    assert [step.kind for step in plan_pull(local, [_remote()], record, overwrite=False)] == [Kind.CONFLICT]
    assert [step.kind for step in plan_pull(local, [_remote()], record, overwrite=True)] == [Kind.CHANGED]
    record.note(OURS)
    assert [step.kind for step in plan_pull(local, [_remote()], record, overwrite=False)] == [Kind.CHANGED]
    assert [step.kind for step in plan_pull({}, [_remote()], record, overwrite=False)] == [Kind.CREATED]
    retired = _remote(replace(THEIRS, active=False))
    assert plan_pull({}, [retired], record, overwrite=False) == []
    assert [step.kind for step in plan_pull(local, [], record, overwrite=False)] == [Kind.ABSENT]


def test_the_body_names_the_default_and_leaves_out_an_absent_time() -> None:
    chain = {"channels": ["email", "sms"], "after_seconds": None}

    body = body_of(replace(OURS, fallback=chain))

    assert body["content"] == {"sms": {"default": {"body": "One"}}}
    assert body["fallback"] == {"channels": ["email", "sms"]}
    assert body_of(OURS)["fallback"] is None
