"""Reading request bodies: how large, how slow and how many at one time. Not what is in them.

All of this comes before authentication, so whatever is allowed here is allowed to anybody.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from typing import IO

from clarion.surfaces.realtime.refusals import Refused
from clarion.surfaces.realtime.shapes import Receive, Scope

MEBIBYTE = 1024 * 1024
# A little above what the views themselves allow (`max_bytes`), which say it more precisely.
LARGEST_BODY_BYTES = 2 * MEBIBYTE
LARGER_BODY_BYTES = {
    "/api/v1/notifications/bulk": 64 * MEBIBYTE,
    "/api/v1/notifications/bulk/send": 64 * MEBIBYTE,
    "/api/v1/notifications/bulk/upload": 256 * MEBIBYTE,
    "/api/v1/users/bulk": 10 * MEBIBYTE,
    "/api/v1/consents/import": 8 * MEBIBYTE,
}
# a template's content in every language, and what goes by its id
TEMPLATES = "/api/v1/templates"
TEMPLATE_BYTES = 6 * MEBIBYTE
IN_MEMORY_BYTES = 128 * 1024
# Of all unfinished requests of this process with the same limit, so that large ones cannot crowd out the others.
HELD_BYTES = 512 * MEBIBYTE
BODY_SECONDS = 30.0
SLOWEST_BYTES_PER_SECOND = 256 * 1024  # adds to the time above: 64 MiB may take under five minutes


def largest_body(path: str) -> int:
    """The most bytes a request to this path may carry."""
    if path.startswith(TEMPLATES):
        return TEMPLATE_BYTES
    return LARGER_BODY_BYTES.get(path.removesuffix("/"), LARGEST_BODY_BYTES)


class Body:
    """A request's body, standing at its end; counts against `held` until closed."""

    def __init__(self, limit: int, held: Counter[int]) -> None:
        self.file: IO[bytes] = BytesIO()
        self._limit = limit
        self._held = held
        self._length = 0
        self._in_memory = True

    @property
    def length(self) -> int:
        """Bytes so far."""
        return self._length

    def add(self, data: bytes) -> None:
        """Raises Refused if it is too much."""
        if self._length + len(data) > self._limit:
            raise too_large(self._limit)
        if self._held[self._limit] + len(data) > HELD_BYTES:
            raise Refused(503, "too_many_uploads", "too many large bodies are under way; try again in a few seconds")
        self._held[self._limit] += len(data)
        self._length += len(data)
        if self._in_memory and self._length > IN_MEMORY_BYTES:
            self._spill()
        self.file.write(data)

    def close(self) -> None:
        """Give memory and disk back."""
        self._held[self._limit] -= self._length
        self._length = 0
        self.file.close()

    def _spill(self) -> None:
        spilled = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by close()
        self.file.seek(0)
        spilled.write(self.file.read())
        self.file, self._in_memory = spilled, False


class Intake:
    """Reads the bodies of one process's requests."""

    def __init__(self) -> None:
        self._held: Counter[int] = Counter()

    async def read(self, scope: Scope, receive: Receive) -> Body | None:
        """The whole body, for the caller to close; None if the client left. Raises Refused."""
        limit = largest_body(scope["path"])
        announced = _announced(scope["headers"])
        if announced is not None and announced > limit:
            raise too_large(limit)
        body = Body(limit, self._held)
        whole = False
        try:
            # Without a body the request is complete already, and a timer would be dear.
            whole = await (_fill(body, receive) if announced != 0 else _fill_empty(receive))
        finally:
            if not whole:
                body.close()
        return body if whole else None


def too_large(limit: int) -> Refused:
    """The refusal of more than `limit` bytes."""
    return Refused(413, "body_too_large", f"the body may have {limit} bytes at most")


async def _fill_empty(receive: Receive) -> bool:
    return bool((await receive())["type"] == "http.request")


async def _fill(body: Body, receive: Receive) -> bool:
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout_at(began + BODY_SECONDS) as patience:
            while (event := await receive())["type"] == "http.request":
                body.add(event.get("body", b""))
                if not event.get("more_body"):
                    return True
                patience.reschedule(began + BODY_SECONDS + body.length / SLOWEST_BYTES_PER_SECOND)
    except TimeoutError as error:
        raise Refused(408, "body_too_slow", "the body came too slowly; send it again over a faster line") from error
    return False


def _announced(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Bytes the client says it will send (the server has checked that it is a number); None if it does not."""
    announced = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            announced = int(value)
    return announced
