"""A request on its way over HTTP/2, and its answer so far. How it travels is in `http2_wire`."""

import asyncio
from collections.abc import Mapping, Sequence

from clarion.egress.errors import EgressError
from clarion.egress.http import Response


class NotTaken(Exception):
    """The server says that it did not act on the request, so it may go again over another connection."""


class Exchange:
    """One request. `unsent` is what of its body the server has had no room for yet."""

    __slots__ = ("_body", "_cap", "_headers", "_status", "answer", "unsent")

    def __init__(self, answer: "asyncio.Future[Response]", unsent: bytes, cap: int) -> None:
        self.answer = answer
        self.unsent = unsent
        self._cap = cap
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._body = bytearray()

    def begin(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """The answer's headers have come."""
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
        self._status = int(named.pop(":status", "0"))
        self._headers = _AnyCase(named)

    def add(self, data: bytes) -> bool:
        """A part of the answer's body has come; False: it is longer than the cap, and enough was read."""
        self._body += data
        if len(self._body) <= self._cap:
            return True
        del self._body[self._cap :]
        self.finish(truncated=True)
        return False

    def finish(self, *, truncated: bool = False) -> None:
        """The answer is complete, or as complete as it gets."""
        if not self.answer.done():
            response = Response(status=self._status, headers=self._headers, body=bytes(self._body), truncated=truncated)
            self.answer.set_result(response)

    def fail(self, error: NotTaken | EgressError) -> None:
        """There will be no answer. A status that has come counts, even when its body broke off."""
        if self._status and not isinstance(error, NotTaken):
            self.finish(truncated=True)
        elif not self.answer.done():
            self.answer.set_exception(error)


class _AnyCase(dict[str, str]):
    """Header names are in lower case here, and asked for as they are written elsewhere."""

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return super().get(name.lower(), default)
