"""A Python module of ours in a process of its own, spoken to in lines of JSON; it ends with its stdin, so with us."""

import queue
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from threading import Thread
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from clarion.surfaces.cli.bench.measured import BenchFailed

END_SECONDS = 3.0

T = TypeVar("T")


class SideProcess:
    """Use as a context manager. The process gets a session of its own: Ctrl-C is heard by us alone."""

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        """Starts nothing yet."""
        self._module = module
        self._environment = environment
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by __exit__
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            (sys.executable, "-P", "-m", self._module),
            env=dict(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors.fileno(),
            start_new_session=True,
        )
        self._listener = Thread(target=self._listen, name="side-process", daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for act in (self._hang_up, self._process.terminate, self._process.kill):
            act()
            try:
                self._process.wait(END_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        self._listener.join(END_SECONDS)
        self._errors.close()

    def tell(self, order: object) -> None:
        """One line to it: a string as it is, anything else as JSON."""
        line = order.encode() if isinstance(order, str) else msgspec.json.encode(order)
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._failure() from error

    def hear(self, kind: type[T], seconds: float) -> T:
        """Its next line, as `kind`. Raises as `hear_line`."""
        return msgspec.json.decode(self.hear_line(seconds), type=kind)

    def hear_line(self, seconds: float) -> bytes:
        """Its next line. Raises BenchFailed when it ended, or said nothing for so long."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise BenchFailed(f"{self._module} said nothing for {seconds:.0f} s.") from None
        if not line:
            raise self._failure()
        return line

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._lines.put(line)
        self._lines.put(b"")

    def _hang_up(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:  # it ended already, with something unsent in the pipe
            return

    def _failure(self) -> BenchFailed:
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").splitlines()[-5:]
        return BenchFailed("\n  ".join([f"{self._module} ended early. Its last lines:", *said]))
