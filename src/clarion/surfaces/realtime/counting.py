"""This process's part of who is online (records/live/online.py): written in bulk, and again where Redis forgot it."""

import asyncio
import os
import secrets
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import redis.asyncio
import structlog

from clarion.records.live.online import FORGOTTEN_SECONDS, process_key, processes_key

OUTAGES = (redis.RedisError, OSError)
log = structlog.get_logger()


class Counting:
    """User → sockets, in a hash of this process's own."""

    def __init__(self, connection: Any, count: Callable[[], Mapping[str, int]]) -> None:
        """`count` tells how many sockets each user has here now."""
        self._count = count
        self._redis = connection
        self._process = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._key = process_key(self._process)
        self._changes: dict[str, int] = {}
        self._writing: asyncio.Future[None] | None = None
        self._people = 0  # as we left the hash
        self.sure = False
        """Whether Redis knows all that was noted; else hints may not reach us."""

    def note(self, user: str, change: int) -> None:
        """Keep a change for the next write."""
        self._changes[user] = self._changes.get(user, 0) + change

    async def add(self, user: str, change: int) -> None:
        """Return when the change is written, with whatever else came meanwhile; or could not be: then `sure` is off."""
        self.note(user, change)
        await self._wait()  # what is on its way may be without this change
        if self._changes:
            await self._begin(self._write())

    async def beat(self) -> bool:
        """Say that we live, and write what was noted; whether Redis had forgotten us, or was away, and all was written
        anew."""
        try:
            alive = await self._redis.expire(self._key, FORGOTTEN_SECONDS)
        except OUTAGES:
            self.sure = False
            return False
        await self._wait()
        if not self.sure or (not alive and self._count()):
            await self._begin(self._write_anew())
            return self.sure
        if self._changes:
            await self._begin(self._write())
        return False

    async def _wait(self) -> None:
        while self._writing is not None:
            await asyncio.shield(self._writing)

    async def _begin(self, write: Coroutine[Any, Any, None]) -> None:
        self._writing = asyncio.ensure_future(write)
        await asyncio.shield(self._writing)

    async def _write(self) -> None:
        changes, self._changes = self._changes, {}
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hlen(self._key)
                for user, change in changes.items():
                    pipeline.hincrby(self._key, user, change)
                pipeline.hlen(self._key)
                pipeline.expire(self._key, FORGOTTEN_SECONDS)
                pipeline.sadd(processes_key(), self._process)
                before, *counts = await pipeline.execute()
            if before != self._people:  # Redis forgot the others, and this write would hide it from the next beat
                self.sure = False
            self._people = counts[len(changes)]
            gone = [
                user for user, count in zip(changes, counts, strict=False) if count <= 0 and user not in self._changes
            ]
            if gone:
                self._people -= await self._redis.hdel(self._key, *gone)
        except OUTAGES as error:
            log.warning("sockets_not_counted", kind=type(error).__name__)
            self.sure = False
        finally:
            self._writing = None

    async def _write_anew(self) -> None:
        whole, self._changes = self._count(), {}
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.delete(self._key)
                if whole:
                    pipeline.hset(self._key, mapping=dict(whole))
                    pipeline.expire(self._key, FORGOTTEN_SECONDS)
                pipeline.sadd(processes_key(), self._process)
                await pipeline.execute()
            self._people = len(whole)
            await self._forget_the_dead()
            self.sure = True
        except OUTAGES:
            self.sure = False
        finally:
            self._writing = None

    async def _forget_the_dead(self) -> None:
        for process in await self._redis.smembers(processes_key()):
            name = process.decode()
            if name != self._process and not await self._redis.exists(process_key(name)):
                await self._redis.srem(processes_key(), name)
