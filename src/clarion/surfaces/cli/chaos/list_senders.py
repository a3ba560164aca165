"""Clients that send by bulk calls, for experiments with more messages than single calls bring in a few minutes.

An answer says how many were accepted, not which: the count is the outside record, and the ids that go with it are read
from the ledger afterwards. Where it holds fewer than were acknowledged, the rest counts as lost.
"""

import http.client
import itertools
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec

from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE
from clarion.surfaces.cli.chaos.senders import AGAIN_SECONDS, CHANNELS, GIVE_UP_SECONDS, Tally, Wave
from clarion.surfaces.cli.chaos.verdict import Acknowledged
from clarion.surfaces.cli.chaos.victims import Victims

ANSWER_SECONDS = 60.0
# of one call; its people are different ones
LIST = 500


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A 202, as far as it is read; also a line of the log."""

    job_id: str
    accepted: int


class ListSenders:
    """As Senders, with lists of people, by each channel in turn; everything is due at once."""

    def __init__(
        self, *, url: str, authorization: str, people: Sequence[UUID], log: Path, victims: Victims, began: float
    ) -> None:
        self._url = urlsplit(url)
        self._headers = {"Authorization": authorization, "Content-Type": "application/json"}
        self._bodies = [_body(people, channel) for channel in CHANNELS]
        self._size = len(people)
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._path = log
        self._victims = victims
        self._began = began
        self._numbers = itertools.count()
        self._threads: list[threading.Thread] = []
        self._enough = threading.Event()
        self.tally = Tally()

    def start(self, *, number: int, threads: int, waves: Sequence[Wave], until: float) -> None:
        """Send `number` messages, spread up to `until` (Unix time), and go on at that pace until `finish`."""
        calls = max(number // self._size, 1)
        for _ in range(threads):
            thread = threading.Thread(target=self._run, args=(calls, until), name="sender", daemon=True)
            self._threads.append(thread)
            thread.start()

    def finish(self) -> list[Acknowledged]:
        """Wait for the last of `number`, and its answer, and find out which they are."""
        self._enough.set()
        for thread in self._threads:
            thread.join()
        os.close(self._log)
        lines = [msgspec.json.decode(line, type=Accepted) for line in self._path.read_bytes().splitlines()]
        number = sum(line.accepted for line in lines)
        known = [Acknowledged(id=name, at=at, due=at) for name, at in self._victims.made_since(self._began)]
        missing = range(max(0, number - len(known)))
        return [*known, *(Acknowledged(id=f"missing {place}", at=0, due=0) for place in missing)]

    def _run(self, calls: int, until: float) -> None:
        while (place := next(self._numbers)) < calls or not self._enough.is_set():
            planned = self._began + (until - self._began) * place / calls
            time.sleep(max(0.0, planned - time.time()))
            self._send(self._bodies[place % len(self._bodies)])

    def _send(self, body: bytes) -> None:
        headers = {**self._headers, "Idempotency-Key": str(uuid4())}
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            asked = time.monotonic()
            accepted = self._ask(body, headers)
            self.tally.note(time.monotonic() - asked, refused=accepted is None)
            if accepted is not None:
                os.write(self._log, msgspec.json.encode(accepted) + b"\n")
                os.fsync(self._log)
                return
            time.sleep(AGAIN_SECONDS)
        self.tally.note(0, given_up=True)

    def _ask(self, body: bytes, headers: dict[str, str]) -> Accepted | None:
        """The answer when it is 202, else None."""
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", "/api/v1/notifications/bulk", body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return msgspec.json.decode(answer, type=Accepted) if response.status == 202 else None


def _body(people: Sequence[UUID], channel: str) -> bytes:
    body: dict[str, object] = {
        "recipients": [{"user_id": person} for person in people],
        "template_path": TEMPLATE,
        "channel": channel,
        "context": SAMPLE,
    }
    return msgspec.json.encode(body)
