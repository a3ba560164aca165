"""The sketched design beside the system under test, on its Valkey. It stands in `benchmarks/sketch/` of the repository
and is run from there, never imported."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import msgspec

from clarion.embedded.broker import free_port
from clarion.embedded.child import Child, ChildSpec
from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.measured import BenchFailed
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.bench.textbook import import_path
from clarion.surfaces.cli.demo_system import demo_environment
from clarion.surfaces.cli.running_system import stores_of

REDIS_NUMBER = "/8"
SPEAK_SECONDS = 60.0
READY_SECONDS = 20.0
GRACE_SECONDS = 4.0


class _Called(msgspec.Struct):
    called: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A running one: a web process, and one that sends through the layer."""

    url: str
    pid: int
    _driver: SideProcess = field(repr=False)

    def paced(self, users: Sequence[str], number: int, per_second: float) -> dict[str, float]:
        """One message to one user each; when each was called (Unix time), by its id."""
        self._driver.tell({"do": "paced", "users": users, "number": number, "per_second": per_second})
        return self._driver.hear(_Called, number / per_second + SPEAK_SECONDS).called

    def broadcast(self, name: str) -> dict[str, float]:
        """One message to all."""
        self._driver.tell({"do": "broadcast", "name": name})
        return self._driver.hear(_Called, SPEAK_SECONDS).called


@contextmanager
def sketch_beside(ground: Ground) -> Iterator[Sketch]:
    """Start it, and stop it afterwards. Raises BenchFailed where the repository's folder is not there."""
    redis = stores_of(ground.system.data_dir)["CLARION_REDIS_URL"]
    settings = {
        "DJANGO_SETTINGS_MODULE": "sketch.settings",
        "SKETCH_REDIS_URL": urlunsplit(urlsplit(redis)._replace(path=REDIS_NUMBER)),
        "PYTHONPATH": import_path("sketch/sketch"),
    }
    environment = {**demo_environment(), **settings}
    port = free_port()
    server = ("uvicorn", "sketch.asgi:application", "--port", str(port), "--lifespan", "off", "--log-level", "warning")
    spec = ChildSpec(
        name="sketch",
        argv=(sys.executable, "-P", "-m", *server, "--ws-per-message-deflate", "false"),
        environment=environment,
        grace_seconds=GRACE_SECONDS,
    )
    with ExitStack() as stack:
        driver = stack.enter_context(SideProcess("sketch.driver", environment))
        log = stack.enter_context(tempfile.TemporaryFile())
        child = Child(spec, log.fileno())
        stack.callback(child.stop)
        _wait_ready(port)
        yield Sketch(url=f"ws://127.0.0.1:{port}/ws/notifications/", pid=child.process.pid, _driver=driver)


def _wait_ready(port: int) -> None:
    import socket

    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise BenchFailed(f"The sketched design was not ready after {READY_SECONDS:.0f} s.")
