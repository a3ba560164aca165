"""The lines of an uploaded file, with their numbers. A line that is too long is not read into memory."""

from collections import deque
from collections.abc import Sequence
from typing import IO

from clarion.surfaces.api.problems import Refusal

LINE_BYTES = 65_536
# Twice what an upload takes as recipients, for blank lines and those within quoted cells count here: gzip makes a
# gigabyte of line ends out of one megabyte.
MOST_PHYSICAL_LINES = 10_000_000
BOM = b"\xef\xbb\xbf"
Line = tuple[int, bytes | None]
"""A number from 1, and the line without its end; None when it is longer than LINE_BYTES."""


class Lines:
    """Read once; lines may be put back. Raises Refusal 413 when there are too many."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._number = 0
        self._back: deque[Line] = deque()

    def next(self) -> Line | None:
        """The next line; None at the end."""
        if self._back:
            return self._back.popleft()
        raw = self._file.readline(LINE_BYTES + 2)
        if not raw:
            return None
        self._number += 1
        if self._number > MOST_PHYSICAL_LINES:
            message = f"a file may have {MOST_PHYSICAL_LINES} lines at most, blank ones among them"
            raise Refusal(413, "too_many_lines", message)
        if self._number == 1:
            raw = raw.removeprefix(BOM)
        text = raw.rstrip(b"\r\n")
        if len(text) <= LINE_BYTES:
            return self._number, text
        while raw and not raw.endswith(b"\n"):
            raw = self._file.readline(LINE_BYTES)
        return self._number, None

    def put_back(self, lines: Sequence[Line]) -> None:
        """These come next, in this order."""
        self._back.extendleft(reversed(lines))

    def next_filled(self) -> Line | None:
        """The next line that is not blank; None at the end."""
        while (line := self.next()) is not None:
            if line[1] is None or line[1].strip():
                return line
        return None
