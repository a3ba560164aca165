"""The sinks of `sink_process.py` with troubles on order: too busy for a while, failing for a while, taking a message
and resetting the connection instead of saying so. They keep the books of it: who was asked again before it was time?

`python -m clarion.testing.troubled_sinks`: as `sink_process`; a line that is a `Trouble` in JSON begins it (answered
with `[]`), and `books` is answered with the `Books` since the last `forget`. `receipts` holds what was taken only.
"""

import sys
import time
from dataclasses import replace
from email.utils import formatdate
from enum import StrEnum
from random import Random

import msgspec

from clarion.testing.cutting_proxy import CuttingProxy
from clarion.testing.sink_process import Listening, Receipt, _Calls, _Mails, _say
from clarion.testing.smtp_sink import RESET
from clarion.testing.webhook_sink import Answer, Trick


class Kind(StrEnum):
    """NONE: all is well. BUSY: 429 with Retry-After; by mail 421 to MAIL. FAILING: 503; by mail 451 after the data.
    RESET: the first copy of everything is taken, and the connection reset. CUT: connections are cut at any byte."""

    NONE = "none"
    BUSY = "busy"
    FAILING = "failing"
    RESET = "reset"
    CUT = "cut"


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong from now on. `retry_after` in seconds, said as a date where `dated`."""

    trouble: Kind
    retry_after: int = 0
    dated: bool = False


class Book(msgspec.Struct, kw_only=True):
    """One door: how often it was asked to take a message, how often it refused or reset, how often it was asked again
    before the time it had given, and by how many seconds at most."""

    asked: int = 0
    refused: int = 0
    resets: int = 0
    early: int = 0
    earliest: float = 0.0


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Both doors', and how many connections the proxies before them cut."""

    email: Book
    webhook: Book
    cuts: int


class _Server:
    """What both doors share."""

    def __init__(self) -> None:
        self.trouble = Trouble(trouble=Kind.NONE)
        self.book = Book()
        self.seen: set[str] = set()

    def first_reset(self, key: str) -> bool:
        """Whether this copy is the first of its message, taken now, and to be answered with a reset."""
        if self.trouble.trouble is not Kind.RESET or key in self.seen:
            return False
        self.seen.add(key)
        self.book.resets += 1
        return True


class _TroubledMails(_Mails):
    """Refuses MAIL for the whole account when busy, single mails when failing."""

    def __init__(self) -> None:
        super().__init__()
        self.state = _Server()

    def scripted(self, stage: str, recipient: str = "") -> str:
        state = self.state
        if stage == "MAIL":
            state.book.asked += 1
            if state.trouble.trouble is Kind.BUSY:
                state.book.refused += 1
                return "421 4.7.0 Too many mails from you; later"
        if stage != "END":
            return ""
        if state.trouble.trouble is Kind.FAILING:
            state.book.refused += 1
            return "451 4.3.0 Not now"
        super().scripted(stage, recipient)
        return RESET if state.first_reset(recipient) else ""


class _TroubledCalls(_Calls):
    """Keeps what was refused out of the receipts."""

    def __init__(self) -> None:
        super().__init__()
        self.state = _Server()
        self.not_before: dict[str, float] = {}

    def answer(self, path: str) -> Answer:
        state, now = self.state, time.time()
        name = self.requests[-1].headers.get("webhook-id", "")
        state.book.asked += 1
        wanted = self.not_before.pop(name, 0.0)
        if now < wanted:
            state.book.early += 1
            state.book.earliest = max(state.book.earliest, wanted - now)
        if state.trouble.trouble in (Kind.BUSY, Kind.FAILING):
            self.requests.pop()
            state.book.refused += 1
            return self._refusal(name, now)
        answer = super().answer(path)
        return replace(answer, trick=Trick.RESET) if state.first_reset(name) else answer

    def _refusal(self, name: str, now: float) -> Answer:
        trouble = self.state.trouble
        if trouble.trouble is Kind.FAILING:
            return Answer(status=503)
        until = now + trouble.retry_after
        said = str(trouble.retry_after)
        if trouble.dated:
            # a date has whole seconds
            until = float(int(until) + 1)
            said = formatdate(until, usegmt=True)
        self.not_before[name] = until
        return Answer(status=429, headers={"Retry-After": said})


def main() -> None:
    """Serve until stdin ends."""
    with (
        _TroubledMails() as mails,
        _TroubledCalls() as calls,
        CuttingProxy(mails.port, Random()) as mail_wire,  # noqa: S311 -- where a connection is cut is no secret
        CuttingProxy(calls.port, Random()) as call_wire,  # noqa: S311
    ):
        _say(Listening(smtp_port=mail_wire.port, http_port=call_wire.port))
        for line in sys.stdin:
            order = line.strip()
            if order == "receipts":
                _say([*mails.receipts(), *calls.receipts()])
            elif order == "books":
                _say(Books(email=mails.state.book, webhook=calls.state.book, cuts=mail_wire.cuts + call_wire.cuts))
            elif order == "forget":
                _forget(mails, calls)
                mail_wire.cuts = call_wire.cuts = 0
                _say(list[Receipt]())
            else:
                mails.state.trouble = calls.state.trouble = trouble = msgspec.json.decode(order, type=Trouble)
                mail_wire.cutting = call_wire.cutting = trouble.trouble is Kind.CUT
                _say(list[Receipt]())


def _forget(mails: _TroubledMails, calls: _TroubledCalls) -> None:
    for sink in (mails, calls):
        sink.forget()
        sink.state.book = Book()
        sink.state.seen.clear()
    calls.not_before.clear()


if __name__ == "__main__":
    main()
