"""Asking Redis, and knowing when it is away: after a failure it is left alone for a moment, so that a stalled Redis
costs one time-out now and then, not one for each message."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import redis
import structlog

from clarion.records import volatile

T = TypeVar("T")
REST_SECONDS = 5.0
log = structlog.get_logger()


class Reach:
    """The way to Redis for pacing; one for the process."""

    def __init__(self, connect: Callable[[], "redis.Redis"] = volatile.connection) -> None:
        self._connect = connect
        self._silent_until = float("-inf")
        self.away = False

    def run(self, script: "Script[T]", keys: list[str], values: list[Any]) -> T | None:
        """What the script returns; None when Redis is away."""
        if time.monotonic() < self._silent_until:
            return None
        if self.away:
            # one thread goes and looks, the others do not wait with it
            self._silent_until = time.monotonic() + REST_SECONDS
        try:
            answer = self._connect().register_script(script.text)(keys=keys, args=values)
        except redis.RedisError as error:
            self._silent_until = time.monotonic() + REST_SECONDS
            if not self.away:
                log.warning("pacing_without_redis", kind=type(error).__name__)
            self.away = True
            return None
        if self.away:
            log.info("pacing_with_redis_again")
            self.try_again()
        return cast("T", answer)

    def try_again(self) -> None:
        """Forget that Redis was away."""
        self.away = False
        self._silent_until = float("-inf")


class Script(Generic[T]):
    """A Lua script and the type of what it returns."""

    def __init__(self, text: str) -> None:
        self.text = text


reach = Reach()
