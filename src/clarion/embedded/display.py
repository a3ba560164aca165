"""What the children print, on our own stdout: `name | line`, in one colour a child.

Plain when stdout is no terminal or NO_COLOR is set (https://no-color.org). The lines themselves pass unchanged.
"""

import os
from typing import TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
LONGEST_LINE = 64 * 1024


class Display:
    """Prefixes and prints; goes quiet, and stays so, when nobody reads our stdout any more."""

    def __init__(self, stream: TextIO) -> None:
        """Decide about colour once, from the stream and the environment."""
        self._stream = stream
        self._coloured = stream.isatty() and not os.environ.get("NO_COLOR")
        self._colours: dict[str, int] = {}
        self._width = 8
        self._gone = False

    def line(self, name: str, text: str) -> None:
        """Print one line of the child `name`."""
        self._width = max(self._width, len(name))
        prefix = f"{name:<{self._width}} | "
        if self._coloured:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self._write(f"{prefix}{text}\n")

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # a closed pipe, a vanished terminal: the children must still be ended properly
            self._gone = True


class LineBuffer:
    """Cuts a byte stream into lines, and into pieces where a line will not end."""

    def __init__(self) -> None:
        """Start empty."""
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [_text(line) for line in lines]

    def rest(self) -> list[str]:
        """What is left when the stream ends."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest else []


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")
