"""The textbook design beside the system under test: on its PostgreSQL and Valkey, in a database of its own.

It stands in `benchmarks/textbook/` of the repository and is run from there, never imported.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec

from clarion.embedded.broker import free_port
from clarion.embedded.child import Child, ChildSpec
from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.measured import BenchFailed
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.demo_system import demo_environment
from clarion.surfaces.cli.ports import base_url
from clarion.surfaces.cli.running_system import stores_of

BENCHMARKS = Path("benchmarks")
REDIS_NUMBER = "/7"
PROCESSES = 2
PEOPLE = 200
SPEAK_SECONDS = 60.0
READY_SECONDS = 30.0
GRACE_SECONDS = 4.0


class _People(msgspec.Struct, frozen=True, kw_only=True):
    people: list[int]
    token: str


class Produced(msgspec.Struct, frozen=True, kw_only=True):
    """Unix times of the first call and of the last."""

    began: float
    produced: float


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """How many were sent, and when the last was (Unix time)."""

    settled: int
    last: float


class _Sessions(msgspec.Struct, frozen=True, kw_only=True):
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Textbook:
    """A running one: web, workers, and the process that produces work and watches the rows."""

    url: str
    authorization: str = field(repr=False)
    people: list[int] = field(repr=False)
    _driver: SideProcess = field(repr=False)

    def produce(self, channel: str, number: int, reference: str, context: Mapping[str, object]) -> Produced:
        """Rows by the ORM, a task for each."""
        order = {"channel": channel, "number": number, "reference": reference, "people": self.people}
        self._driver.tell({"do": "produce", "context": context, **order})
        return self._driver.hear(Produced, SPEAK_SECONDS + number / 20)

    def watch(self, reference: str, number: int, seconds: float) -> Watched:
        """Wait until so many are settled."""
        self._driver.tell({"do": "watch", "reference": reference, "number": number, "seconds": seconds})
        return self._driver.hear(Watched, seconds + SPEAK_SECONDS)

    def sessions(self) -> int:
        """How many database sessions it has made so far: few, or it is not the tuned one."""
        self._driver.tell({"do": "sessions"})
        return self._driver.hear(_Sessions, SPEAK_SECONDS).sessions


@contextmanager
def textbook_beside(ground: Ground) -> Iterator[Textbook]:
    """Start it, and stop it afterwards. Raises BenchFailed where the repository's folder is not there."""
    environment = {**demo_environment(), **_settings(ground), "PYTHONPATH": import_path("textbook/textbook")}
    port = free_port()
    with ExitStack() as stack:
        driver = stack.enter_context(SideProcess("textbook.driver", environment))
        driver.tell({"do": "setup", "people": PEOPLE})
        made = driver.hear(_People, SPEAK_SECONDS)
        log = stack.enter_context(tempfile.TemporaryFile())
        for spec in _processes(port, environment):
            child = Child(spec, log.fileno())
            stack.callback(child.stop)
        textbook = Textbook(
            url=f"{base_url('127.0.0.1', port)}/notifications/",
            authorization=f"Token {made.token}",
            people=made.people,
            _driver=driver,
        )
        _wait_ready(textbook)
        yield textbook


def import_path(package: str) -> str:
    """Where a design to compare with (`textbook/textbook`), and what such designs share, are imported from."""
    roots = (parent / BENCHMARKS for parent in Path(__file__).resolve().parents)
    root = next((each for each in roots if (each / package / "driver.py").is_file()), None)
    if root is None:
        raise BenchFailed(f"{package} is in {BENCHMARKS}/ of the repository: run this from a checkout.")
    return os.pathsep.join((str((root / package).parent), str(root)))


def _settings(ground: Ground) -> dict[str, str]:
    stores = stores_of(ground.system.data_dir)
    return {
        "DJANGO_SETTINGS_MODULE": "textbook.settings",
        "TEXTBOOK_DATABASE_URL": stores["CLARION_DATABASE_URL"],
        "TEXTBOOK_REDIS_URL": urlunsplit(urlsplit(stores["CLARION_REDIS_URL"])._replace(path=REDIS_NUMBER)),
        "TEXTBOOK_SMTP_PORT": str(ground.listening.smtp_port),
        "TEXTBOOK_WEBHOOK_URL": f"http://127.0.0.1:{ground.listening.http_port}/in",
    }


def _processes(port: int, environment: Mapping[str, str]) -> Iterator[ChildSpec]:
    web: tuple[str, ...] = ("granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port))
    web += (
        "--workers",
        str(PROCESSES),
        "--blocking-threads",
        "1",
        "--log-level",
        "warning",
        "textbook.wsgi:application",
    )
    worker: tuple[str, ...] = ("celery", "--app", "textbook", "--quiet", "worker", "--concurrency", str(PROCESSES))
    worker += ("--without-mingle", "--without-gossip", "--loglevel", "warning")
    for words in (web, worker):
        yield ChildSpec(
            name=words[0],
            argv=(sys.executable, "-P", "-m", *words),
            environment=environment,
            grace_seconds=GRACE_SECONDS,
        )


def _wait_ready(textbook: Textbook) -> None:
    """A message through the worker, and an answer of the web server (401: nobody signed in)."""
    from urllib.error import HTTPError

    from clarion.surfaces.cli.api_client import opener

    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            opener(textbook.url).open(textbook.url, timeout=2).close()
        except HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.2)
    raise BenchFailed(f"The textbook design's web server was not ready after {READY_SECONDS:.0f} s.")
