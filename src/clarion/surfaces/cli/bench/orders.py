"""What is said to the process inside (`inside.py`) and what it answers, as values; no Django here."""

from datetime import datetime
from uuid import UUID

import msgspec


class Open(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The first order: whose stores. Answered with Stores."""

    data_dir: str


class Seed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take `number` sends in, over the recipients in turn, due at once. Answered with Progress, at last finished."""

    channel: str
    number: int
    reference: str
    recipients: list[UUID]
    template: str
    context: dict[str, object]


class Watch(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Wait until `number` notifications of the reference are settled. Answered with Progress, then Settled."""

    reference: str
    number: int
    seconds: float


class Crowd(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Make so many people with an email address and, where `target` is given, a webhook. Answered with Progress, then
    Made."""

    number: int
    mark: str
    target: str = ""


class Claims(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Fill a lane nobody works with `backlog` due entries, claim so many times `limit` of them, and empty the queue.
    Answered with Progress, then Claiming."""

    backlog: int
    rounds: int
    limit: int
    callers: int


class Tickets(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Access tokens for these people. Answered with Admitted."""

    people: list[UUID]


class Gating(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Give `people` wishes of every kind, and take `rounds` batches of them through the gate, each way in turn.
    Answered with Gated."""

    people: list[UUID]
    batch: int
    rounds: int


Order = Open | Seed | Watch | Crowd | Claims | Tickets | Gating


class Stores(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The servers behind the system, and whether what they acknowledge is on disk."""

    postgresql: str
    redis: str
    fsync: str
    synchronous_commit: str


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """So many so far."""

    done: int
    finished: bool = False


class Settled(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How the notifications of a reference stand: by status; when the first attempt began (after the first batch was
    claimed and rendered) and when the last was settled."""

    statuses: dict[str, int]
    began_at: datetime | None
    last_at: datetime | None

    @property
    def arrived(self) -> int:
        """Those the system says are sent or delivered."""
        return sum(self.statuses.get(status, 0) for status in ("sent", "delivered", "read"))


class Made(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The people of a crowd."""

    people: list[UUID]


class Claiming(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How long each claim took."""

    milliseconds: list[float]


class Admitted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The tokens, in the order of the people."""

    tokens: list[str]


class Gated(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Microseconds a message of each batch, by what was measured."""

    microseconds: dict[str, list[float]]


Answer = Stores | Progress | Settled | Made | Claiming | Admitted | Gated
