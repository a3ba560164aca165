"""What there is in a simulated run: the clock, the queue, the stories, the provider, the shared breaker and bucket. The
operations are transactions: each happens whole or not at all, as the database makes sure of outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.rate import Rate
from clarion.flows.delivery.breaking import Verdict
from clarion.flows.delivery.flow import STARVING
from clarion.flows.delivery.work import Fate, Work
from clarion.records.categories.catalog import CategoryFacts
from clarion.records.ledger.queue import PRIORITIES, Claimed
from clarion.records.ledger.status import WAITING, Status, may_move
from clarion.records.pacing import breaker, gcra
from clarion.records.pacing.breaker import Admission, News
from clarion.records.pacing.gcra import Limit
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences.rules import Wishes
from clarion.surfaces.cli.chaos.simulation.planted import Planted
from clarion.surfaces.cli.chaos.simulation.provider import SimulatedProvider
from clarion.surfaces.cli.chaos.simulation.queue_model import QueueModel
from clarion.surfaces.cli.chaos.simulation.story import Breach, Law, Story

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
LANE = "email"
SLOW = gcra.paced(Rate(count=4, seconds=1))


def person_who(*, wants: bool) -> PersonFacts:
    """The recipient of everything, before and after they switch the channel off."""
    return PersonFacts(
        id=UUID(int=1),
        active=True,
        locale="en",
        timezone="UTC",
        attributes={},
        preferred_channels=(),
        email_sealed=None,
        phone_sealed=None,
        names_sealed=None,
        reachable=frozenset({ChannelKey.EMAIL}),
        wishes={0: Wishes(channels={"email": wants})},
    )


WILLING, UNWILLING = person_who(wants=True), person_who(wants=False)


def category_that(*, holds: bool) -> CategoryFacts:
    """Transactional; what is unclear is held or sent again."""
    return CategoryFacts(
        id=1,
        key="simulated",
        marketing=False,
        essential=False,
        default_priority=3,
        default_channels=("email",),
        hold_unclear=holds,
    )


CATEGORIES: Mapping[bool, CategoryFacts] = {holds: category_that(holds=holds) for holds in (True, False)}


@dataclass(slots=True, kw_only=True)
class World:
    """`bells`: messages of the broker that wait. `opted_out_at`: since when the recipient wants nothing."""

    rng: Random
    provider: SimulatedProvider
    limit: Limit | None
    planted: Planted | None = None
    now: datetime = EPOCH
    queue: QueueModel = field(default_factory=QueueModel)
    stories: dict[UUID, Story] = field(default_factory=dict)
    bells: int = 0
    opted_out_at: datetime | None = None
    tat: float = 0.0
    granted: list[tuple[float, int]] = field(default_factory=list)
    circuit: breaker.State = breaker.WELL
    breaches: list[Breach] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return (self.now - EPOCH).total_seconds()

    def note(self, said: str) -> None:
        """A line of the trace."""
        self.trace.append(f"{self.seconds:10.2f}  {said}")

    def blame(self, law: Law, said: str) -> None:
        """A law that does not hold."""
        self.breaches.append(Breach(law=law, said=said))

    def ring(self) -> None:
        """One more bell; they are coalesced."""
        self.bells = min(self.bells + 1, 3)

    # -- the worker's operations ---------------------------------------------------------------------------------------

    def tokens(self, most: int) -> int:
        """Lease tokens of the account's bucket."""
        if self.limit is None:
            return most
        taken = gcra.take(self.tat, self.seconds, self.limit, most)
        self.tat = taken.tat
        if taken.count:
            self.granted.append((self.seconds, taken.count))
        return taken.count

    def unused(self, count: int) -> None:
        """Tokens that come back."""
        if self.limit is not None and count:
            back = count * 3 if self.planted is Planted.FREE_TOKENS else count
            self.tat = gcra.put_back(self.tat, self.limit, back)
            self.granted.append((self.seconds, -count))

    def claim(self, most: int, *, fair: bool) -> tuple[int, list[Claimed]]:
        """As flow._claim: now and then what has waited longest, else the most urgent."""
        start = UUID(int=self.rng.randrange(8))
        lease, claimed = 0, list[Claimed]()
        if fair:
            lease, claimed = self.queue.claim(
                LANE, most, self.now, priorities=PRIORITIES[::-1], age=STARVING, start=start
            )
        if not claimed:
            oldest = self.planted is Planted.OLDEST_FIRST
            urgent = self._most_urgent()
            priorities = PRIORITIES[::-1] if oldest else PRIORITIES
            lease, claimed = self.queue.claim(LANE, most, self.now, priorities=priorities, start=start)
            if claimed and claimed[0].priority != urgent:
                self.blame(Law.URGENT_FIRST, f"priority {claimed[0].priority} was taken up before {urgent}")
        if self.planted is Planted.GONE_AT_CLAIM:
            for one in claimed:
                del self.queue.entries[one.id]
        return lease, claimed

    def _most_urgent(self) -> int:
        due = [e.priority for e in self.queue.entries.values() if e.due_at <= self.now and not e.is_held(self.now)]
        return min(due, default=0)

    def load(self, claimed: Sequence[Claimed]) -> list[Work]:
        """What the entries are about; those that wait no longer are absent."""
        stories = [(self.stories[each.id], each) for each in claimed]
        return [self._work(story, each) for story, each in stories if story.status in WAITING]

    def _work(self, story: Story, entry: Claimed) -> Work:
        gone = self.opted_out_at is not None
        return Work(
            id=story.id,
            attempt=entry.attempts,
            tries=entry.attempts - entry.earlier,
            abandoned=entry.abandoned and not entry.awaits,
            user_id=WILLING.id,
            channel=ChannelKey.EMAIL,
            category=CATEGORIES[story.hold],
            version_id=None,
            priority=story.priority,
            bypass=False,
            created_at=story.created_at,
            expires_at=story.expires_at,
            scheduled_at=story.scheduled_at,
            due_at=entry.due_at,
            replayed_at=story.replayed_at,
            handed_over=entry.handed_over,
            awaits=entry.awaits,
            payload={},
            person=UNWILLING if gone else WILLING,
        )

    def admit(self) -> Admission:
        """Ask the breaker."""
        self.circuit, admission = breaker.admit(self.circuit, self.seconds)
        return admission

    def hear(self, found: Verdict, probe: int | None) -> None:
        """Tell the breaker, as Circuit.hear does."""
        if probe is None and found.well is None:
            return
        bad = int(found.well is not True) if probe is not None else (0 if found.well else found.failures)
        good = int(found.well is True) if probe is not None else int(found.worked)
        news = News(good=good, bad=bad, rest=found.rest, probe=probe)
        self.circuit = breaker.report(self.circuit, news, self.seconds)

    def settle(self, lease: int, fates: Sequence[Fate]) -> None:
        """One transaction: what this lease still holds leaves or goes back, states move, attempts are noted."""
        if not fates:
            return
        held = self._release(lease, fates)
        for fate in fates:
            if fate.work.id in held:
                self._write(fate)

    def _release(self, lease: int, fates: Sequence[Fate]) -> set[UUID]:
        holders = {f.work.id: e.lease for f in fates if (e := self.queue.entries.get(f.work.id)) is not None}
        if self.planted is Planted.NO_FENCE:
            for one in holders:
                self.queue.entries[one].lease = lease
        back = {f.work.id: f.after for f in fates if f.to is None and not f.untried and not f.awaits}
        kept = {f.work.id: f.after for f in fates if f.awaits}
        untried = {f.work.id: f.after for f in fates if f.untried}
        held = self.queue.finish(lease, [f.work.id for f in fates if f.to is not None])
        held |= self.queue.give_back(lease, back, self.now) | self.queue.hold(lease, kept, self.now)
        held |= self.queue.give_back(lease, untried, self.now, untried=True)
        for one in held:
            if holders.get(one) != lease:
                self.blame(Law.FENCED, f"{name_of(one)} was settled under lease {lease}, held under {holders[one]}")
        return held

    def _write(self, fate: Fate) -> None:
        story = self.stories[fate.work.id]
        story.attempts += [row.number for row in fate.attempts]
        if fate.to is not None:
            self.move(story, fate.to, fate.reason or "")
        else:
            story.not_before = max(story.not_before, self.now + fate.after)

    def move(self, story: Story, to: Status, reason: str = "") -> bool:
        """As transitions.move: by the table, and dead letters follow."""
        if not may_move(story.status, to) and self.planted is not Planted.ANY_MOVE:
            return False
        story.stand(to, reason)
        story.dead_letter = to is Status.FAILED
        self.note(f"{name_of(story.id)} is {to} {reason}".rstrip())
        return True


def name_of(one: UUID) -> str:
    """Short, for a trace."""
    return f"n{one.int}"
