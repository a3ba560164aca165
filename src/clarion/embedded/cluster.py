"""The bundled PostgreSQL: making its cluster, how to start it, how to tell that it answers.

It listens on a unix socket in a directory only its account (and root) may enter; that is the whole authentication.
"""

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from clarion.embedded.account import run_as
from clarion.embedded.child import ChildSpec
from clarion.embedded.errors import EmbeddedError
from clarion.embedded.location import Location
from clarion.embedded.orphan import end_orphan, remove_misleading

ROLE = "clarion"
DATABASE = "clarion"
STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT)  # fast shutdown, then immediate
GRACE_SECONDS = 8.0

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "fsync": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "logging_collector": "off",
    "log_line_prefix": "",
    # Clients' errors are the clients' to log: here they would carry statements and rows, that is people's addresses.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that exists and is at rest, ready for `spec` to be started."""

    location: Location

    @property
    def url(self) -> str:
        """The database as psycopg and CLARION_DATABASE_URL write it."""
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.location.sockets), safe='/')}"

    def spec(self, name: str = "postgres") -> ChildSpec:
        """The server as a child to be supervised."""
        settings = {**SETTINGS, "unix_socket_directories": str(self.location.sockets)}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return ChildSpec(
            name=name,
            argv=(str(self.location.program / "postgres"), "-D", str(self.location.cluster), *options),
            environment={"LC_ALL": "C", "TZ": "UTC"},
            directory=Path("/"),
            account=self.location.account,
            stop_signals=STOP_SIGNALS,
            grace_seconds=GRACE_SECONDS,
            tier=0,
        )

    def is_ready(self) -> bool:
        """Whether it answers; makes the database on the first good answer (initdb makes the role)."""
        if not self._says_ready():
            return False
        try:
            connection = psycopg.connect(
                host=str(self.location.sockets), user=ROLE, dbname="postgres", connect_timeout=2, autocommit=True
            )
        except psycopg.OperationalError:
            return False
        with connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        return True

    def _says_ready(self) -> bool:
        """Its own word in the pid file (eighth line), asked first: refused connections would fill the log."""
        try:
            lines = (self.location.cluster / "postmaster.pid").read_text("utf-8", "replace").split("\n")
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"


def prepare(location: Location) -> Cluster:
    """Make the cluster if there is none and end a server that an earlier, killed supervisor left running on it."""
    version = location.cluster / "PG_VERSION"
    if version.exists():
        _refuse_other_version(location, version.read_text("ascii").strip())
        pid_file = location.cluster / "postmaster.pid"
        end_orphan(pid_file, location.cluster, STOP_SIGNALS, GRACE_SECONDS)
        remove_misleading(pid_file, location.cluster)
    else:
        _make(location)
    return Cluster(location=location)


def _refuse_other_version(location: Location, found: str) -> None:
    bundled = run_as(location.account, [str(location.program / "postgres"), "--version"]).stdout.split()[-1]
    if bundled.split(".")[0] != found:
        raise EmbeddedError(
            f"{location.cluster} was made by PostgreSQL {found}, the bundled one is {bundled}. Dump it with the "
            "version of Clarion that made it and restore it into a new --data-dir."
        )


def _make(location: Location) -> None:
    """Beside its final place and then renamed, so that a killed initdb leaves nothing that looks like a cluster."""
    unfinished = location.cluster.with_name(location.cluster.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    account = location.account
    if account is not None:
        shutil.chown(unfinished, account.uid, account.gid)
    options = ["--username", ROLE, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-instructions"]
    # The built-in provider sorts by code point alike on every machine, without the system's locales.
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    made = run_as(account, [str(location.program / "initdb"), "-D", str(unfinished), *options])
    if made.returncode != 0:
        reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EmbeddedError(f"The bundled PostgreSQL could not make {location.cluster}: {reason}")
    unfinished.rename(location.cluster)
