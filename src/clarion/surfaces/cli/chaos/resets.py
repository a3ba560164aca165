"""Taken, then reset: a mail server that takes every mail and drops the connection instead of saying so. What is unclear
is held, or sent once more, as its category says."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.bulk_call import call_bulk
from clarion.surfaces.cli.bench.ground import Ground, Receipt
from clarion.surfaces.cli.bench.measured import Meter
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE
from clarion.surfaces.cli.chaos.categories import category
from clarion.surfaces.cli.chaos.course import copies_of, drain, taken_by
from clarion.surfaces.cli.chaos.orders import Books, Order
from clarion.surfaces.cli.chaos.plan import Plan
from clarion.surfaces.cli.chaos.victims import Victims

DRAIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """One policy. `resets`: mails taken whose connection was reset; `held`: notifications the system holds as unclear;
    `most`: copies of the mail of which there are most."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "policy",
        "accepted",
        "resets",
        "held",
        "doubled",
        "most",
        "lost",
        "seconds",
    )

    policy: str
    accepted: int
    resets: int
    held: int
    doubled: int
    most: int
    lost: int
    undrained: int
    seconds: float

    @property
    def flaw(self) -> str:
        said = [f"{self.lost} lost"] if self.lost else []
        if self.undrained:
            said.append(f"{self.undrained} still waiting at the end")
        if self.resets < self.accepted:
            said.append(f"only {self.resets} of {self.accepted} were reset")
        if self.policy == "hold" and (self.doubled or self.held != self.resets):
            said.append(f"{self.doubled} doubled and {self.held} held of {self.resets}")
        if self.policy == "resend" and (self.most > 2 or self.held):
            said.append(f"up to {self.most} copies, {self.held} held")
        return f"{self.policy}: {', '.join(said)}" if said else ""

    def cells(self) -> tuple[str, ...]:
        counts = (self.accepted, self.resets, self.held, self.doubled, self.most, self.lost)
        return self.policy, *(str(count) for count in counts), f"{self.seconds:.1f}"


def measure_resets(ground: Ground, plan: Plan, meter: Meter) -> Iterator[Reset]:
    """A row for each policy; everybody gets one mail."""
    for policy in ("hold", "resend"):
        people = ground.crowd(plan.number, webhooks=False, advance=meter.stage("reset: making people", plan.number))
        yield _one(ground, policy, people, meter)


def _one(ground: Ground, policy: str, people: list[UUID], meter: Meter) -> Reset:
    began = time.time()
    victims = Victims(system=ground.system)
    key = category(ground, f"chaos-{policy}", unclear=policy)
    held_before = victims.held()
    ground.forget_receipts()
    ground.order_sinks(Order(trouble="reset"), list[Receipt])
    try:
        meter.stage(f"reset: sending {len(people)} with policy {policy}")
        called = call_bulk(ground, _body(people, key), len(people))
        undrained = drain(victims, meter, f"reset, {policy}", DRAIN_SECONDS)
    finally:
        ground.order_sinks(Order(trouble="none"), list[Receipt])
    copies = copies_of(taken_by(ground))
    return Reset(
        policy=policy,
        accepted=called.accepted,
        resets=ground.order_sinks("books", Books).email.resets,
        held=victims.held() - held_before,
        doubled=sum(copies.values()) - len(copies),
        most=max(copies.values(), default=0),
        lost=called.accepted - len(copies),
        undrained=undrained,
        seconds=time.time() - began,
    )


def _body(people: list[UUID], key: str) -> bytes:
    body: dict[str, object] = {
        "recipients": [{"user_id": person} for person in people],
        "template_path": TEMPLATE,
        "channel": ChannelKey.EMAIL,
        "context": SAMPLE,
        "category": key,
    }
    return msgspec.json.encode(body)
