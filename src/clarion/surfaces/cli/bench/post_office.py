"""django-post_office beside the system under test: on its PostgreSQL, in a database of its own, to the same sink.

It stands in `benchmarks/post_office/` of the repository and is run from there, never imported.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.bench.textbook import import_path
from clarion.surfaces.cli.demo_system import demo_environment
from clarion.surfaces.cli.running_system import stores_of

SPEAK_SECONDS = 60.0
SLOWEST_PER_SECOND = 50


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """Unix times of the sender's start and end, and how many rows say `sent`."""

    began: float
    ended: float
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostOffice:
    """A queue that is filled and then emptied."""

    _driver: SideProcess = field(repr=False)

    def fill(self, number: int, context: Mapping[str, object]) -> None:
        """Queue mails."""
        self._driver.tell({"do": "queue", "number": number, "context": context})
        self._driver.hear_line(SPEAK_SECONDS + number / SLOWEST_PER_SECOND)

    def deliver(self, number: int) -> Delivered:
        """Send all there are."""
        self._driver.tell({"do": "deliver"})
        return self._driver.hear(Delivered, SPEAK_SECONDS + number / SLOWEST_PER_SECOND)


@contextmanager
def post_office_beside(ground: Ground) -> Iterator[PostOffice]:
    """Start it, and stop it afterwards. Raises BenchFailed where the repository's folder is not there."""
    environment = {
        **demo_environment(),
        "DJANGO_SETTINGS_MODULE": "queued.settings",
        "QUEUED_DATABASE_URL": stores_of(ground.system.data_dir)["CLARION_DATABASE_URL"],
        "QUEUED_SMTP_PORT": str(ground.listening.smtp_port),
        "PYTHONPATH": import_path("post_office/queued"),
    }
    with SideProcess("queued.driver", environment) as driver:
        driver.tell({"do": "setup"})
        driver.hear_line(SPEAK_SECONDS)
        yield PostOffice(_driver=driver)
