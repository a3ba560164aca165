"""`<data-dir>/demo.json`: what scripts need to use the demo (mode 600). Read to keep what is in it, written whole."""

import os
from pathlib import Path

import msgspec

FILE_NAME = "demo.json"


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """The staff login."""

    email: str
    password: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A demo user; `access` is a JWT, empty where tokens are issued elsewhere."""

    id: str
    email: str
    phone: str
    locale: str
    timezone: str
    access: str


class DemoAccess(msgspec.Struct, frozen=True, kw_only=True):
    """The file. Its form is promised to outside scripts (contract, section 1)."""

    base_url: str
    staff: Staff
    api_key: str
    users: list[Person]
    outbox_url: str


def read_access(data_dir: Path) -> DemoAccess | None:
    """What the file says; None when it is missing, unreadable or of another form."""
    try:
        return msgspec.json.decode((data_dir / FILE_NAME).read_bytes(), type=DemoAccess)
    except (OSError, msgspec.DecodeError):
        return None


def write_access(data_dir: Path, access: DemoAccess) -> bool:
    """Replace the file, readable by its owner alone; False when it says so already. Raises OSError."""
    if read_access(data_dir) == access:
        return False
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = data_dir / f"{FILE_NAME}.new"
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(access), indent=2) + b"\n")
    unfinished.replace(data_dir / FILE_NAME)
    return True
