"""The bundled PostgreSQL and Valkey as they run under `clarion up`: data is kept, killing is survived."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from clarion.embedded import broker, cluster, keys
from clarion.embedded.bundle import Services, running
from clarion.embedded.child import ChildSpec
from clarion.embedded.errors import AlreadyRunning
from clarion.embedded.location import forget, locate

looks_at_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")

# Plays `clarion up`: both servers under the supervisor, addresses on the first line of output.
MAIN = """
import pathlib, sys
from clarion.embedded import broker, cluster, keys
from clarion.embedded.datadir import locked, make_data_dir
from clarion.embedded.location import locate
from clarion.embedded.supervisor import Supervisor
data_dir = make_data_dir(pathlib.Path(sys.argv[1]))
with locked(data_dir), Supervisor() as supervisor:
    postgres = cluster.prepare(locate(data_dir))
    valkey = broker.prepare(data_dir, keys.load_or_make(data_dir).valkey_password)
    for store in (postgres, valkey):
        supervisor.keep_running(store.spec())
        assert supervisor.wait_until(store.is_ready, 30)
    (data_dir / "addresses.new").write_text(postgres.url + " " + valkey.url)
    (data_dir / "addresses.new").rename(data_dir / "addresses")
    supervisor.supervise()
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "data"
    yield directory
    forget(directory)


def started(data_dir: Path) -> tuple[subprocess.Popen[bytes], Services]:
    addresses = data_dir / "addresses"
    addresses.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, "-c", MAIN, str(data_dir)])
    deadline = time.monotonic() + 30
    while not addresses.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.03)
    database_url, redis_url = addresses.read_text().split()
    return process, Services(database_url=database_url, redis_url=redis_url)


def remember(services: Services, number: int) -> None:
    with psycopg.connect(services.database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])
    with redis.Redis.from_url(services.redis_url) as client:
        client.rpush("kept", number)


def remembered_rows(services: Services) -> list[int]:
    deadline = time.monotonic() + 20
    while True:
        try:
            with psycopg.connect(services.database_url) as connection:
                return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "PostgreSQL did not come back"
            time.sleep(0.1)


def remembered_items(services: Services) -> list[int]:
    deadline = time.monotonic() + 20
    while True:
        try:
            with redis.Redis.from_url(services.redis_url) as client:
                return sorted(int(item) for item in client.lrange("kept", 0, -1))
        except redis.RedisError:
            assert time.monotonic() < deadline, "Valkey did not come back"
            time.sleep(0.1)


def cluster_dir(data_dir: Path) -> Path:
    pointer = data_dir / "postgres.location"
    return Path(pointer.read_text().strip()) if pointer.exists() else data_dir / "postgres"


def pids_in(data_dir: Path) -> dict[int, str]:
    """The servers' processes, known by where they work."""
    places = {data_dir / "valkey", cluster_dir(data_dir)}
    found = {}
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").readlink() in places:
                found[int(process.name)] = (process / "comm").read_text().strip()
        except OSError:
            continue
    return found


@looks_at_proc
def test_both_servers_keep_their_data_over_a_restart_and_leave_no_process(data_dir: Path) -> None:
    with running(data_dir) as services:
        remember(services, 1)
        assert sorted(set(pids_in(data_dir).values())) == ["postgres", "valkey-server"]
    assert pids_in(data_dir) == {}
    with running(data_dir) as services:
        assert remembered_rows(services) == [1]
        assert remembered_items(services) == [1]
    assert stat.S_IMODE((data_dir / "secrets.json").stat().st_mode) == 0o600


@looks_at_proc
def test_a_second_one_on_the_directory_is_refused_and_the_first_goes_on(data_dir: Path) -> None:
    with running(data_dir) as services:
        before = pids_in(data_dir).keys()
        with pytest.raises(AlreadyRunning), running(data_dir):
            pass
        assert pids_in(data_dir).keys() >= before
        remember(services, 1)
        assert remembered_rows(services) == [1]


@looks_at_proc
def test_the_servers_run_durably_and_out_of_strangers_reach(data_dir: Path) -> None:
    with running(data_dir) as services:
        with psycopg.connect(services.database_url) as connection:
            names = ("fsync", "synchronous_commit", "listen_addresses", "max_connections", "jit", "wal_compression")
            values = [connection.execute(f"SHOW {name}").fetchone()[0] for name in names]  # type: ignore[index]
            assert values == ["on", "on", "", "100", "off", "pglz"]
            assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
            sockets = Path(services.database_url.split("host=")[1])
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        address = services.redis_url.split("@")[1]
        with redis.Redis.from_url(f"redis://{address}") as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        password = services.redis_url.split(":")[2].split("@")[0]
        for pid in pids_in(data_dir):
            assert password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


@looks_at_proc
def test_a_killed_postmaster_comes_back_with_every_row(data_dir: Path) -> None:
    process, services = started(data_dir)
    try:
        remember(services, 1)
        os.kill(read_pid(cluster_dir(data_dir) / "postmaster.pid"), signal.SIGKILL)
        assert remembered_rows(services) == [1]
        remember(services, 2)
        assert remembered_rows(services) == [1, 2]
    finally:
        process.terminate()
        assert process.wait(15) == 0
    assert pids_in(data_dir) == {}


@looks_at_proc
def test_a_killed_valkey_comes_back_at_the_same_address(data_dir: Path) -> None:
    process, services = started(data_dir)
    try:
        remember(services, 1)
        time.sleep(1.1)  # appendfsync everysec
        os.kill(next(pid for pid, name in pids_in(data_dir).items() if name == "valkey-server"), signal.SIGKILL)
        assert remembered_items(services) == [1]
    finally:
        process.terminate()
        assert process.wait(15) == 0


@looks_at_proc
def test_a_killed_supervisor_does_not_keep_the_next_one_from_starting(data_dir: Path) -> None:
    process, services = started(data_dir)
    remember(services, 1)
    process.kill()
    process.wait()
    process, services = started(data_dir)
    try:
        assert remembered_rows(services) == [1]
        assert remembered_items(services) == [1]
    finally:
        process.terminate()
        assert process.wait(15) == 0
    assert pids_in(data_dir) == {}


@looks_at_proc
def test_servers_that_outlived_their_supervisor_are_ended_by_the_next(data_dir: Path) -> None:
    with running(data_dir) as services:
        remember(services, 1)
    password = keys.load_or_make(data_dir).valkey_password
    specs = [cluster.prepare(locate(data_dir)).spec(), broker.prepare(data_dir, password).spec()]
    orphans = [without_a_supervisor(spec) for spec in specs]
    pid_files = [cluster_dir(data_dir) / "postmaster.pid", data_dir / "valkey" / "valkey.pid"]
    assert [read_pid(path) for path in pid_files] == [orphan.pid for orphan in orphans]
    with running(data_dir) as services:
        assert [orphan.wait(5) for orphan in orphans] == [0, 0]
        assert remembered_rows(services) == [1]
        assert remembered_items(services) == [1]
    assert pids_in(data_dir) == {}


def without_a_supervisor(spec: ChildSpec) -> subprocess.Popen[bytes]:
    account = spec.account
    return subprocess.Popen(
        spec.argv,
        cwd=spec.directory,
        env=dict(spec.environment),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def read_pid(path: Path) -> int:
    deadline = time.monotonic() + 10
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(path.read_text().split("\n")[0])


def test_a_pid_that_is_somebody_elses_is_left_alone(data_dir: Path) -> None:
    with running(data_dir):
        pass
    bystander = subprocess.Popen(["/bin/sleep", "60"])
    (cluster_dir(data_dir) / "postmaster.pid").write_text(f"{bystander.pid}\n")
    (data_dir / "valkey" / "valkey.pid").write_text(f"{bystander.pid}\n")
    try:
        with running(data_dir) as services:
            remember(services, 1)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")


@only_root
def test_as_root_a_reachable_directory_holds_the_cluster_and_lets_only_its_account_through() -> None:
    directory = Path("/tmp") / f"clarion-test-{os.getpid()}"
    try:
        with running(directory, throwaway=True) as services:
            remember(services, 1)
            server = (directory / "postgres").stat()
            assert server.st_uid != 0
            assert stat.S_IMODE(server.st_mode) == 0o700
            ours = directory.stat()
            assert (ours.st_uid, ours.st_gid, stat.S_IMODE(ours.st_mode)) == (0, server.st_gid, 0o710)
            assert not (directory / "postgres.location").exists()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@only_root
def test_as_root_a_private_place_is_left_as_it_is_and_a_deleted_directorys_data_does_not_come_back(
    data_dir: Path,
) -> None:
    parent_mode = stat.S_IMODE(data_dir.parent.parent.parent.stat().st_mode)
    with running(data_dir) as services:
        remember(services, 1)
    first = cluster_dir(data_dir)
    assert first.is_relative_to("/var/lib/clarion")
    shutil.rmtree(data_dir)
    try:
        with running(data_dir, throwaway=True) as services, psycopg.connect(services.database_url) as connection:
            assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
            second = cluster_dir(data_dir)
            assert second != first
        assert not second.exists()
        assert stat.S_IMODE(data_dir.parent.parent.parent.stat().st_mode) == parent_mode
    finally:
        shutil.rmtree(first.parent)
