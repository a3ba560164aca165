"""What `clarion chaos points` stands on: a system that is started anew for each case with one crash point armed, an
SMTP sink, a picky receiver of webhooks, and people whose webhooks lead to its different doors."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.records.crashing import Plan
from clarion.surfaces.cli.bench.ground import INSIDE, SINKS, SPEAK_SECONDS, Listening, Receipt, reference, sink_settings
from clarion.surfaces.cli.bench.measured import BenchFailed, Meter
from clarion.surfaces.cli.bench.orders import Answer, Crowd, Made, Open, Progress, Stores
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.bench.system import BenchSystem
from clarion.surfaces.cli.chaos.verdict import Taken
from clarion.surfaces.cli.demo_system import demo_environment

PICKY = "clarion.testing.picky_sink_process"
DOORS = ("in", "once", "never")
FEW, MANY = 100, 2_200
"""How many people have their webhook at a door; MANY is more than one chunk of a bulk send."""
UUID_IN = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook the picky sink took."""

    id: str
    at: float


class ArmedSystem(BenchSystem):
    """A system whose processes fail at one point."""

    def __init__(self, settings: Mapping[str, str], *, workers: int) -> None:
        super().__init__(settings, workers=workers)
        self._plain = dict(settings)

    def restart(self, plan: Plan | None) -> None:
        """Stop it, and start it again on its data with this plan; `wait_ready` follows."""
        self.halt()
        armed = {"CLARION_CHAOS": "1", "CLARION_CRASH_POINT": as_text(plan)} if plan is not None else {}
        self._settings = {**self._plain, **armed}
        self.start()


def as_text(plan: Plan) -> str:
    """The plan as parse_plan reads it."""
    return f"{plan.point}:hit={plan.hit}:mode={plan.mode}:times={plan.times}:note={plan.note}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointGround:
    """The system, its receivers, and its people by the door of their webhook."""

    system: ArmedSystem = field(repr=False)
    authorization: str = field(repr=False)
    stores: Stores
    people: Mapping[str, list[UUID]] = field(repr=False)
    _mails: SideProcess = field(repr=False)
    _calls: SideProcess = field(repr=False)

    def taken(self) -> list[Taken]:
        """What both receivers took since `forget`."""
        self._mails.tell("receipts")
        mails = [each for each in self._mails.hear(list[Receipt], SPEAK_SECONDS) if each.door == ChannelKey.EMAIL]
        self._calls.tell("receipts")
        calls = self._calls.hear(list[Kept], SPEAK_SECONDS)
        both = [*((each.id, each.at) for each in mails), *((each.id, each.at) for each in calls)]
        return [Taken(id=_notification_of(identifier), at=at) for identifier, at in both]

    def forget(self) -> None:
        """Empty both."""
        for sink in (self._mails, self._calls):
            sink.tell("forget")
            sink.hear(list[Receipt], SPEAK_SECONDS)

    def note(self) -> str:
        """A new name for the notes of a plan."""
        return str(Path(self.system.data_dir) / f"crashed-{reference()}")


@contextmanager
def laid_for_points(workers: int, meter: Meter, *, many: bool) -> Iterator[PointGround]:
    """Start everything, unarmed, and stop it afterwards; `many`: with people for a long list. Raises BenchFailed and
    DemoFailed."""
    with ExitStack() as stack:
        mails = stack.enter_context(SideProcess(SINKS, demo_environment()))
        calls = stack.enter_context(SideProcess(PICKY, demo_environment()))
        listening = mails.hear(Listening, SPEAK_SECONDS)
        port = calls.hear(int, SPEAK_SECONDS)
        system = stack.enter_context(ArmedSystem(sink_settings(listening), workers=workers))
        meter.stage("starting the system")
        access = system.wait_ready(lambda _: None)
        meter.stage("making people")
        # its connection would not outlive the next start: it makes everybody now
        with SideProcess(INSIDE, demo_environment()) as inside:
            inside.tell(Open(data_dir=str(system.data_dir)))
            stores = inside.hear(Stores, SPEAK_SECONDS)
            numbers = {door: MANY if many and door == "in" else FEW for door in DOORS}
            people = {door: _crowd(inside, numbers[door], f"http://127.0.0.1:{port}/{door}") for door in DOORS}
        yield PointGround(
            system=system,
            authorization=f"ApiKey {access.api_key}",
            stores=stores,
            people=people,
            _mails=mails,
            _calls=calls,
        )


def _crowd(inside: SideProcess, number: int, target: str) -> list[UUID]:
    inside.tell(Crowd(number=number, mark=reference(), target=target))
    while True:
        answer: Answer = msgspec.json.decode(inside.hear_line(SPEAK_SECONDS), type=Answer)
        if isinstance(answer, Made):
            return answer.people
        if not isinstance(answer, Progress):
            raise BenchFailed("The process inside answered out of turn.")


def _notification_of(identifier: str) -> str:
    """A mail's Message-ID and a webhook-id hold the notification's."""
    found = UUID_IN.search(identifier)
    return found[0] if found else identifier
