"""`clarion send`, `doctor` and `createstaff` beside a running `clarion up` with demo data."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clarion.embedded.location import forget

CLARION = [sys.executable, "-P", "-m", "clarion.surfaces.cli.main"]


def bare_environment() -> dict[str, str]:
    names = {name: value for name, value in os.environ.items() if not name.startswith(("CLARION_", "DJANGO_"))}
    return {**names, "COLUMNS": "140"}


def clarion(*arguments: str, given: str = "", cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*CLARION, *arguments],
        env=bare_environment(),
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    data_dir: Path
    demo: dict[str, Any]

    def send(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return clarion("send", "--data-dir", str(self.data_dir), *arguments)

    def get(self, path: str) -> Any:
        headers = {"Authorization": f"ApiKey {self.demo['api_key']}"}
        request = urllib.request.Request(f"{self.demo['base_url']}/api/v1/{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    data_dir = tmp_path_factory.mktemp("send") / ".clarion"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = data_dir.parent / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*CLARION, "up", "--port", str(port), "--data-dir", str(data_dir)],
            env=bare_environment(),
            stdout=output,
            stderr=output,
        )
    try:
        yield System(data_dir=data_dir, demo=ready(process, data_dir, port, log))
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        forget(data_dir)


def ready(process: "subprocess.Popen[bytes]", data_dir: Path, port: int, log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            content: dict[str, Any] = json.loads((data_dir / "demo.json").read_text())
            return content
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def ids_in(output: str) -> list[str]:
    return re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", output)


def test_it_sends_on_the_channels_named_with_nested_variables_and_waits(system: System) -> None:
    options = ["--template", "order.placed", "--channel", "email", "--channel", "sms", "--wait"]
    variables = ["--set", "order_number=A-7", "--set", "order_total=12.5", "--set", 'items=[{"name":"Mug","price":1}]']
    done = system.send("--to", "wanjiru@example.com", *options, *variables)
    assert done.returncode == 0, done.stderr
    sent = [system.get(f"notifications/{each}") for each in ids_in(done.stdout)]
    assert [(n["channel"], n["status"]) for n in sent] == [("email", "delivered"), ("sms", "delivered")]


def test_the_recipient_may_be_an_id_or_an_external_id_and_the_channel_the_preferred_one(system: System) -> None:
    by_id = system.send("--to", system.demo["users"][0]["id"], "--subject", "Hi", "--body", "there")
    by_key = system.send("--to", "demo-1", "--template", "welcome", "--priority", "high")
    assert (by_id.returncode, by_key.returncode) == (0, 0), by_id.stderr + by_key.stderr
    assert {system.get(f"notifications/{each}")["user_id"] for each in ids_in(by_id.stdout + by_key.stdout)} == {
        system.demo["users"][0]["id"]
    }


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--to", "nobody@example.com", "--template", "welcome"], 1, "There is no user with the email you gave."),
        (["--to", "demo-1", "--template", "no.such"], 1, "no active template has this path"),
        (["--to", "demo-1", "--template", "order.placed"], 1, "order_number is required, and 1 more"),
        (["--to", "demo-1"], 2, "Give either --template, or --subject and --body."),
        (["--to", "demo-1", "--template", "a", "--body", "b"], 2, "Give either --template"),
        (["--to", "demo-1", "--template", "welcome", "--set", "x"], 2, "--set takes name=value"),
        (["--to", "demo-1", "--template", "welcome", "--priority", "urgent"], 2, "There is no priority 'urgent'"),
        (["--to", "demo-1", "--template", "welcome", "--channel", "pigeon"], 2, "pigeon"),
        (["--to", "demo-1", "--template", "welcome", "--api-key", "wrong"], 1, "(401)"),
    ],
)
def test_what_cannot_be_sent_is_said_plainly_and_nothing_is_sent(
    system: System, arguments: list[str], code: int, text: str
) -> None:
    before = system.get("notifications")["results"]
    done = system.send(*arguments)
    assert done.returncode == code
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert system.get("notifications")["results"] == before


def explain(system: System, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return clarion("explain", "--data-dir", str(system.data_dir), *arguments)


def test_what_was_sent_is_explained_by_id_and_by_day_and_a_send_only_thought_of_is_not_sent(system: System) -> None:
    words = ["--subject", "Hi", "--body", "there"]
    (one,) = ids_in(system.send("--to", "demo-1", *words, "--channel", "in_app", "--wait").stdout)
    told = explain(system, one)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"in_app {one}: It is delivered.")
    assert re.search(r"UTC +ingest/preferences +It may go out: the recipient's preferences allow it.", told.stdout)
    assert re.search(r"UTC +attempt 1 +sent: ", told.stdout)
    raw = json.loads(explain(system, one, "--json").stdout)
    assert raw == system.get(f"notifications/{one}/explain")
    day = system.get(f"users/{system.demo['users'][0]['id']}/explain")
    date = datetime.now(ZoneInfo(day["timezone"])).date()
    assert one in ids_in(explain(system, "--to", "demo-1", "--date", str(date), "--channel", "in_app").stdout)
    before = system.get("notifications")["results"]
    thought = explain(system, "--to", "demo-1", "--template", "welcome", "--channel", "email", "--channel", "in_app")
    assert re.findall(r"^(\w+) would be (\w+)\.", thought.stdout, re.MULTILINE) == [
        ("email", "pending"),
        ("in_app", "pending"),
    ]
    assert len(re.findall(r"^suppression +passed", thought.stdout, re.MULTILINE)) == 2
    assert system.get("notifications")["results"] == before


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["nonsense"], 2, "A notification's id looks like"),
        (["01990000-0000-7000-8000-000000000009"], 1, "there is no such notification"),
        (["--to", "demo-1"], 2, "Give the id of a notification; or --to with --date; or --to with --template"),
        (["--to", "demo-1", "--date", "tomorrow"], 1, "(at /query/date)"),
        (["--to", "demo-1", "--template", "no.such"], 1, "no active template has this path"),
    ],
)
def test_what_cannot_be_explained_is_said_plainly(system: System, arguments: list[str], code: int, text: str) -> None:
    done = explain(system, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_finds_the_running_system_well(system: System) -> None:
    done = clarion("doctor", cwd=system.data_dir.parent)
    assert done.returncode == 0, done.stdout
    assert "Everything is in order." in done.stdout
    assert re.search(r"^ ok +workers +1 at work on all lanes", done.stdout, re.MULTILINE)


def test_staff_made_beside_the_running_system_can_log_in(system: System) -> None:
    made = clarion(
        "createstaff",
        "--data-dir",
        str(system.data_dir),
        "--email",
        "boss@example.com",
        "--password-stdin",
        given="four words in a row\n",
    )
    assert made.returncode == 0, made.stderr
    body = json.dumps({"email": "boss@example.com", "password": "four words in a row"}).encode()
    request = urllib.request.Request(
        f"{system.demo['base_url']}/api/v1/auth/login", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert set(json.load(response)) >= {"access", "refresh"}


def test_the_doctor_says_what_to_do_where_nothing_is_configured(tmp_path: Path) -> None:
    done = clarion("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "CLARION_DATABASE_URL is not set" in done.stdout
    assert "start everything with `clarion up`" in " ".join(done.stdout.split())
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
