"""Anymail's HTTP calls through our own door: a `requests` adapter over the egress loop.

So the bridge has what all providers have: guarded addresses, one total deadline, capped answers, verified certificates,
no redirects, persistent connections. The calling thread waits; the call runs on the loop.
"""

from collections.abc import Mapping

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from clarion.egress import loop
from clarion.egress.guard import Guard
from clarion.egress.http import HttpClient, Limits, Response

# Ours or the connection's to set.
_NOT_PASSED_ON = frozenset({"content-length", "accept-encoding", "connection", "host", "user-agent"})


class Door:
    """The way out, shared by the threads of an account. Raises EgressError, which neither requests nor Anymail know,
    so it comes through them as it is."""

    def __init__(self, *, private: bool, timeout: float, connections: int) -> None:
        limits = Limits(total=timeout, connections=connections, body_bytes=1_048_576)
        guard = Guard.private_allowed() if private else Guard.strict()
        self._client = loop.PerLoop(lambda: HttpClient(guard=guard, limits=limits))

    def call(self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]) -> Response:
        async def part() -> Response:
            return await self._client.get().request(method, url, body=body, headers=headers)

        return loop.run(part())

    def close(self) -> None:
        async def part() -> None:
            client = self._client.take()
            if client is not None:
                await client.close()

        loop.run(part(), timeout=5)


class EgressAdapter(BaseAdapter):
    """What a requests.Session sends through."""

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        if body is not None and not isinstance(body, bytes):
            raise TypeError("a streamed body: Anymail writes none")
        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() not in _NOT_PASSED_ON}
        answer = self._door.call(request.method or "GET", request.url or "", body=body, headers=headers)
        return _as_requests(answer, request)

    def close(self) -> None:
        """The door is the account's to close."""


def session(door: Door) -> requests.Session:
    """A session that knows no other way out."""
    made = requests.Session()
    made.trust_env = False
    made.adapters.clear()
    made.mount("http://", EgressAdapter(door))
    made.mount("https://", EgressAdapter(door))
    return made


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _as_requests(answer: Response, request: requests.PreparedRequest) -> requests.Response:
    made = requests.Response()
    made.status_code = answer.status
    made.headers = CaseInsensitiveDict(answer.headers)
    if 300 <= answer.status < 400:
        made.headers.pop("Location", None)  # or requests would follow it
    made.url = request.url or ""
    made.request = request
    made.encoding = get_encoding_from_headers(made.headers)
    made._content = answer.body
    return made
