"""A whole Clarion as a newcomer starts it (`clarion up`), in a temporary directory, for acceptance tests."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from clarion.embedded.location import forget
from clarion.testing.loopback import free_port

READY_SECONDS = 90.0


class WholeSystem:
    """Starts on entering, stops on leaving. `environment` adds to a bare one."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.data_dir = directory / "data"
        self.log = directory / "up.log"
        self.base_url = f"http://127.0.0.1:{free_port()}"
        bare = {k: v for k, v in os.environ.items() if not k.startswith(("CLARION_", "DJANGO_"))}
        if "CLARION_BROKER_URL" in os.environ:  # the suite run against RabbitMQ (see CONTRIBUTING)
            bare["CLARION_BROKER_URL"] = os.environ["CLARION_BROKER_URL"]
        self._environment = {**bare, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self.access: dict[str, Any] = {}

    def __enter__(self) -> Self:
        port = self.base_url.rpartition(":")[2]
        argv = [sys.executable, "-P", "-m", "clarion.surfaces.cli.main", "up"]
        argv += ["--port", port, "--data-dir", str(self.data_dir)]
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(argv, env=self._environment, stdout=output, stderr=subprocess.STDOUT)
        wait_for(self._is_ready, READY_SECONDS, lambda: f"never ready:\n{self.printed()[-3000:]}")
        self.access = json.loads((self.data_dir / "demo.json").read_text())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait(10)
        forget(self.data_dir)
        if kind is None:
            assert code == 0, self.printed()[-3000:]

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"ended at once:\n{self.printed()[-3000:]}"
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=2) as response:
                return bool(response.status == 200) and (self.data_dir / "demo.json").exists()
        except OSError:
            return False

    def printed(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the API with the all-permissions key; status and decoded body."""
        request = urllib.request.Request(
            f"{self.base_url}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"ApiKey {self.access['api_key']}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                content = response.read()
                return response.status, json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def processes(self, name: str) -> list[int]:
        """Pids of the supervised children whose command line holds `name`."""
        assert self._process is not None
        found = subprocess.run(
            ["pgrep", "--parent", str(self._process.pid), "--full", name], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in found.stdout.split()]

    def new_person(self, **given: Any) -> str:
        """A fresh person's id."""
        status, answer = self.call("POST", "users", given)
        assert status == 201, answer
        return str(answer["id"])


def wait_for(condition: Callable[[], Any], seconds: float, otherwise: Callable[[], str] | str = "") -> Any:
    """Poll until the condition holds; its value. Fails with what `otherwise` says."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())
