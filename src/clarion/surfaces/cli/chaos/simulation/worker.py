"""A simulated worker: flows/delivery/flow.py step by step, with a stop at every crash point, so that it may die, sleep
or be overtaken between any two. Keep it in step with the flow."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from clarion.contract.content import EmailContent
from clarion.contract.message import Message, Target
from clarion.contract.outcome import Outcome, Retry
from clarion.contract.reasons import Reason
from clarion.flows.delivery.breaking import verdict
from clarion.flows.delivery.flow import FAIR_TURN
from clarion.flows.delivery.gate import gate
from clarion.flows.delivery.judge import judge
from clarion.flows.delivery.presence import DOUBT_SECONDS, GONE_SECONDS
from clarion.flows.delivery.send import Told
from clarion.flows.delivery.unclear import holds, set_apart
from clarion.flows.delivery.work import Fate, Work, ended, held
from clarion.records.crashing import Point
from clarion.records.ledger.queue import LEASE, Claimed
from clarion.records.ledger.status import Status
from clarion.records.pacing.breaker import Admission
from clarion.records.preferences.rules import CRITICAL
from clarion.surfaces.cli.chaos.simulation.planted import Planted
from clarion.surfaces.cli.chaos.simulation.story import Law
from clarion.surfaces.cli.chaos.simulation.world import UNWILLING, World, name_of

MOST = 4
DOUBT, GONE = timedelta(seconds=DOUBT_SECONDS), timedelta(seconds=GONE_SECONDS)
CONTENT = EmailContent(subject="", text="")
TARGET = Target(value="ann@example.com")


class State(StrEnum):
    """STOPPED: as by SIGSTOP, it keeps its connection and renews nothing. DEAD: until it is started again."""

    RUNNING = "running"
    STOPPED = "stopped"
    DEAD = "dead"


class SimulatedWorker:
    """`lease` is what it works under (0: nothing), `ends` until when it believes to hold it; `doing` what is handed
    over and not settled; `until`: when it wakes or is started again; `missed`: since when its presence is not seen."""

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.state = State.RUNNING
        self.until = world.now
        self.start()

    def start(self) -> None:
        """A new process."""
        self.state = State.RUNNING
        self.lease = 0
        self.ends = self.world.now
        self.doing: set[UUID] = set()
        self.missed: datetime | None = None
        self.back_at = self.world.now
        self.idle = True
        self.turn = 0
        self._life = self._live()

    def step(self) -> Point | None:
        """Go on to the next crash point; None when there was nothing to do."""
        point = next(self._life)
        self.idle = point is None
        if point is not None:
            self.world.note(f"{self.name} {point}")
        return point

    def lose_presence(self, seconds: float) -> None:
        """The connection that shows that it is there is gone, for so long."""
        self.missed = self.missed or self.world.now
        self.back_at = self.world.now + timedelta(seconds=seconds)

    def regain_presence(self) -> None:
        """Seen again. If that took so long that others may have been told it was gone, its lease is not its own any
        more, whatever is seen now."""
        if self.missed is not None:
            lost = self.world.now - self.missed >= DOUBT
            if lost and self.world.planted is not Planted.FORGIVING:
                self.ends = self.world.now
            self.missed = None

    def die(self, seconds: float) -> int:
        """SIGKILL; to be started again after so long. Returns the lease it leaves behind."""
        self.state, self.until = State.DEAD, self.world.now + timedelta(seconds=seconds)
        self.doubt()
        return self.lease

    def stop(self, seconds: float) -> None:
        """SIGSTOP for so long."""
        self.state, self.until = State.STOPPED, self.world.now + timedelta(seconds=seconds)

    def wake(self) -> None:
        """SIGCONT. The keeper's pause is over as well; what was held may be in other hands by now."""
        self.state = State.RUNNING
        self.renew()
        if self.lease and self.world.now > self.ends:
            self.doubt()

    def doubt(self) -> None:
        """What it has handed over and not settled may have been taken, and nobody knows."""
        for one in self.doing:
            self.world.stories[one].doubts += 1

    def renew(self) -> None:
        """The keeper's turn."""
        if self.lease and self.world.queue.renew(self.lease, self.world.now):
            self.ends = self.world.now + LEASE

    def may_begin(self) -> bool:
        """As Keeper.may_begin."""
        if self.world.planted is Planted.NO_LEASE_CHECK:
            return True
        sure = self.missed is None or self.world.now - self.missed < DOUBT
        return self.world.now < self.ends and sure

    def _live(self) -> Iterator[Point | None]:
        while True:
            if not self.world.bells:
                yield None
                continue
            self.world.bells -= 1
            yield Point.WORKER_WOKEN
            while (claimed := self._claim()) is not None:
                yield Point.WORKER_CLAIMED
                yield from self._deliver(claimed)
                self.lease = 0

    def _claim(self) -> list[Claimed] | None:
        world = self.world
        most = world.tokens(MOST)
        if not most:
            return None
        self.turn += 1
        lease, claimed = world.claim(most, fair=self.turn % FAIR_TURN == 0)
        world.unused(most - len(claimed))
        if not claimed:
            return None
        self.lease, self.ends = lease, world.now + LEASE
        world.note(f"{self.name} claims {' '.join(name_of(each.id) for each in claimed)} under {lease}")
        return claimed

    def _deliver(self, claimed: Sequence[Claimed]) -> Iterator[Point]:
        world, now = self.world, self.world.now
        works = world.load(claimed)
        world.queue.finish(self.lease, {each.id for each in claimed} - {work.id for work in works})
        clear, unclear = set_apart(works, now)
        rest, stopped = gate(clear, now)
        world.settle(self.lease, [*unclear, *stopped])
        while rest and self.may_begin():
            admission = world.admit()
            if admission is Admission.REFUSE:
                wait = timedelta(seconds=max(world.circuit.until - world.seconds, 1.0))
                resting = Reason.ACCOUNTS_RESTING
                world.settle(self.lease, [held(w, resting, "send", "breaker", wait, world.now) for w in rest])
                return
            size = 1 if admission is Admission.PROBE else world.provider.declaration.max_batch
            probe = world.circuit.serial if admission is Admission.PROBE else None
            yield from self._hand(rest[:size], probe)
            rest = rest[size:]
        if rest:
            world.queue.give_back(self.lease, {work.id: timedelta(0) for work in rest}, world.now, untried=True)
            world.ring()

    def _hand(self, works: Sequence[Work], probe: int | None) -> Iterator[Point]:
        world = self.world
        late = [w for w in works if w.expires_at is not None and w.expires_at <= world.now]
        world.settle(self.lease, [ended(w, Status.EXPIRED, Reason.EXPIRED, "send", "expiry", world.now) for w in late])
        chunk = self._marked([work for work in works if work not in late])
        started = world.now
        self.doing = {work.id for work in chunk}
        for work in chunk:
            self._check(work)
        yield Point.WORKER_HANDING_OVER
        outcomes: dict[UUID, Outcome] = {}
        for work in chunk:
            self._check_still(work)
            outcomes[work.id] = world.provider.take(world.stories[work.id], world.now)
            world.note(f"{name_of(work.id)}: provider says {type(outcomes[work.id]).__name__}")
            yield Point.PROVIDER_TOOK
        world.hear(verdict(list(outcomes.values()), None, one_call=False), probe)
        fates = [self._judged(work, outcomes[work.id], started) for work in chunk]
        yield Point.WORKER_UNSETTLED
        world.settle(self.lease, fates)
        if world.rng.random() < 0.05:  # the answer of the commit got lost: it is written once more
            world.settle(self.lease, fates)
        self.doing = set()
        yield Point.WORKER_SETTLED

    def _marked(self, works: Sequence[Work]) -> list[Work]:
        """As HandOver."""
        world = self.world
        marks = [w.id for w in works if holds(w) and not world.provider.idempotent]
        if not marks or world.planted is Planted.NO_MARK:
            return list(works)
        marked = world.queue.hand_over(self.lease, marks, world.now)
        return [w for w in works if w.id in marked or w.id not in set(marks)]

    def _check(self, work: Work) -> None:
        """From outside: may this be handed over now?"""
        world, story = self.world, self.world.stories[work.id]
        if story.cancelled_at is not None:
            world.blame(Law.NO_PHANTOM, f"{name_of(work.id)} was cancelled")
        if story.expires_at is not None and story.expires_at <= world.now:
            world.blame(Law.NO_PHANTOM, f"{name_of(work.id)} had expired")
        if story.priority != CRITICAL and work.person is UNWILLING:
            world.blame(Law.NO_PHANTOM, f"{name_of(work.id)} was not wanted when it was taken up")
        if world.now < story.not_before:
            world.blame(Law.NOT_EARLY, f"{name_of(work.id)} left {story.not_before - world.now} early")

    def _check_still(self, work: Work) -> None:
        """Nobody was told that it is cancelled while the lease holds it. One that slept in between may be too late."""
        story = self.world.stories[work.id]
        if story.cancelled_at is not None and self.world.now < self.ends and self.missed is None:
            self.world.blame(Law.NO_PHANTOM, f"{name_of(work.id)} was cancelled under its lease")

    def _judged(self, work: Work, outcome: Outcome, started: datetime) -> Fate:
        world = self.world
        if world.planted is Planted.NO_RETRY_AFTER and isinstance(outcome, Retry) and outcome.after is not None:
            story = world.stories[work.id]
            story.not_before = max(story.not_before, world.now + outcome.after)
            outcome = replace(outcome, after=None)
        told = Told(
            message=message_of(work),
            account="simulated",
            confirms_delivery=False,
            outcome=outcome,
            idempotent=world.provider.idempotent,
        )
        fate = judge(work, [told], started, world.now, world.rng)
        if fate.attempts and fate.attempts[0].outcome == "unclear":
            world.stories[work.id].doubts += 1
        return fate


def message_of(work: Work) -> Message:
    """What would be handed over."""
    return Message(
        id=str(work.id),
        notification_id=str(work.id),
        user_id="",
        target=TARGET,
        content=CONTENT,
        attempt=work.attempt,
        created_at=work.created_at,
    )
