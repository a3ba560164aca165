"""`clarion up` itself: what it refuses, and one whole life of the real system without demo data."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from clarion.embedded.bundle import running
from clarion.embedded.datadir import locked
from clarion.embedded.location import forget

looks_at_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "data"
    yield directory
    forget(directory)


def bare_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("CLARION_", "DJANGO_"))}


def up(data_dir: Path, port: int, *more: str) -> list[str]:
    options = ["--data-dir", str(data_dir), "--port", str(port), *more]
    return [sys.executable, "-P", "-m", "clarion.surfaces.cli.main", "up", *options]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def descendants(pid: int) -> set[int]:
    """The process's children and theirs, by the parents that /proc names."""
    parents = {}
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit():
                parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def test_a_port_in_use_is_refused_before_anything_starts(data_dir: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        refused = subprocess.run(
            up(data_dir, port), env=bare_environment(), capture_output=True, text=True, check=False
        )
    assert refused.returncode == 3
    assert f"Port {port} on 127.0.0.1 is in use" in refused.stderr
    assert f"clarion up --port {port + 1}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sorted(path.name for path in data_dir.iterdir()) == ["lock"]


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    with locked(tmp_path):
        command = up(tmp_path, free_port())
        refused = subprocess.run(command, env=bare_environment(), capture_output=True, text=True, check=False)
    assert refused.returncode == 3
    assert f"already running on {tmp_path} (process {os.getpid()})" in refused.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock"]


@looks_at_proc
def test_the_system_comes_up_and_ctrl_c_ends_every_process_and_its_data_stays(data_dir: Path, tmp_path: Path) -> None:
    port = free_port()
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(up(data_dir, port, "--no-demo"), env=bare_environment(), stdout=file, stderr=file)
    try:
        deadline = time.monotonic() + 60
        while "Clarion is ready" not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        assert status(f"http://127.0.0.1:{port}/readyz") == 200
        children = descendants(process.pid)
        assert len(children) >= 5  # postgres, valkey, web, worker, beat
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
        assert status(f"http://127.0.0.1:{port}/readyz") == 0
    finally:
        process.kill()
        process.wait()
    assert set(json.loads((data_dir / "secrets.json").read_text())) >= {"secret_key", "jwt_key"}
    with running(data_dir) as services, psycopg.connect(services.database_url) as connection:
        assert connection.execute("SELECT count(*) > 5 FROM django_migrations").fetchone() == (True,)
