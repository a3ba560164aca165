"""Both bundled servers without a supervisor's screen: what the test suite and `clarion doctor` run against.

`clarion up` does not use this: it supervises the same specs and restarts what crashes.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from clarion.embedded import broker, cluster, keys
from clarion.embedded.child import Child, ChildSpec
from clarion.embedded.datadir import locked, make_data_dir
from clarion.embedded.errors import EmbeddedError
from clarion.embedded.location import forget, locate

START_SECONDS = 60.0
RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Services:
    """How to reach the running servers; both URLs carry what is needed to log in."""

    database_url: str
    redis_url: str


@contextmanager
def running(data_dir: Path, *, throwaway: bool = False) -> Iterator[Services]:
    """Start PostgreSQL and Valkey on the directory, stop both at the end; their output goes to `<data-dir>/log`.

    `throwaway` also deletes what had to be put outside the directory (as root, see `location.py`). Call it from the
    main thread: on Linux the servers end when the calling thread does. Raises AlreadyRunning, EmbeddedError.
    """
    data_dir = make_data_dir(data_dir)
    with ExitStack() as stack:
        stack.enter_context(locked(data_dir))
        if throwaway:
            stack.callback(forget, data_dir)
        postgres = cluster.prepare(locate(data_dir))
        valkey = broker.prepare(data_dir, keys.load_or_make(data_dir).valkey_password)
        logs = data_dir / "log"
        logs.mkdir(mode=0o700, exist_ok=True)
        stack.callback(_started(postgres.spec(), postgres.is_ready, logs).stop)
        stack.callback(_started(valkey.spec(), valkey.is_ready, logs).stop)
        yield Services(database_url=postgres.url, redis_url=valkey.url)


def _started(spec: ChildSpec, is_ready: Callable[[], bool], logs: Path) -> Child:
    """Start it until it answers: after a crash the first tries may fail while the old one is still cleared away."""
    log = logs / f"{spec.name}.log"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        child = _start(spec, log)
        try:
            while child.exit_code is None and time.monotonic() < deadline:
                if is_ready():
                    return child
                time.sleep(0.03)
        except BaseException:
            child.stop()
            raise
        child.stop()
        time.sleep(RETRY_SECONDS)
    raise EmbeddedError(f"The bundled {spec.name} did not start within {START_SECONDS:.0f} s: see {log}.")


def _start(spec: ChildSpec, log: Path) -> Child:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return Child(spec, output)
    finally:
        os.close(output)
