"""Calls of the bulk endpoints, timed, and backlogs made of such. Not ApiClient's: a list of 100,000 takes longer than a
command may wait.
"""

import http.client
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.measured import Advance, BenchFailed, unheard
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE

ANSWER_SECONDS = 180.0
LEAD_SECONDS = 5.0
SLOWEST_TAKEN_IN = 5_000  # a second


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, as far as it is read."""

    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """`at`: when the call began (Unix time)."""

    at: float
    seconds: float
    size: int
    accepted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waited until `due_at`; taking it in took so many seconds."""

    due_at: datetime
    seconds: float


def bulk_body(
    channel: ChannelKey,
    people: Sequence[UUID],
    mark: str,
    *,
    scheduled_at: datetime | None = None,
    priority: str = "low",
) -> bytes:
    """What is sent; making it is the client's work and not measured."""
    body: dict[str, object] = {
        "recipients": [{"user_id": person} for person in people],
        "template_path": TEMPLATE,
        "channel": channel,
        "context": SAMPLE,
        "reference": mark,
        "priority": priority,
    }
    return msgspec.json.encode(body if scheduled_at is None else {**body, "scheduled_at": scheduled_at})


def call_bulk(ground: Ground, body: bytes, number: int) -> Called:
    """Send a list and read the answer. Raises BenchFailed when not everybody was taken."""
    at = time.time()
    answer, seconds = post(ground, "notifications/bulk", "application/json", body)
    accepted = msgspec.json.decode(answer, type=Accepted)
    if accepted.accepted != number:
        raise BenchFailed(f"The bulk call took {accepted.accepted} of {number} recipients.")
    return Called(at=at, seconds=seconds, size=len(body), accepted=accepted.accepted)


def post(ground: Ground, path: str, content_type: str, body: bytes) -> tuple[bytes, float]:
    """POST below /api/v1/ → the answer and its seconds. Raises BenchFailed for anything but a 202."""
    url = urlsplit(ground.base_url)
    headers = {"Authorization": ground.authorization, "Content-Type": content_type}
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=ANSWER_SECONDS)
    began = time.monotonic()
    try:
        connection.request("POST", f"/api/v1/{path}", body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise BenchFailed(f"The bulk call was not answered ({type(error).__name__}).") from error
    finally:
        connection.close()
    if response.status != 202:
        raise BenchFailed(f"The bulk call was answered with {response.status}.")
    return answer, time.monotonic() - began


def take_backlog_in(
    ground: Ground, channel: ChannelKey, people: Sequence[UUID], number: int, mark: str, advance: Advance = unheard
) -> Backlog:
    """Take `number` low messages in, list after list, all due at one moment, and wait for it. Raises BenchFailed when
    that took longer than foreseen, for then some were sent while others came."""
    due_at = datetime.now(UTC) + timedelta(seconds=LEAD_SECONDS + number / SLOWEST_TAKEN_IN)
    seconds = 0.0
    for first in range(0, number, len(people)):
        some = people[: number - first]
        seconds += call_bulk(ground, bulk_body(channel, some, mark, scheduled_at=due_at), len(some)).seconds
        advance(first + len(some))
    left = (due_at - datetime.now(UTC)).total_seconds()
    if left < 0:
        raise BenchFailed("Taking the backlog in took longer than foreseen: try again on a quieter machine.")
    time.sleep(left)
    return Backlog(due_at=due_at, seconds=seconds)
