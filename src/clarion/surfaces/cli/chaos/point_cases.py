"""The cases of `clarion chaos points`: which work leads to a crash point, how often it is passed on the way, and at
which a message may be sent twice. The list is complete: a test compares it with the points there are."""

from dataclasses import dataclass
from enum import StrEnum

from clarion.records.crashing import Mode, Point


class Load(StrEnum):
    """What is sent. STEADY: emails or webhooks, half of them due together a little later. REFUSED_ONCE and
    REFUSED: webhooks whose receiver says 503 the first time, or 404 always. CHAIN: the same with email as the next
    channel. LIST: one bulk call of more than one chunk; AUDIENCE: one over a filter."""

    STEADY = "steady"
    REFUSED_ONCE = "refused once"
    REFUSED = "refused"
    CHAIN = "chain"
    LIST = "list"
    AUDIENCE = "audience"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The hit is drawn from `least` to `most`. What is hit is a process, so nothing else may be on its way in it then:
    a load keeps to one channel, and where two bells may be answered at a time the first hit is meant. `ambiguous`: the
    ways to be hit at which a provider may have had the message already, so that it may be sent twice."""

    point: Point
    load: Load = Load.STEADY
    least: int = 1
    most: int = 1
    modes: tuple[Mode, ...] = (Mode.KILL,)
    ambiguous: tuple[Mode, ...] = ()


STOPPED = (Mode.KILL, Mode.STOP)
# a window of a group lasts a minute, and callbacks want a vendor: the suite alone kills there
NOT_HERE = frozenset({Point.GROUP_CLOSING, Point.CALLBACK_KEPT, Point.CALLBACK_APPLIED})
CASES = (
    Case(point=Point.API_BEFORE_COMMIT, most=20),
    Case(point=Point.API_COMMITTED, most=20),
    Case(point=Point.BELL_UNRUNG, most=3),
    Case(point=Point.BELL_MARKED, most=3),
    Case(point=Point.WORKER_WOKEN),
    Case(point=Point.WORKER_CLAIMED, most=2, modes=STOPPED),
    # who is stopped after it was asked whether it may begin, and before it begins, cannot be told from a slow one
    Case(point=Point.WORKER_HANDING_OVER, most=2, modes=STOPPED, ambiguous=(Mode.STOP,)),
    Case(point=Point.PROVIDER_TOOK, most=10, modes=STOPPED, ambiguous=STOPPED),
    Case(point=Point.WORKER_UNSETTLED, most=2, modes=STOPPED, ambiguous=STOPPED),
    Case(point=Point.WORKER_SETTLED, most=2),
    Case(point=Point.CHAIN_HANDED_ON, load=Load.CHAIN),
    Case(point=Point.RETRY_GIVEN_BACK, load=Load.REFUSED_ONCE),
    Case(point=Point.DEAD_LETTER_MOVED, load=Load.REFUSED),
    Case(point=Point.BEAT_FOUND_DUE),
    Case(point=Point.BULK_CHUNK_STORED, load=Load.LIST, least=2, most=2),
    Case(point=Point.BULK_CHUNK_STORED, load=Load.AUDIENCE),
)
