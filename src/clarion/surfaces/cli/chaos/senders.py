"""Clients that send and keep a log of what they were told. An answer is written and synced before the next call, so the
log holds whatever was acknowledged. What is not answered is asked again with the same Idempotency-Key.
"""

import http.client
import itertools
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.api_answers import Sent
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE
from clarion.surfaces.cli.chaos.verdict import Acknowledged

CHANNELS = (ChannelKey.EMAIL, ChannelKey.WEBHOOK)
ANSWER_SECONDS = 10.0
AGAIN_SECONDS = 0.2
GIVE_UP_SECONDS = 60.0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log."""

    id: str
    at: float
    due: float
    channel: str = ""


@dataclass(slots=True)
class Tally:
    """`refused`: answers other than 201, and none at all, each asked again; `given_up`: never acknowledged."""

    refused: int = 0
    given_up: int = 0
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, seconds: float, *, refused: bool = False, given_up: bool = False) -> None:
        with self.lock:
            self.slowest = max(self.slowest, seconds)
            self.refused += refused
            self.given_up += given_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The messages of one moment: they are sent beforehand and fall due together, so that there is a backlog to hit."""

    due: float


class Senders:
    """So many threads. Each call sends one message by each channel; those of every second call are due at once, the
    others with the next wave."""

    def __init__(self, *, url: str, authorization: str, people: Sequence[UUID], log: Path, category: str = "") -> None:
        self._category = category
        self._url = urlsplit(url)
        self._headers = {"Authorization": authorization, "Content-Type": "application/json"}
        self._people = people
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._path = log
        self._numbers = itertools.count()
        self._threads: list[threading.Thread] = []
        self._enough = threading.Event()
        self.tally = Tally()

    def start(self, *, number: int, threads: int, waves: Sequence[Wave], until: float) -> None:
        """Send `number` messages, spread up to `until` (Unix time), and go on at that pace until `finish`."""
        began = time.time()
        calls = number // len(CHANNELS)
        for _ in range(threads):
            thread = threading.Thread(
                target=self._run, args=(calls, list(waves), began, until), name="sender", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def finish(self) -> list[Acknowledged]:
        """Wait for the last of `number`, and its answer, and read the log back."""
        self._enough.set()
        for thread in self._threads:
            thread.join()
        os.close(self._log)
        lines = [msgspec.json.decode(line, type=Line) for line in self._path.read_bytes().splitlines()]
        return [Acknowledged(id=line.id, at=line.at, due=line.due, channel=line.channel) for line in lines]

    def _run(self, calls: int, waves: Sequence[Wave], began: float, until: float) -> None:
        connection = self._connection()
        while (place := next(self._numbers)) < calls or not self._enough.is_set():
            planned = began + (until - began) * place / calls
            time.sleep(max(0.0, planned - time.time()))
            connection = self._send(connection, place, waves)
        connection.close()

    def _send(
        self, connection: http.client.HTTPConnection, place: int, waves: Sequence[Wave]
    ) -> http.client.HTTPConnection:
        now = time.time()
        # one that is about to come could be answered too late for it
        due = next((wave.due for wave in waves if wave.due > now + 1), now) if place % 2 else now
        headers = {**self._headers, "Idempotency-Key": str(uuid4())}
        body = self._body(place, due if due > now else None)
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            asked = time.monotonic()
            sent = _ask(connection, body, headers)
            self.tally.note(time.monotonic() - asked, refused=sent is None)
            if sent is not None:
                self._note(sent, due)
                return connection
            connection.close()
            connection = self._connection()
            time.sleep(AGAIN_SECONDS)
        self.tally.note(0, given_up=True)
        return connection

    def _note(self, sent: Sent, due: float) -> None:
        now = time.time()
        lines = [Line(id=str(part.id), at=now, due=due, channel=part.channel) for part in sent.notifications]
        os.write(self._log, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        os.fsync(self._log)

    def _body(self, place: int, due: float | None) -> bytes:
        body: dict[str, object] = {
            "user_id": str(self._people[place % len(self._people)]),
            "channels": CHANNELS,
            "template_path": TEMPLATE,
            "context": SAMPLE,
        }
        if self._category:
            body["category"] = self._category
        if due is not None:
            body["scheduled_at"] = datetime.fromtimestamp(due, UTC)
        return msgspec.json.encode(body)

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=ANSWER_SECONDS)


def _ask(connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> Sent | None:
    """The answer when it is 201, else None."""
    try:
        connection.request("POST", "/api/v1/notifications/send", body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException):
        return None
    return msgspec.json.decode(answer, type=Sent) if response.status == 201 else None
