"""Running the parts of `clarion chaos time`, and putting together what they found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clarion.surfaces.cli.bench.experiments import Finding, OnGround, Run
from clarion.surfaces.cli.bench.machine import look_around
from clarion.surfaces.cli.bench.measured import Extent, Measured, Meter
from clarion.surfaces.cli.chaos.time_herd import HerdOutcome, prove_herd
from clarion.surfaces.cli.chaos.time_oracle import zones
from clarion.surfaces.cli.chaos.time_schedulers import SchedulersOutcome, prove_schedulers
from clarion.surfaces.cli.chaos.time_zones import ZoneOutcome, prove_zones
from clarion.surfaces.cli.exits import Exit, leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; `zones` None: all of them; `only` empty: all parts."""

    zones: Sequence[str] | None
    people: int
    mails: int
    schedulers: int
    kills: int
    held: int
    only: str
    seed: int


def run_time(wanted: Wanted, meter: Meter) -> Run:
    """Every part that is wanted. Raises BenchFailed and DemoFailed."""
    unknown = sorted(set(wanted.zones or ()) - set(zones()))
    if unknown:
        leave(Exit.USAGE, f"There is no zone {unknown[0]}; write an IANA name, such as Africa/Nairobi.")
    found: list[Finding] = []
    if wanted.only in ("", "zones"):
        found.append(_finding("zones", "Every change of clocks", ZoneOutcome, prove_zones(wanted.zones, meter)))
    if wanted.only in ("", "herd"):
        herd = prove_herd(wanted.held, wanted.seed)
        found.append(_finding("herd", "Quiet hours that end at one moment", HerdOutcome, herd))
    if wanted.only in ("", "schedulers"):
        many = prove_schedulers(
            people=wanted.people,
            mails=wanted.mails,
            processes=wanted.schedulers,
            kills=wanted.kills,
            seed=wanted.seed,
            meter=meter,
        )
        title = f"Digests closed by many schedulers, seed {wanted.seed}"
        found.append(_finding("schedulers", title, SchedulersOutcome, many))
    extent = Extent(singles=0, seconds=0, backlog=wanted.people * wanted.mails)
    return Run(environment=look_around(), extent=extent, findings=tuple(found))


def _finding(name: str, title: str, row: type[Measured], rows: Iterator[Measured]) -> Finding:
    table = OnGround(name=name, title=title, row=row, measure=lambda *_: iter(()))
    return Finding(experiment=table, rows=tuple(rows))
