"""What the experiments stand on: a system of their own, loopback sinks for what it sends, and people to send to."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID, uuid4

import msgspec

from clarion.surfaces.cli.api_client import ApiClient
from clarion.surfaces.cli.bench.measured import Advance, BenchFailed, Extent, Meter, unheard
from clarion.surfaces.cli.bench.orders import (
    Admitted,
    Answer,
    Claiming,
    Claims,
    Crowd,
    Gated,
    Gating,
    Made,
    Open,
    Progress,
    Seed,
    Settled,
    Stores,
    Tickets,
    Watch,
)
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.bench.system import BenchSystem
from clarion.surfaces.cli.demo_system import demo_environment

# named, not imported: the test ground is nobody's dependency, and the sinks are to have an interpreter of their own
SINKS = "clarion.testing.sink_process"
INSIDE = "clarion.surfaces.cli.bench.inside"
PEOPLE = 200
SPEAK_SECONDS = 60.0
CLAIMS_SECONDS = 240.0

T = TypeVar("T")


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sinks listen."""

    smtp_port: int
    http_port: int


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One mail or call a sink took: the sender's id of it, when (Unix time), how many bytes."""

    door: str
    id: str
    at: float
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A running system. Its email and webhooks go to the sinks; its people have no other address."""

    base_url: str
    authorization: str = field(repr=False)
    api: ApiClient = field(repr=False)
    stores: Stores
    people: list[UUID] = field(repr=False)
    system: BenchSystem = field(repr=False)
    listening: Listening
    _sinks: SideProcess = field(repr=False)
    _inside: SideProcess = field(repr=False)

    def receipts(self, door: str) -> list[Receipt]:
        """What a sink took since `forget_receipts`: that of a channel, or of the batch API (`batch`); a channel without
        a sink has none."""
        self._sinks.tell("receipts")
        return [each for each in self._sinks.hear(list[Receipt], SPEAK_SECONDS) if each.door == door]

    def forget_receipts(self) -> None:
        """Empty the sinks."""
        self.order_sinks("forget", list[Receipt])

    def order_sinks(self, order: object, kind: type[T]) -> T:
        """One line to the sinks, and their answer as `kind`."""
        self._sinks.tell(order)
        return self._sinks.hear(kind, SPEAK_SECONDS)

    def seed(self, order: Seed, advance: Advance) -> None:
        """Take a backlog in."""
        self._inside.tell(order)
        self._follow(advance)

    def watch(self, order: Watch, advance: Advance = unheard) -> Settled:
        """Wait until it is settled, or the order's time is over."""
        self._inside.tell(order)
        return self._expect(Settled, advance)

    def crowd(self, number: int, *, webhooks: bool, advance: Advance = unheard) -> list[UUID]:
        """So many more people, none in the same list twice: what a bulk call wants."""
        target = f"http://127.0.0.1:{self.listening.http_port}/in" if webhooks else ""
        self._inside.tell(Crowd(number=number, mark=reference(), target=target))
        return self._expect(Made, advance).people

    def claims(self, order: Claims) -> list[float]:
        """Milliseconds of each claim behind a backlog."""
        self._inside.tell(order)
        return self._expect(Claiming, unheard, CLAIMS_SECONDS).milliseconds

    def tokens(self, people: list[UUID]) -> list[str]:
        """Access tokens of these people."""
        self._inside.tell(Tickets(people=people))
        return self._expect(Admitted, unheard).tokens

    def gating(self, order: Gating) -> dict[str, list[float]]:
        """Microseconds a message at the gate, by what was measured."""
        self._inside.tell(order)
        return self._expect(Gated, unheard, CLAIMS_SECONDS).microseconds

    def _expect(self, kind: type[T], advance: Advance, seconds: float = SPEAK_SECONDS) -> T:
        answer = self._follow(advance, seconds)
        if not isinstance(answer, kind):
            raise BenchFailed("The process inside answered out of turn.")
        return answer

    def _follow(self, advance: Advance, seconds: float = SPEAK_SECONDS) -> Answer:
        while True:
            answer: Answer = msgspec.json.decode(self._inside.hear_line(seconds), type=Answer)
            if not isinstance(answer, Progress):
                return answer
            advance(answer.done)
            if answer.finished:
                return answer


def reference() -> str:
    """A new mark for the notifications of one measurement."""
    return f"bench-{uuid4().hex[:12]}"


@contextmanager
def laid(extent: Extent, meter: Meter, module: str = SINKS) -> Iterator[Ground]:
    """Start everything, and stop it afterwards. `module` is the sinks' program."""
    with ExitStack() as stack:
        sinks = stack.enter_context(SideProcess(module, demo_environment()))
        listening = sinks.hear(Listening, SPEAK_SECONDS)
        system = stack.enter_context(BenchSystem(sink_settings(listening), workers=extent.workers))
        access = system.wait_ready(_telling(meter))
        inside = stack.enter_context(SideProcess(INSIDE, demo_environment()))
        inside.tell(Open(data_dir=str(system.data_dir)))
        authorization = f"ApiKey {access.api_key}"
        api = ApiClient(base_url=system.base_url, authorization=authorization)
        ground = Ground(
            base_url=system.base_url,
            authorization=authorization,
            api=api,
            stores=inside.hear(Stores, SPEAK_SECONDS),
            people=[],
            system=system,
            listening=listening,
            _sinks=sinks,
            _inside=inside,
        )
        # people of our own: the demo's have webhooks outside this machine
        yield replace(ground, people=ground.crowd(PEOPLE, webhooks=True, advance=meter.stage("making people", PEOPLE)))


def _telling(meter: Meter) -> Callable[[str], None]:
    def tell(text: str) -> None:
        meter.stage(f"system: {text}")

    return tell


def sink_settings(listening: Listening) -> dict[str, str]:
    """The environment that points the system's real providers at the sinks."""
    return {
        "CLARION_EMAIL": f"smtp://127.0.0.1:{listening.smtp_port}?tls=none",
        "CLARION_WEBHOOK": "webhook://",
        "CLARION_WEBHOOK_ALLOW_PRIVATE": "1",
    }
