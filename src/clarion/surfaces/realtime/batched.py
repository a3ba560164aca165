"""Questions to the database, asked for many sockets at once: what comes within a moment goes as one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from clarion.surfaces.realtime.inbox_calls import in_thread

A = TypeVar("A")
B = TypeVar("B")

GATHER_SECONDS = 0.002
MOST = 100


class Batched(Generic[A, B]):
    """`ask` answers a list of questions in their order, in a thread of its own; an answer may be an exception, which
    is raised where the question was put."""

    def __init__(self, ask: Callable[[Sequence[A]], Sequence[B | Exception]]) -> None:
        self._ask = in_thread(ask)
        self._waiting: list[tuple[A, asyncio.Future[B]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, question: A) -> B:
        """The answer to one question. Raises what the whole batch met with, such as an OperationalError."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[B] = loop.create_future()
        self._waiting.append((question, answer))
        if len(self._waiting) == 1:
            loop.call_later(GATHER_SECONDS, self._go)
        elif len(self._waiting) == MOST:
            self._go()
        return await answer

    def _go(self) -> None:
        batch, self._waiting = self._waiting, []
        if batch:
            task = asyncio.get_running_loop().create_task(self._answer(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, batch: Sequence[tuple[A, "asyncio.Future[B]"]]) -> None:
        try:
            answers = await self._ask([question for question, _ in batch])
        except Exception as error:  # noqa: BLE001 -- it belongs to those who asked
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
