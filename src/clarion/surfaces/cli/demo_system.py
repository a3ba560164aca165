"""The system of `clarion demo`: a `clarion up` of its own in a temporary directory, on free ports, gone afterwards."""

import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from clarion.embedded.child import Child, ChildSpec
from clarion.surfaces.cli.api_client import opener
from clarion.surfaces.cli.demo_data.access_file import DemoAccess, read_access

READY_SECONDS = 90.0
STOP_SECONDS = 20.0
_STAGE = re.compile(r"^\W*clarion\W+(.+?)\s*$", re.MULTILINE)
_COLORS = re.compile(r"\x1b\[[0-9;]*m")


class DemoFailed(Exception):
    """The system did not start, or something did not arrive; the text says what."""


class DemoSystem:
    """Use as a context manager: leaving it stops every process and deletes the directory."""

    def __init__(self) -> None:
        """Starts nothing yet."""
        self.data_dir = Path(tempfile.mkdtemp(prefix="clarion-demo-")).resolve()
        self.base_url = f"http://127.0.0.1:{_free_port()}"
        # without a name: in the data directory it would be in the way of PostgreSQL's account
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by __exit__
        self._child: Child | None = None

    def __enter__(self) -> Self:
        """Start it; `wait_ready` follows."""
        port = self.base_url.rpartition(":")[2]
        command = ("-P", "-m", "clarion.surfaces.cli.main", "up", "--port", port, "--data-dir", str(self.data_dir))
        spec = ChildSpec(
            name="up",
            argv=(sys.executable, *command),
            environment=demo_environment(),
            stop_signals=(signal.SIGINT, signal.SIGTERM),
            grace_seconds=STOP_SECONDS,
        )
        self._child = Child(spec, self._log.fileno())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it as Ctrl-C would. A second Ctrl-C is not heard meanwhile: the waiting is bounded."""
        from clarion.embedded.location import forget

        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            if self._child is not None:
                self._child.stop()
            forget(self.data_dir)
            shutil.rmtree(self.data_dir, ignore_errors=True)
            self._log.close()
        finally:
            signal.signal(signal.SIGINT, before)

    def wait_ready(self, tell: Callable[[str], None]) -> DemoAccess:
        """Wait until it answers; `tell` hears what it is doing. Raises DemoFailed with the last lines it printed."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._child is not None and self._child.exit_code is not None:
                raise DemoFailed(f"The system ended at its start. Its last lines:\n{self._last_lines(15)}")
            access = read_access(self.data_dir)
            if access is not None and self._answers():
                return access
            tell(self._stage())
            time.sleep(0.1)
        raise DemoFailed(
            f"The system was not ready after {READY_SECONDS:.0f} s. Its last lines:\n{self._last_lines(15)}"
        )

    def _answers(self) -> bool:
        try:
            with opener(self.base_url).open(f"{self.base_url}/readyz", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def _stage(self) -> str:
        said = _STAGE.findall(self._printed())
        return said[-1] if said else "starting"

    def _last_lines(self, number: int) -> str:
        return "\n".join(f"  {line}" for line in self._printed().splitlines()[-number:])

    def _printed(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        tail = os.pread(self._log.fileno(), 64 * 1024, max(0, size - 64 * 1024))
        return _COLORS.sub("", tail.decode("utf-8", "replace"))


def demo_environment() -> dict[str, str]:
    """Ours without Clarion's names: a demo must not touch the operator's databases or providers."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CLARION_")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
