"""`clarion demo` as a newcomer runs it: nothing configured, nothing there, nothing left behind."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from clarion.contract.channel import ChannelKey

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")

DEMO = [sys.executable, "-P", "-m", "clarion.surfaces.cli.main", "demo"]
PATIENCE = 90


def environment(tmp_path: Path) -> dict[str, str]:
    """As of a shell that knows nothing of us, but with an operator's settings that must not be touched."""
    names = {name: value for name, value in os.environ.items() if not name.startswith(("CLARION_", "DJANGO_"))}
    return {
        **names,
        "TMPDIR": str(tmp_path),
        "COLUMNS": "100",
        "CLARION_DATABASE_URL": "postgresql://operator@127.0.0.1:1/production",
        "CLARION_EMAIL": "smtp://127.0.0.1:1",
    }


def processes_of(place: Path) -> list[str]:
    """The command lines that name the directory."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and str(place).encode() in (process / "cmdline").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def place() -> "object":
    """Where the demo makes its directory; one that PostgreSQL's account may pass through."""
    with tempfile.TemporaryDirectory(prefix="cl-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def test_a_notification_arrives_on_every_channel_and_nothing_is_left(place: Path) -> None:
    started = time.monotonic()
    done = subprocess.run(
        DEMO, env=environment(place), capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=place
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started < 60
    for channel in ChannelKey:
        assert re.search(rf"^ {channel} +(sent|delivered|read) +\S.* \d+ *$", done.stdout, re.MULTILINE), done.stdout
    assert "nowhere" not in done.stdout
    assert done.stderr == ""
    assert list(place.iterdir()) == []
    assert processes_of(place) == []


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_demo_ends_everything(place: Path, stop_signal: signal.Signals) -> None:
    process = subprocess.Popen(DEMO, env=environment(place), stderr=subprocess.PIPE, text=True, cwd=place)
    deadline = time.monotonic() + 30
    while not list(place.glob("clarion-demo-*/valkey")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(stop_signal)
    assert process.wait(40) == 130
    assert process.stderr is not None
    assert "Interrupted; everything is stopped." in process.stderr.read()
    process.stderr.close()
    assert list(place.iterdir()) == []
    assert processes_of(place) == []
