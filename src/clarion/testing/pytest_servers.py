"""A pytest plugin: real PostgreSQL and Valkey before Django reads its settings (`-p clarion.testing.pytest_servers`).

With CLARION_DATABASE_URL and CLARION_REDIS_URL set, those servers are used instead; the database role must be
allowed to create databases. The suite's own secrets are set where none are.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from clarion.embedded.bundle import running

_SECRETS = {
    "CLARION_SECRET_KEY": "only-for-tests-" + "s" * 40,
    "CLARION_ENCRYPTION_KEYS": "dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=",
    "CLARION_JWT_KEY": "only-for-tests-" + "j" * 40,
    "CLARION_LOG_FORMAT": "console",
    "CLARION_LOG_LEVEL": "error",
}
# set beside the servers' addresses when they are ours: a worker of pytest-xdist inherits them, and wants its own
_OURS = "TEST_SERVERS_ARE_OURS"
_stack = ExitStack()


def _start() -> None:
    for name, value in _SECRETS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("CLARION_EMBEDDED", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clarion.config.settings")
    inherited = "PYTEST_XDIST_WORKER" in os.environ and os.environ.pop(_OURS, "")
    if inherited:
        del os.environ["CLARION_DATABASE_URL"], os.environ["CLARION_REDIS_URL"]
    if os.environ.get("CLARION_DATABASE_URL") and os.environ.get("CLARION_REDIS_URL"):
        return
    directory = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="clarion-tests-")))
    services = _stack.enter_context(running(directory / "data", throwaway=True))
    os.environ.setdefault("CLARION_DATABASE_URL", services.database_url)
    os.environ.setdefault("CLARION_REDIS_URL", services.redis_url)
    os.environ[_OURS] = "yes"


def pytest_unconfigure() -> None:
    """Stop what was started."""
    _stack.close()


_start()
