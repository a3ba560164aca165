"""One batch on its way: many calls in flight, and endpoints that keep silent hold up nobody else.

A call that has no answer after PLACE_SECONDS gives its place to the next message. After our patience its message is
given back as unclear, while the call itself goes on to its full time: what it brings is kept for the next attempt under
the same id (`Parked`), so an endpoint that is slow but well is called once. Hosts known to be slow get little patience,
those that never answer rest (hosts.py).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Retry, Unclear
from clarion.contract.reasons import Reason
from clarion.providers.webhook.hosts import FAILURES, SLOW_WAIT_SECONDS, Hosts, HostState

PLACE_SECONDS = 0.5
SLOW_PATIENCE_SECONDS = 0.25
LOOK_SECONDS = 0.1
MOST_PARKED = 512
MOST_KEPT = 5_000
GIVEN_BACK = "no answer yet; the call goes on, and what it brings counts at the next attempt"
ON_ITS_WAY = timedelta(seconds=5)
Emit = Callable[[tuple[str, Outcome]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What a call came to; `answered`: the endpoint said something, whatever it was."""

    outcome: Outcome
    answered: bool


class Parked:
    """Calls that go on after their batch, and what they brought, by message id."""

    def __init__(self) -> None:
        self.running: dict[str, asyncio.Task[None]] = {}
        self._brought: OrderedDict[str, Outcome] = OrderedDict()

    def keep(self, message_id: str, outcome: Outcome) -> None:
        self.running.pop(message_id, None)
        self._brought[message_id] = outcome
        if len(self._brought) > MOST_KEPT:
            self._brought.popitem(last=False)

    def take(self, message_id: str) -> Outcome | None:
        """What an earlier call for this message brought; that it is still on its way; or None: there was none."""
        if message_id in self.running:
            return Retry(why=Reason.TIMEOUT, after=ON_ITS_WAY, untried=True, detail=GIVEN_BACK)
        return self._brought.pop(message_id, None) if self._brought else None

    async def stop(self) -> None:
        """End what is still running."""
        tasks = list(self.running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True, kw_only=True, eq=False)
class _Call:
    """A call in flight."""

    message: Message
    host: HostState
    began: float
    task: asyncio.Task[None]
    was_slow: bool
    replaced: bool = False
    given_back: bool = False


@dataclass(slots=True, kw_only=True)
class Round:
    """`refuse` says what no call is made for, `call` makes one, `host_of` names where it goes; `limit` calls at once to
    hosts that answer, `patience` in seconds."""

    batch: Sequence[Message]
    emit: Emit
    refuse: Callable[[Message], Outcome | None]
    call: Callable[[Message], Awaitable[Called]]
    host_of: Callable[[Message], str]
    hosts: Hosts
    parked: Parked
    limit: int
    patience: float
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _queue: deque[Message] = field(init=False)
    _calls: dict[_Call, None] = field(init=False, default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _open: int = field(init=False)
    _done: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _bug: BaseException | None = field(init=False, default=None)

    async def run(self) -> None:
        """Through when every message has its outcome. Raises what `call` raises, which is a bug."""
        self._loop = asyncio.get_running_loop()
        self._queue, self._open = deque(self.batch), len(self.batch)
        watch = self._loop.create_task(self._watch())
        self._man(min(self.limit, self._open))
        try:
            if self._open:
                await self._done.wait()
        finally:
            for task in (watch, *self._tasks):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(watch, *self._tasks, return_exceptions=True)
        if self._bug is not None:
            raise self._bug

    def _man(self, places: int) -> None:
        for _ in range(places):
            task = self._loop.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._bug = task.exception()
            self._done.set()

    def _say(self, message: Message, outcome: Outcome) -> None:
        self.emit((message.id, outcome))
        self._open -= 1
        if not self._open:
            self._done.set()

    async def _work(self) -> None:
        """One place: message after message, until none is left or the place was given to another."""
        task = asyncio.current_task(self._loop)
        if task is None:
            raise RuntimeError("a place is worked by a task")
        while self._queue:
            message = self._queue.popleft()
            known = self.refuse(message) or self.parked.take(message.id)
            if known is None:
                host, now = self.hosts.of(self.host_of(message)), self._loop.time()
                known = _rest(host, now, crowded=len(self.parked.running) >= MOST_PARKED)
            if known is not None:
                self._say(message, known)
                continue
            call = _Call(message=message, host=host, began=now, task=task, was_slow=host.slow)
            if not await self._through(call):
                return

    async def _through(self, call: _Call) -> bool:
        """Make the call; whether its place is still ours afterwards."""
        self._calls[call] = None
        call.host.began()
        called: Called | None = None
        try:
            called = await self.call(call.message)
        finally:
            self._over(call, called)
        if not call.given_back:
            self._say(call.message, called.outcome)
        return not (call.replaced or call.given_back)

    def _over(self, call: _Call, called: Called | None) -> None:
        """A call is over; without `called` it was cancelled, which says nothing of the host."""
        self._calls.pop(call, None)
        if called is None:
            call.host.abandoned()
        else:
            call.host.ended(answered=called.answered, in_time=not call.given_back, now=self._loop.time())
        if call.given_back:
            ended = Unclear(why=Reason.TIMEOUT, detail="the call was ended")
            self.parked.keep(call.message.id, called.outcome if called else ended)

    async def _watch(self) -> None:
        """Now and then: give the places of slow calls to others, and slow calls' messages back."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._loop.time()
            for call in list(self._calls):
                waited = now - call.began
                patience = min(self.patience, SLOW_PATIENCE_SECONDS) if call.was_slow else self.patience
                if waited >= patience and len(self.parked.running) < MOST_PARKED:
                    self._give_back(call)
                if (call.given_back or waited >= PLACE_SECONDS) and not call.replaced:
                    call.replaced = True
                    self._man(1 if self._queue else 0)

    def _give_back(self, call: _Call) -> None:
        call.given_back = True
        call.host.lingers()
        self._calls.pop(call, None)
        self._tasks.discard(call.task)
        self.parked.running[call.message.id] = call.task
        self._say(call.message, Unclear(why=Reason.TIMEOUT, detail=GIVEN_BACK))


def _rest(host: HostState, now: float, *, crowded: bool) -> Outcome | None:
    """That no call may be made now. A host that keeps silent uses up attempts, so that what waits for it ends; one that
    is only slow does not."""
    seconds = host.wait(now) or (SLOW_WAIT_SECONDS if crowded and host.slow else 0.0)
    if not seconds:
        return None
    after = timedelta(seconds=seconds)
    if host.silent >= FAILURES:
        detail = "the endpoint's host did not answer several times in a row; it is left alone for a while"
        return Retry(why=Reason.ADDRESS_UNREACHABLE, after=after, detail=detail)
    detail = "the endpoint's host is slow and has enough calls to answer"
    return Retry(why=Reason.THROTTLED, after=after, untried=True, detail=detail)
