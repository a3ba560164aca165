"""Lanes: a queue for each channel, and a second one for its bulk work, so that neither a slow channel nor a large
campaign holds up anybody else."""

from clarion.contract.channel import ChannelKey

BULK = ".bulk"


def lane_of(channel: ChannelKey, *, bulk: bool = False) -> str:
    """`email`, `email.bulk`."""
    return f"{channel}{BULK}" if bulk else str(channel)


def channel_of(lane: str) -> ChannelKey:
    """The channel a lane carries; raises ValueError for what is no lane."""
    return ChannelKey(lane.removesuffix(BULK))


def is_bulk(lane: str) -> bool:
    return lane.endswith(BULK)


JOBS = "jobs"
"""Not a lane of messages: the queue for taking an audience in, page by page."""
FEEDBACK = "feedback"
"""Nor is this: the queue for reading what vendors report."""


def lanes() -> list[str]:
    """All lanes."""
    return [lane_of(key, bulk=bulk) for key in ChannelKey for bulk in (False, True)]
