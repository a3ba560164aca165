"""`clarion send --bulk FILE` against a real server over a real socket."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clarion.flows.ingest import audience
from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.records.ledger.models import Job, Notification
from clarion.surfaces.cli import send_bulk
from clarion.surfaces.cli.main import app
from tests.conftest import make_user

Run = Callable[..., Any]
WORDS = ("--subject", "Sale", "--body", "Half price", "--channel", "in_app")


@pytest.fixture
def run(real_ground: None, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command with a key that may do everything; a worker takes people in while it waits."""
    key = keys.mint(make_user(is_staff=True), "tests", list(Permission)).secret
    monkeypatch.setattr(send_bulk, "sleep", lambda seconds: audience.take_in_all())
    monkeypatch.setenv("COLUMNS", "160")

    def send(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["send", "--url", live_server.url, "--api-key", key, *arguments])

    return send


def test_a_file_is_uploaded_and_followed(run: Run, tmp_path: Path) -> None:
    users = [make_user() for _ in range(3)]
    file = tmp_path / "people.csv"
    file.write_text("user_id,name\n" + "".join(f"{user.id},X\n" for user in users))
    done = run("--bulk", str(file), *WORDS)
    assert done.exit_code == 0, done.output
    assert f"job {Job.objects.get().id}: accepted; accepted 3, rejected 0" in done.output
    assert Notification.objects.count() == 3


def test_a_packed_file_may_bring_the_job_itself_and_who_is_rejected_is_named(run: Run, tmp_path: Path) -> None:
    user = make_user()
    file = tmp_path / "people.ndjson.gz"
    lines = ['{"subject": "Sale", "body": "Half price", "channel": "in_app"}', f'{{"user_id": "{user.id}"}}', "{oops"]
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
    done = run("--bulk", str(file))
    assert done.exit_code == 1, done.output
    assert "accepted 1, rejected 1" in done.output
    assert "3" in done.output
    assert "malformed_line" in done.output


def test_what_cannot_be_is_said_and_nothing_is_sent(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "people.csv"
    empty.write_text("user_id\n")
    other = tmp_path / "people.xlsx"
    other.write_text("")
    cases = [
        (("--bulk", str(empty), *WORDS), 1, "no line names a recipient"),
        (("--bulk", str(other), *WORDS), 2, "the name must end in .csv, .ndjson, .jsonl"),
        (("--bulk", str(tmp_path / "gone.csv"), *WORDS), 2, "There is no file"),
        (("--bulk", str(empty), "--to", "ann@example.com", *WORDS), 2, "Give either --to, or --bulk"),
        (WORDS, 2, "Give either --to, or --bulk"),
    ]
    for arguments, code, words in cases:
        done = run(*arguments)
        assert (done.exit_code, words in " ".join(done.output.split())) == (code, True), done.output
    assert not Job.objects.exists()
