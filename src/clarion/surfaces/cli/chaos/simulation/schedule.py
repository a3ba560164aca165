"""One order of events, drawn from a seed: what is sent, which worker goes on, who dies or stops and when, what people
and providers do meanwhile. Then the faults end, and everything is to come to its end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from clarion.records.ledger.queue import LEASE
from clarion.records.ledger.status import WAITING, Status
from clarion.surfaces.cli.chaos.simulation.checks import check_after
from clarion.surfaces.cli.chaos.simulation.planted import Planted
from clarion.surfaces.cli.chaos.simulation.provider import SimulatedProvider
from clarion.surfaces.cli.chaos.simulation.queue_model import Entry
from clarion.surfaces.cli.chaos.simulation.story import Breach, Law, Story
from clarion.surfaces.cli.chaos.simulation.worker import GONE, SimulatedWorker, State
from clarion.surfaces.cli.chaos.simulation.world import LANE, SLOW, World, name_of

EVENTS = 60
LONGEST_SUBSTEP = timedelta(seconds=10)
MOST_TURNS = 4_000
RECOVERY = LEASE + timedelta(seconds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one schedule showed; `trace` tells it from the beginning."""

    seed: int
    breaches: Sequence[Breach]
    trace: Sequence[str]
    steps: int
    taken: int
    doubled: int


class Schedule:
    """The world, its workers, and what may happen to them."""

    def __init__(self, seed: int, planted: Planted | None = None) -> None:
        rng = self._rng = Random(seed)  # noqa: S311 -- is to be repeatable
        provider = SimulatedProvider(rng=rng, ill=rng.choice((0.0, 0.1, 0.4)), idempotent=rng.random() < 0.2)
        limit = SLOW if rng.random() < 0.25 else None
        self.world = World(rng=rng, provider=provider, limit=limit, planted=planted)
        self.workers = [SimulatedWorker(f"w{number}", self.world) for number in range(1, rng.randint(1, 3) + 1)]
        self._left: list[tuple[SimulatedWorker, int]] = []
        self._steps = 0
        self._beat_at = self.world.now
        self._hold = rng.random() < 0.5
        self._to_send = rng.randint(1, 7)
        self._seed = seed
        acts: list[tuple[int, Callable[[], None]]] = [
            (60, self._step),
            (14, self._pass),
            (8, self._send),
            (3, self._kill),
            (4, self._stop),
            (4, self._lose_presence),
            (2, self.world.ring),
            (2, self._lose_bells),
            (2, self._cancel),
            (4, self._reschedule),
            (3, self._replay),
            (3, self._receipt),
            (1, self._not_taken),
            (1, self._opt_out),
        ]
        self._acts = [act for _, act in acts]
        self._weights = [weight for weight, _ in acts]

    def run(self) -> Result:
        """Play it to the end."""
        for act in self._rng.choices(self._acts, self._weights, k=EVENTS):
            act()
        while self._to_send:
            self._send()
        self._heal()
        check_after(self.world)
        world = self.world
        taken = [len(story.taken) for story in world.stories.values()]
        return Result(
            seed=self._seed,
            breaches=tuple(world.breaches),
            trace=tuple(world.trace),
            steps=self._steps,
            taken=sum(taken),
            doubled=sum(max(0, number - 1) for number in taken),
        )

    # -- time ----------------------------------------------------------------------------------------------------------

    def _pass(self) -> None:
        self._advance(timedelta(seconds=self._rng.choice((0.05, 0.5, 0.5, 1, 3, 8, 40))))

    def _advance(self, span: timedelta) -> None:
        """In steps short enough for the keepers, which renew every ten seconds."""
        while span > timedelta(0):
            part = min(span, LONGEST_SUBSTEP) if any(worker.lease for worker in self.workers) else span
            self.world.now += part
            span -= part
            for worker in self.workers:
                self._look_after(worker)
            self._call_roll()
            if self.world.now - self._beat_at >= timedelta(seconds=1):
                self._beat_at = self.world.now
                if self.world.queue.is_work_due(LANE, self.world.now):
                    self.world.ring()

    def _look_after(self, worker: SimulatedWorker) -> None:
        now = self.world.now
        if worker.state is State.RUNNING:
            worker.renew()
            if now >= worker.back_at:
                worker.regain_presence()
        elif now >= worker.until:
            self.world.note(f"{worker.name} {'wakes' if worker.state is State.STOPPED else 'is started again'}")
            if worker.state is State.DEAD:
                worker.start()
            else:
                worker.wake()

    def _call_roll(self) -> None:
        """The scheduler's list of workers: leases of those missed for a while end."""
        now = self.world.now
        for worker in self.workers:
            if worker.missed is not None and now - worker.missed >= GONE:
                self.world.queue.end_leases(worker.lease, now)
                worker.doubt()
                worker.missed = None if not worker.lease else worker.missed
        for left in [each for each in self._left if each[0].until - now <= timedelta(0)]:
            self.world.queue.end_leases(left[1], now)
            self._left.remove(left)

    # -- workers -------------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        running = [worker for worker in self.workers if worker.state is State.RUNNING]
        if running:
            self._steps += 1
            self._rng.choice(running).step()

    def _kill(self) -> None:
        worker = self._rng.choice(self.workers)
        if worker.state is not State.DEAD:
            self.world.note(f"{worker.name} is killed")
            lease = worker.die(self._rng.choice((0.5, 3, 20)))
            if lease and self._rng.random() < 0.5:  # else nobody calls the roll, and the lease runs out
                self._left.append((worker, lease))

    def _stop(self) -> None:
        worker = self._rng.choice(self.workers)
        if worker.state is State.RUNNING:
            seconds = self._rng.choice((2, 15, 35, 90))
            self.world.note(f"{worker.name} is stopped for {seconds} s")
            worker.stop(seconds)

    def _lose_presence(self) -> None:
        worker = self._rng.choice(self.workers)
        if worker.state is State.RUNNING and worker.lease:
            self.world.note(f"{worker.name} is not seen any more")
            worker.lose_presence(self._rng.choice((1, 4, 12)))

    def _lose_bells(self) -> None:
        self.world.bells = 0

    # -- people and the provider ---------------------------------------------------------------------------------------

    def _send(self) -> None:
        if not self._to_send:
            return
        self._to_send -= 1
        world, rng = self.world, self._rng
        scheduled = world.now + timedelta(seconds=rng.choice((5, 60))) if rng.random() < 0.2 else None
        due = scheduled or world.now
        story = Story(
            id=UUID(int=len(world.stories) + 1),
            caller=UUID(int=rng.randrange(3)),
            priority=rng.choice((1, 2, 3, 3, 4)),
            created_at=world.now,
            not_before=due,
            hold=self._hold,
            scheduled_at=scheduled,
            expires_at=due + timedelta(seconds=rng.choice((2, 50, 3_600))) if rng.random() < 0.2 else None,
        )
        story.stand(Status.PENDING if scheduled is None else Status.SCHEDULED)
        world.stories[story.id] = story
        world.queue.add(Entry(id=story.id, lane=LANE, priority=story.priority, caller=story.caller, due_at=due))
        world.note(f"{name_of(story.id)} is accepted, priority {story.priority}, due in {due - world.now}")
        if rng.random() < 0.8:
            world.ring()

    def _any(self) -> Story | None:
        stories = list(self.world.stories.values())
        return self._rng.choice(stories) if stories else None

    def _cancel(self) -> None:
        story, world = self._any(), self.world
        if story is None or story.status not in WAITING:
            return
        anyway = world.planted is Planted.CANCEL_ANYWAY and world.queue.entries.pop(story.id, None) is not None
        if anyway or world.queue.withdraw(story.id, world.now):
            story.cancelled_at = world.now
            world.move(story, Status.CANCELLED, "cancelled")

    def _reschedule(self) -> None:
        story, world = self._any(), self.world
        if story is None or story.status not in WAITING:
            return
        at = world.now + timedelta(seconds=self._rng.choice((1, 30, 300)))
        in_time = story.expires_at is None or at < story.expires_at
        lease = world.queue.entries[story.id].lease if story.id in world.queue.entries else None
        if in_time and world.queue.postpone(story.id, at, world.now):
            if world.planted is Planted.LEASE_KEPT:
                world.queue.entries[story.id].lease = lease
            story.scheduled_at = story.not_before = at
            world.move(story, Status.SCHEDULED)

    def _replay(self) -> None:
        story, world = self._any(), self.world
        if story is None or not story.dead_letter:
            return
        world.move(story, Status.PENDING)
        story.replays += 1
        story.replayed_at = story.not_before = world.now
        world.queue.add(
            Entry(
                id=story.id,
                lane=LANE,
                priority=story.priority,
                caller=story.caller,
                due_at=world.now,
                attempts=max(story.attempts, default=0),
                replayed_after=max(story.attempts, default=0),
                replayed_at=world.now,
            )
        )
        world.ring()

    def _receipt(self) -> None:
        """The provider says later that it arrived; perhaps twice, perhaps while it is in doubt."""
        story, world = self._any(), self.world
        if story is not None and story.taken:
            settled = story.status not in WAITING or world.queue.take_answered(story.id, world.now)
            if settled:
                world.move(story, Status.DELIVERED)

    def _not_taken(self) -> None:
        """Somebody looked: the provider never had it."""
        story, world = self._any(), self.world
        if story is not None and not story.taken and world.queue.release_answered(story.id, world.now):
            story.not_before = min(story.not_before, world.now)
            story.replays += 1  # true as it was said, and who stopped just before handing it over may wake

    def _opt_out(self) -> None:
        if self.world.opted_out_at is None and self._rng.random() < 0.3:
            self.world.opted_out_at = self.world.now

    # -- the end -------------------------------------------------------------------------------------------------------

    def _heal(self) -> None:
        """The faults are over: everybody runs, the provider is well, time goes by until nothing is left to do."""
        world = self.world
        world.note("the faults are over")
        world.provider.ill = 0.0
        for worker in self.workers:
            worker.until = world.now
            worker.regain_presence()
        waits = {e.id for e in world.queue.entries.values() if e.due_at <= world.now}
        by = world.now + RECOVERY
        self._advance(timedelta(seconds=1))
        for _ in range(MOST_TURNS):
            worked = [self._work(worker) for worker in self.workers]
            if not world.queue.entries and not any(worked):
                return
            if not any(worked):
                self._advance(self._until_something())
                self._check_recovery(waits, by)
        world.blame(Law.NOT_LOST, f"{len(world.queue.entries)} still wait at the end")

    def _work(self, worker: SimulatedWorker) -> bool:
        self._steps += 1
        return worker.step() is not None

    def _until_something(self) -> timedelta:
        """To the next moment at which an entry is due or a lease ends; at least a second."""
        now = self.world.now
        moments = [max(e.due_at, e.lease_until or e.due_at) for e in self.world.queue.entries.values()]
        ahead = [moment - now for moment in moments if moment >= now]
        # a lease has run out after its end, not at it, and the scheduler looks once a second
        return min(ahead, default=timedelta(0)) + timedelta(seconds=1.01)

    def _check_recovery(self, waits: set[UUID], by: datetime) -> None:
        world = self.world
        unhurried = world.limit is None and world.circuit.until <= world.seconds
        if unhurried and world.now > by:
            left = [e for one in waits if (e := world.queue.entries.get(one)) is not None and not e.awaits]
            for entry in left:
                if entry.lease is not None and not entry.is_held(world.now - timedelta(seconds=3)):
                    world.blame(Law.RECOVERED, f"{name_of(entry.id)} was left by a worker and not taken up")
