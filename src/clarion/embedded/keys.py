"""The secrets that `clarion up` makes up once and keeps in `<data-dir>/secrets.json` (mode 0600).

Losing the file means losing what was encrypted with it, so it is written whole or not at all and never overwritten.
"""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from clarion.embedded.errors import EmbeddedError

FILE_NAME = "secrets.json"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Keys:
    """One value each; `encryption_keys` is comma-separated, newest first, each 32 random bytes in urlsafe base64."""

    secret_key: str
    encryption_keys: str
    jwt_key: str
    valkey_password: str


def load_or_make(data_dir: Path) -> Keys:
    """The directory's secrets: the same ones at every start. The caller holds the directory's lock."""
    path = data_dir / FILE_NAME
    try:
        return _parse(path.read_text("utf-8"), path)
    except FileNotFoundError:
        return _make(path)
    except PermissionError:
        raise EmbeddedError(f"{path} is not readable. Was Clarion started here as another user?") from None


def _make(path: Path) -> Keys:
    keys = Keys(
        secret_key=secrets.token_urlsafe(48),
        encryption_keys=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii"),
        jwt_key=secrets.token_urlsafe(48),
        valkey_password=secrets.token_hex(24),  # stands in a URL and in a configuration file: letters and digits only
    )
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(keys), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    return keys


def _parse(text: str, path: Path) -> Keys:
    try:
        content = json.loads(text)
        return Keys(**{field.name: str(content[field.name]) for field in fields(Keys)})
    except (ValueError, KeyError, TypeError):
        raise EmbeddedError(
            f"{path} is damaged. Restore it from a backup; without it the encrypted data in this directory is lost."
        ) from None
