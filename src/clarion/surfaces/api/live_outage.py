"""What the API answers when it cannot be asked who is connected."""

from collections.abc import Callable
from typing import TypeVar

import redis

from clarion.contract.faults import Unreachable
from clarion.surfaces.api.problems import Refusal

T = TypeVar("T")


def asked_live(ask: Callable[[], T]) -> T:
    """The answer to a question about connected people. Raises Refusal 503."""
    try:
        return ask()
    except (redis.RedisError, OSError, Unreachable) as error:
        message = "who is connected cannot be asked now; try again in a moment"
        raise Refusal(503, "temporarily_unavailable", message) from error
