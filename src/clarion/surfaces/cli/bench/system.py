"""The system under test: a `clarion up` as in `clarion demo`, with settings of ours, that can be stopped and started
again on its data."""

import signal
import sys
from collections.abc import Mapping
from typing import Self

from clarion.embedded.child import Child, ChildSpec
from clarion.surfaces.cli.demo_system import STOP_SECONDS, DemoFailed, DemoSystem, demo_environment


class BenchSystem(DemoSystem):
    """Use as a context manager, as DemoSystem."""

    def __init__(self, settings: Mapping[str, str], *, workers: int = 1) -> None:
        super().__init__()
        self._settings = settings
        self._workers = workers

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Start it, also again after `halt`; `wait_ready` follows."""
        port = self.base_url.rpartition(":")[2]
        options = ("--port", port, "--data-dir", str(self.data_dir), "--workers", str(self._workers))
        spec = ChildSpec(
            name="up",
            argv=(sys.executable, "-P", "-m", "clarion.surfaces.cli.main", "up", *options),
            environment={**demo_environment(), **self._settings},
            stop_signals=(signal.SIGINT, signal.SIGTERM),
            grace_seconds=STOP_SECONDS,
        )
        self._child = Child(spec, self._log.fileno())

    @property
    def pid(self) -> int:
        """The process of `clarion up`: servers, web, workers and scheduler are its children."""
        if self._child is None:
            raise DemoFailed("The system was not started.")
        return self._child.process.pid

    def halt(self) -> None:
        """Stop it as Ctrl-C would; its data stays."""
        if self._child is not None:
            self._child.stop()
