"""Many calls in flight over the egress loop, results in the order in which they come."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

from clarion.egress import loop

T = TypeVar("T")
R = TypeVar("R")


def fan_out(items: Iterable[T], work: Callable[[T], Awaitable[R]], *, limit: int) -> Iterator[R]:
    """Do `work` for each item, at most `limit` at once, and yield each result as it becomes known.

    When a call raises, no further item is begun, those in flight are finished and yielded, then the first exception
    is raised. Closing the generator cancels what is in flight.
    """

    async def produce(emit: Callable[[R], None]) -> None:
        waiting = iter(items)
        failures: list[Exception] = []

        async def worker() -> None:
            for item in waiting:
                if failures:
                    return
                try:
                    emit(await work(item))
                except Exception as error:  # noqa: BLE001  a thread boundary: raised below, in the caller's thread
                    failures.append(error)

        async with asyncio.TaskGroup() as group:
            for _ in range(limit):
                group.create_task(worker())
        if failures:
            raise failures[0]

    return loop.pump(produce)
