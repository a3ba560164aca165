"""Under which operating system account the bundled PostgreSQL runs, and what that account can reach.

PostgreSQL refuses to run as root. We never create an account and never change the mode of a directory that is not ours:
where the account cannot reach the files, the files go elsewhere (see `location.py`).
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from clarion.embedded.errors import EmbeddedError

PREFERRED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Numeric on purpose: the owner of an old cluster need not have a name on this machine."""

    uid: int
    gid: int


def owner_of(path: Path) -> Account | None:
    """The account that must touch `path` in our place: None when that is ourselves, or when nothing is there."""
    if os.geteuid() != 0 or not path.exists():
        return None
    status = path.stat()
    return None if status.st_uid == 0 else Account(uid=status.st_uid, gid=status.st_gid)


def unprivileged_account() -> Account | None:
    """The account for a new cluster: None (ourselves) unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root and this machine has no account 'postgres' or 'nobody'. "
        "Start Clarion as an ordinary user, or set CLARION_DATABASE_URL."
    )


def run_as(account: Account | None, argv: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a short command as the account (or as ourselves), in `/`, with a bare environment."""
    return subprocess.run(
        argv,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def can_enter(account: Account | None, directory: Path) -> bool:
    """Whether the account can reach into the directory; asked of the kernel, so ACLs and mounts count."""
    return account is None or run_as(account, ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]).returncode == 0


def can_run(account: Account | None, binary: Path) -> bool:
    """Whether the account can start the program."""
    if account is None:
        return True
    return run_as(account, ["/bin/sh", "-c", 'test -x "$1"', "sh", str(binary)]).returncode == 0
