"""One persistent event loop thread per process, and the bridges from plain threads to it.

Connections live on this loop between batches. After a fork the child gets a loop of its own, and whatever was bound
to the parent's is left alone there (`PerLoop`). No network code lives here.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

try:
    import uvloop

    _new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
except ImportError:  # not available on every platform
    _new_loop = asyncio.new_event_loop


T = TypeVar("T")

CLOSING_SECONDS = 5.0


class _LoopThread:
    """An event loop running in a daemon thread of this process."""

    def __init__(self) -> None:
        self.loop = _new_loop()
        self.thread = threading.Thread(target=self._run, name="clarion-egress", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def stop(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(timeout=2)


class _Process:
    """This process's loop thread, and what a fork left behind."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: _LoopThread | None = None
        self.left_behind: list[object] = []

    def after_fork(self) -> None:
        # The parent's loop object has no thread here. It is kept referenced, for to finalise it would close or shut
        # down sockets which the parent still uses.
        self.lock = threading.Lock()
        self.left_behind.append(self.thread)
        self.thread = None

    def is_on_loop(self) -> bool:
        return self.thread is not None and self.thread.thread is threading.current_thread()

    def stop(self) -> None:
        if self.thread is not None:
            self.thread.stop()


_process = _Process()


def current() -> asyncio.AbstractEventLoop:
    """The process's egress loop, started on first use."""
    with _process.lock:
        if _process.thread is None:
            _process.thread = _LoopThread()
        return _process.thread.loop


os.register_at_fork(after_in_child=_process.after_fork)
atexit.register(_process.stop)


def run(coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
    """Run on the egress loop and wait. Raises TimeoutError after `timeout` seconds; the coroutine is cancelled."""
    future = asyncio.run_coroutine_threadsafe(coroutine, current())
    try:
        return future.result(timeout)
    except BaseException:
        future.cancel()
        raise


class _End:
    """The last thing in a pump's queue: how the producer ended."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _Crossing(Generic[T]):
    """From the loop to a thread that waits. What is said in one turn of the loop crosses over together, for waking the
    other thread costs more than a small call does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.results: SimpleQueue[list[T] | _End] = SimpleQueue()
        self._loop = loop
        self._said: list[T] = []

    def emit(self, item: T) -> None:
        self._said.append(item)
        if len(self._said) == 1:
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        if self._said:
            self.results.put(self._said)
            self._said = []

    def ended(self, task: asyncio.Task[None]) -> None:
        self._hand_over()
        self.results.put(_End(asyncio.CancelledError() if task.cancelled() else task.exception()))


def pump(produce: Callable[[Callable[[T], None]], Coroutine[Any, Any, None]]) -> Iterator[T]:
    """Run `produce(emit)` on the egress loop and yield what it emits (on the loop), as it comes.

    An exception of the producer is raised after everything emitted before it. Closing the generator cancels the
    producer and waits (at most CLOSING_SECONDS) until it has cleaned up.
    """
    loop = current()
    crossing = _Crossing[T](loop)
    tasks: list[asyncio.Task[None]] = []

    def start() -> None:
        task = loop.create_task(produce(crossing.emit))
        tasks.append(task)
        task.add_done_callback(crossing.ended)

    def cancel() -> None:
        tasks[0].cancel()

    loop.call_soon_threadsafe(start)
    end: list[T] | _End | None = None
    try:
        while not isinstance(end := crossing.results.get(), _End):
            yield from end
    finally:
        if not isinstance(end, _End):
            loop.call_soon_threadsafe(cancel)
            if not _process.is_on_loop():  # a forgotten generator may be collected there, and must not wait for itself
                _drain(crossing.results)
    if end.error is not None:
        raise end.error


def _drain(results: "SimpleQueue[list[T] | _End]") -> None:
    """Wait until the producer has ended; what it still says is dropped, as after a crash."""
    try:
        while not isinstance(results.get(timeout=CLOSING_SECONDS), _End):
            pass
    except Empty:
        return


def stream(source: AsyncIterator[T]) -> Iterator[T]:
    """Yield an async iterator's items in this thread; closing the generator closes the iterator too."""

    async def produce(emit: Callable[[T], None]) -> None:
        if hasattr(source, "aclose"):
            async with aclosing(source):  # type: ignore[type-var]
                async for item in source:
                    emit(item)
        else:
            async for item in source:
                emit(item)

    return pump(produce)


class PerLoop(Generic[T]):
    """A value that belongs to one loop (a session, a pool): made on first use, made anew in a forked child."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._loop: asyncio.AbstractEventLoop | None = None
        self._value: T | None = None

    def get(self) -> T:
        """The value of the running loop. To be called on the egress loop."""
        loop = asyncio.get_running_loop()
        if self._value is None or self._loop is not loop:
            if self._value is not None:
                _process.left_behind.append(self._value)
            self._value, self._loop = self._make(), loop
        return self._value

    def take(self) -> T | None:
        """Give the value away for closing; None when there is none of this loop."""
        value, self._value = self._value, None
        if value is not None and self._loop is not asyncio.get_running_loop():
            _process.left_behind.append(value)
            return None
        return value
