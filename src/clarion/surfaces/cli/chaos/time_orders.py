"""What is said to the process inside (`time_inside.py`) and what it answers, as values; no Django here."""

from datetime import datetime

import msgspec


class Open(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The first order: whose stores. Answered with Filled."""

    data_dir: str


class Fill(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Make so many people who want daily digests, and send each so many mails to be collected. Answered with Filled."""

    people: int
    mails: int
    mark: str


class Await(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Wait until `number` mails of the mark are collected. Answered with Filled: how many are."""

    mark: str
    number: int
    seconds: float


class Close(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let every window close at this moment. Answered with Filled: how many windows."""

    at: datetime


class Count(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Say what became of the mark's mails, once no window is left or the time is over; the windows close `at`.
    Answered with Counted."""

    mark: str
    at: datetime
    seconds: float


Order = Open | Fill | Await | Close | Count


class Filled(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """So many."""

    number: int


class Counted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`told`: mails that one digest tells of; `untold`: none does; `twice`: more than one does; `digests`: how many
    there are; `idle`: of those, telling of nothing; `early`: of those, made before their window closed; `left`: windows
    that are still there."""

    mails: int
    told: int
    untold: int
    twice: int
    digests: int
    idle: int
    early: int
    left: int
