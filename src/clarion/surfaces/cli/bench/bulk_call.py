"""One POST to the bulk endpoint, timed. Not ApiClient's: a list of 100,000 takes longer than a command may wait."""

import http.client
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.measured import BenchFailed
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE

ANSWER_SECONDS = 180.0


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
    """Send it and read the answer. Raises BenchFailed when not everybody was taken."""
    url = urlsplit(ground.base_url)
    headers = {"Authorization": ground.authorization, "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=ANSWER_SECONDS)
    at, began = time.time(), time.monotonic()
    try:
        connection.request("POST", "/api/v1/notifications/bulk", body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise BenchFailed(f"The bulk call was not answered ({type(error).__name__}).") from error
    finally:
        connection.close()
    seconds = time.monotonic() - began
    if response.status != 202:
        raise BenchFailed(f"The bulk call was answered with {response.status}.")
    accepted = msgspec.json.decode(answer, type=Accepted)
    if accepted.accepted != number:
        raise BenchFailed(f"The bulk call took {accepted.accepted} of {number} recipients.")
    return Called(at=at, seconds=seconds, size=len(body), accepted=accepted.accepted)
