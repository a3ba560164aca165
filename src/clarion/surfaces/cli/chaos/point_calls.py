"""The client of `clarion chaos points`: every call has an Idempotency-Key and is made again under it until it is
answered with 2xx; what was acknowledged is written down and synced before anything else is done."""

import http.client
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

ANSWER_SECONDS = 10.0
AGAIN_SECONDS = 0.2
GIVE_UP_SECONDS = 60.0
THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One POST, to be made `after` so many seconds."""

    path: str
    body: Mapping[str, object]
    after: float = 0.0


@dataclass(slots=True)
class Tally:
    """`refused`: answers other than 2xx, and none at all, each asked again; `given_up`: never acknowledged."""

    refused: int = 0
    given_up: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, *, refused: int = 0, given_up: int = 0) -> None:
        with self.lock:
            self.refused += refused
            self.given_up += given_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A 2xx: its body, when it came (Unix time), and of which call."""

    call: Call
    body: bytes
    at: float


class Client:
    """Makes calls from a few threads, and keeps the log. Use as a context manager: leaving it ends what is not made."""

    def __init__(self, *, url: str, authorization: str, log: Path) -> None:
        self._url = urlsplit(url)
        self._headers = {"Authorization": authorization, "Content-Type": "application/json"}
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="client")
        self._over = threading.Event()
        self.tally = Tally()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._pool.shutdown(cancel_futures=True)
        os.close(self._log)

    def start(self, calls: Iterable[Call]) -> Callable[[], list[Answered]]:
        """Make the calls; returns what waits for the last answer."""
        began = time.monotonic()
        made = [self._pool.submit(self._make, call, began) for call in calls]

        def finish() -> list[Answered]:
            answers = [future.result() for future in made]
            return [answer for answer in answers if answer is not None]

        return finish

    def once(self, method: str, path: str, body: Mapping[str, object] | None = None) -> bytes | None:
        """The answer of one call when it is 2xx, else None."""
        return self._ask(method, path, body, {})

    def _make(self, call: Call, began: float) -> Answered | None:
        self._over.wait(max(0.0, began + call.after - time.monotonic()))
        key = {"Idempotency-Key": str(uuid4())}
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline and not self._over.is_set():
            said = self._ask("POST", call.path, call.body, key)
            if said is not None:
                at = time.time()
                os.write(self._log, msgspec.json.encode({"at": at, "said": said.decode()}) + b"\n")
                os.fsync(self._log)
                return Answered(call=call, body=said, at=at)
            self.tally.note(refused=1)
            self._over.wait(AGAIN_SECONDS)
        self.tally.note(given_up=1)
        return None

    def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> bytes | None:
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=ANSWER_SECONDS)
        content = None if body is None else msgspec.json.encode(body)
        try:
            connection.request(method, f"/api/v1/{path}", body=content, headers={**self._headers, **headers})
            response = connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return said if 200 <= response.status < 300 else None
