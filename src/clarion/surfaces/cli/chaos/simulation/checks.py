"""What must hold when a schedule is over, read from the stories, the provider's ledger and the tokens given. Laws about
a moment (too early, cancelled, fenced) are seen to where that moment is."""

from clarion.contract.reasons import Reason
from clarion.records.ledger.status import WAITING, Status
from clarion.surfaces.cli.chaos.simulation.story import Law, Story
from clarion.surfaces.cli.chaos.simulation.world import World, name_of

TAKEN = frozenset({Status.SENT, Status.DELIVERED, Status.READ})
# written down here once more, on purpose: the table of moves is not to be its own judge
LEAVES = {
    Status.DELIVERED: frozenset({Status.READ}),
    Status.FAILED: frozenset({Status.PENDING, Status.DELIVERED}),
    Status.SENT: frozenset({Status.DELIVERED, Status.READ, Status.FAILED}),
    Status.CANCELLED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.SUPPRESSED: frozenset(),
}
REASONS = frozenset(Reason)


def check_after(world: World) -> None:
    """Blame the world for what does not hold."""
    for story in world.stories.values():
        _is_not_lost(world, story)
        _is_not_doubled(world, story)
        _went_onward(world, story)
        if len(set(story.attempts)) != len(story.attempts):
            world.blame(Law.ACCOUNTED, f"{name_of(story.id)} has attempts {story.attempts}")
    _kept_the_rate(world)


def _is_not_lost(world: World, story: Story) -> None:
    name = name_of(story.id)
    if story.status in WAITING:
        world.blame(Law.NOT_LOST, f"{name} is {story.status} for ever")
    elif story.status in TAKEN and not story.taken:
        world.blame(Law.NOT_LOST, f"{name} is {story.status}, and nobody took it")
    elif story.status is Status.FAILED and not (story.dead_letter and story.reason in REASONS):
        world.blame(Law.NOT_LOST, f"{name} failed and no dead letter says why")


def _is_not_doubled(world: World, story: Story) -> None:
    copies = len(story.taken)
    allowed = 1 + story.replays + (0 if story.hold and story.priority > 1 else story.doubts)
    if copies > allowed:
        world.blame(Law.NOT_DOUBLED, f"{name_of(story.id)} was taken {copies} times, {allowed} can be explained")


def _went_onward(world: World, story: Story) -> None:
    for before, after in zip(story.states, story.states[1:], strict=False):
        if before in LEAVES and after not in LEAVES[before]:
            world.blame(Law.ONWARD_ONLY, f"{name_of(story.id)} went from {before} to {after}")


def _kept_the_rate(world: World) -> None:
    if world.limit is None:
        return
    grants = world.granted
    for first, (begins, _) in enumerate(grants):
        given = 0
        for ends, count in grants[first:]:
            given += count
            most = world.limit.burst + (ends - begins) * world.limit.rate.per_second
            if given > most + 1e-3:
                world.blame(Law.RATE_KEPT, f"{given} tokens in {ends - begins:.2f} s, {most:.1f} at most")
                return
