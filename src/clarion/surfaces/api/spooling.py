"""Uploads: the body goes to a file first, whole, unpacked and counted, before anything is looked at. So no transaction
and no memory depends on how slowly a client sends."""

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from clarion.surfaces.api.problems import Refusal

BLOCK = 256 * 1024
IN_MEMORY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What an operation takes: so many bytes on the wire, so many once unpacked, of these content types."""

    content_types: tuple[str, ...]
    max_bytes: int
    max_unpacked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """A body in a file, read from its beginning; `digest` stands for all that is in it."""

    file: IO[bytes]
    content_type: str
    digest: bytes


@contextmanager
def spooled(request: HttpRequest, declared: Upload) -> Iterator[Spooled]:
    """The body; raises Refusal 400, 413 or 415."""
    content_type = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if content_type not in declared.content_types:
        raise Refusal(415, "unsupported_media_type", f"send the body as {' or '.join(declared.content_types)}")
    digest = hashlib.sha256(content_type.encode() + b"\0")
    length = 0
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        for block in _unpacked(request, _read(request, declared.max_bytes)):
            length += len(block)
            if length > declared.max_unpacked:
                raise Refusal(413, "body_too_large", f"unpacked it may have {declared.max_unpacked} bytes at most")
            digest.update(block)
            file.write(block)
        file.seek(0)
        yield Spooled(file=file, content_type=content_type, digest=digest.digest())


def _read(request: HttpRequest, most: int) -> Iterator[bytes]:
    length = 0
    while True:
        try:
            block = request.read(BLOCK)
        except (UnreadablePostError, OSError) as error:
            raise Refusal(400, "body_unreadable", "the body could not be read") from error
        if not block:
            return
        length += len(block)
        if length > most:
            raise Refusal(413, "body_too_large", f"the body may have {most} bytes at most")
        yield block


def _unpacked(request: HttpRequest, blocks: Iterator[bytes]) -> Iterator[bytes]:
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding == "identity":
        return blocks
    if encoding not in ("gzip", "x-gzip"):
        raise Refusal(415, "unsupported_encoding", "Content-Encoding may be gzip, or absent")
    return _gunzipped(blocks)


def _gunzipped(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Never more than a block at a time, however well it was packed. A file may be several gzip files in a row."""
    unpacker = zlib.decompressobj(wbits=31)
    begun = False
    try:
        for packed in blocks:
            while packed:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(wbits=31)
                begun = True
                yield unpacker.decompress(packed, BLOCK)
                packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail  # noqa: PLW2901
    except zlib.error as error:
        raise Refusal(400, "malformed_gzip", "the body is not what gzip makes") from error
    if not begun or not unpacker.eof:
        raise Refusal(400, "malformed_gzip", "the body ends in the middle of what gzip made")
