"""`clarion templates pull/push/diff` against a real server over a real socket."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.records.templating import writer
from clarion.records.templating.files import read_folder
from clarion.records.templating.models import Template, TemplateVersion
from clarion.records.templating.versions import draft_of
from clarion.surfaces.cli.main import app
from tests.conftest import make_user

Run = Callable[..., Any]
MANIFEST = "name: Order placed\ncategory: orders\nrequired: [number]\nsample: {number: '1042'}\n"


@pytest.fixture
def run(real_ground: None, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command with a key that may do everything."""
    key = keys.mint(make_user(is_staff=True), "tests", list(Permission)).secret
    monkeypatch.setenv("COLUMNS", "160")

    def call(command: str, *arguments: str) -> Any:
        words = ["templates", command, "--url", live_server.url, "--key", key, *map(str, arguments)]
        return CliRunner().invoke(app, words)

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one template in two locales, new to the server."""
    place = tmp_path / "templates"
    template = place / "order.placed"
    template.mkdir(parents=True)
    (template / "template.yaml").write_text(MANIFEST)
    (template / "sms.default.txt").write_text("Order {{ number }} is on its way\n")
    (template / "sms.sw.txt").write_text("Agizo {{ number }} liko njiani\n")
    return place


def _edit_on_the_server(path: str, text: str) -> None:
    """What somebody does in the console."""
    row = Template.objects.get(path=path)
    version = TemplateVersion.objects.filter(template=row).latest("number")
    draft = draft_of(row, version)
    content = {key: dict(locales) for key, locales in draft.content.items()}
    (channel,) = content
    content[channel][""] = {"body": text}
    changed = type(draft)(
        **{**{name: getattr(draft, name) for name in draft.__slots__}, "content": content, "note": ""}
    )
    writer.save(row.id, changed, None, expected_version=version.number, publish=True)


def test_without_apply_a_push_is_a_plan_and_changes_nothing(run: Run, folder: Path) -> None:
    done = run("push", folder)

    assert done.exit_code == 0, done.output
    assert "+ order.placed  created" in done.output
    assert "Run it again with --apply" in done.output
    assert Template.objects.count() == 0


def test_a_push_creates_drafts_and_publishes_when_asked_to(run: Run, folder: Path) -> None:
    assert run("push", folder, "--apply").exit_code == 0
    row = Template.objects.get()
    assert (row.path, row.current_version) == ("order.placed", None)
    done = run("push", folder, "--apply", "--publish", "--note", "go")
    assert done.exit_code == 0, done.output
    assert "1 published" in done.output
    row.refresh_from_db()
    assert row.current_version is not None
    assert row.current_version.publish_note == "clarion templates push: go"
    assert TemplateVersion.objects.count() == 1


def test_a_push_again_and_a_push_after_a_pull_change_nothing(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("push", folder, "--apply", "--publish").exit_code == 0
    again = run("push", folder, "--apply", "--publish")
    assert (again.exit_code, again.output.strip()) == (0, "1 unchanged.")
    other = tmp_path / "other"
    assert run("pull", other).exit_code == 0
    assert read_folder(other) == read_folder(folder)
    assert run("pull", other).output.strip() == "1 unchanged."
    pushed = run("push", other, "--apply", "--publish")
    assert (pushed.exit_code, pushed.output.strip()) == (0, "1 unchanged.")
    assert run("diff", other).exit_code == 0
    assert TemplateVersion.objects.count() == 1


def test_a_change_is_shown_as_a_patch_and_becomes_a_version(run: Run, folder: Path) -> None:
    run("push", folder, "--apply", "--publish")
    (folder / "order.placed" / "sms.default.txt").write_text("Order {{ number }} comes soon\n")
    shown = run("diff", folder)
    assert shown.exit_code == 1
    assert "-Order {{ number }} is on its way\n+Order {{ number }} comes soon\n" in shown.output
    assert TemplateVersion.objects.count() == 1
    done = run("push", folder, "--apply", "--publish")
    assert done.exit_code == 0, done.output
    assert [each.number for each in TemplateVersion.objects.order_by("number")] == [1, 2]
    assert Template.objects.get().current_version.number == 2  # type: ignore[union-attr]


def test_what_somebody_edited_meanwhile_is_not_overwritten_by_a_push(run: Run, folder: Path) -> None:
    run("push", folder, "--apply", "--publish")
    _edit_on_the_server("order.placed", "Order {{ number }} was edited in the console")
    (folder / "order.placed" / "sms.default.txt").write_text("Order {{ number }} comes soon\n")

    refused = run("push", folder, "--apply", "--publish")

    assert refused.exit_code == 1
    assert "! order.placed  conflict" in refused.output
    assert "Somebody edited these on the server" in refused.output
    assert TemplateVersion.objects.count() == 2
    forced = run("push", folder, "--apply", "--publish", "--overwrite")
    assert forced.exit_code == 0, forced.output
    assert TemplateVersion.objects.count() == 3


def test_what_was_pulled_after_the_edit_may_be_pushed(run: Run, folder: Path) -> None:
    run("push", folder, "--apply", "--publish")
    _edit_on_the_server("order.placed", "Order {{ number }} was edited in the console")
    assert "~ order.placed  changed" in run("pull", folder).output
    text = folder / "order.placed" / "sms.default.txt"
    assert text.read_text() == "Order {{ number }} was edited in the console\n"
    text.write_text("Order {{ number }} comes soon\n")
    assert run("push", folder, "--apply", "--publish").exit_code == 0
    assert TemplateVersion.objects.count() == 3


def test_a_pull_leaves_files_that_were_changed_here(run: Run, folder: Path) -> None:
    run("push", folder, "--apply", "--publish")
    _edit_on_the_server("order.placed", "Order {{ number }} was edited in the console")
    text = folder / "order.placed" / "sms.default.txt"
    text.write_text("Order {{ number }} comes soon\n")

    refused = run("pull", folder)

    assert refused.exit_code == 1
    assert "order.placed" in refused.output
    assert text.read_text() == "Order {{ number }} comes soon\n"
    assert run("pull", folder, "--overwrite").exit_code == 0
    assert text.read_text() == "Order {{ number }} was edited in the console\n"


def test_two_that_push_at_once_cannot_lose_an_edit(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("push", folder, "--apply", "--publish")
    (folder / "order.placed" / "sms.default.txt").write_text("Order {{ number }} comes soon\n")
    from clarion.surfaces.cli import templates_moves

    before = templates_moves.apply_push

    def meanwhile(*arguments: Any) -> int:
        _edit_on_the_server("order.placed", "Order {{ number }} was edited in between")
        return before(*arguments)

    monkeypatch.setattr(templates_moves, "apply_push", meanwhile)
    refused = run("push", folder, "--apply", "--publish")

    assert refused.exit_code == 1
    assert "It was edited while you were pushing" in refused.output
    assert Template.objects.get().current_version.number == 2  # type: ignore[union-attr]
    assert TemplateVersion.objects.count() == 2


def test_what_the_folder_does_not_have_stays_unless_it_is_pruned(run: Run, folder: Path) -> None:
    run("push", folder, "--apply", "--publish")
    (folder / "order.placed").rename(folder / "order.sent")
    done = run("push", folder, "--apply", "--publish")
    assert "- order.placed  only on the server, stays (--prune takes it out of use)" in done.output
    assert Template.objects.get(path="order.placed").active
    assert run("push", folder, "--apply", "--prune").exit_code == 0
    assert not Template.objects.get(path="order.placed").active
    assert run("push", folder, "--apply", "--prune").output.strip() == "1 unchanged."


def test_errors_stop_a_publishing_push_before_anything_is_sent(run: Run, folder: Path) -> None:
    (folder / "order.placed" / "sms.default.txt").write_text("Order {{ number is on its way\n")

    done = run("push", folder, "--apply", "--publish")

    assert done.exit_code == 1
    assert "order.placed/sms.default.txt:1" in done.output
    assert "[template_syntax]" in done.output
    assert Template.objects.count() == 0


def test_a_folder_that_cannot_be_read_is_named_with_file_and_line_and_nothing_is_sent(run: Run, folder: Path) -> None:
    (folder / "order.placed" / "template.yaml").write_text(MANIFEST + "colour: red\n")

    done = run("push", folder, "--apply")

    assert done.exit_code == 2
    assert "order.placed/template.yaml, line 5: there is no key 'colour'" in done.output
    assert Template.objects.count() == 0


def test_only_takes_some_of_them(run: Run, folder: Path) -> None:
    (folder / "user.welcome").mkdir()
    (folder / "user.welcome" / "template.yaml").write_text("name: Welcome\ncategory: orders\n")
    (folder / "user.welcome" / "sms.default.txt").write_text("Welcome!\n")
    assert run("push", folder, "--apply", "--only", "user.*").exit_code == 0
    assert [row.path for row in Template.objects.all()] == ["user.welcome"]


def test_the_record_keeps_servers_apart(run: Run, folder: Path, live_server: Any) -> None:
    run("push", folder, "--apply", "--publish")

    record = json.loads((folder / ".clarion.json").read_text())

    assert list(record) == [live_server.url]
    assert list(record[live_server.url]) == ["order.placed"]
