"""Finding the stores of a `clarion up` that runs on this machine, so that commands work beside it without settings."""

import json
import os
from pathlib import Path
from urllib.parse import quote

DEFAULT_DATA_DIR = Path(".clarion")


def adopt(data_dir: Path | None = None) -> bool:
    """Where CLARION_DATABASE_URL is not set: take the environment of the system in the data directory (given,
    CLARION_DATA_DIR or ./.clarion). Returns whether there is one; the running of it is not checked."""
    from clarion.surfaces.cli.upenv import child_environment, is_set

    if is_set(os.environ, "CLARION_DATABASE_URL"):
        return False
    directory = (data_dir or Path(os.environ.get("CLARION_DATA_DIR") or DEFAULT_DATA_DIR)).expanduser().absolute()
    directory = directory.resolve()
    stores = stores_of(directory)
    if not stores:
        return False
    from clarion.embedded.errors import EmbeddedError
    from clarion.embedded.keys import load_or_make

    try:
        keys = load_or_make(directory)  # stores_of saw that there are some: nothing is made up here
    except EmbeddedError:
        return False
    # what the operator set (another Redis, say) was set for `up` as well and wins
    found = child_environment(
        os.environ, keys=keys, data_dir=directory, public_url=_public_url(directory), stores=stores
    )
    os.environ.update({name: value for name, value in found.items() if name.startswith("CLARION_")})
    return True


def stores_of(directory: Path) -> dict[str, str]:
    """The URLs of the embedded servers as they themselves wrote them down; empty when they do not run."""
    if not (directory / "secrets.json").is_file():
        return {}
    database, redis = _postgres(directory), _valkey(directory)
    return {"CLARION_DATABASE_URL": database, "CLARION_REDIS_URL": redis} if database and redis else {}


def _postgres(directory: Path) -> str:
    """PostgreSQL writes where its socket lies on the fifth line of postmaster.pid, and removes the file at its end."""
    from clarion.embedded.cluster import DATABASE, ROLE

    try:
        pointer = directory / "postgres.location"
        cluster = Path(pointer.read_text("utf-8").strip()) if pointer.exists() else directory / "postgres"
        sockets = (cluster / "postmaster.pid").read_text("utf-8").splitlines()[4]
    except (OSError, IndexError):
        return ""
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(sockets, safe='/')}"


def _valkey(directory: Path) -> str:
    try:
        lines = (directory / "valkey" / "valkey.conf").read_text("utf-8").splitlines()
    except OSError:
        return ""
    words = dict(line.partition(" ")[::2] for line in lines)
    port, password = words.get("port", ""), words.get("requirepass", "")
    return f"redis://:{password}@127.0.0.1:{port}/0" if port and password else ""


def _public_url(directory: Path) -> str:
    try:
        return str(json.loads((directory / "demo.json").read_text("utf-8"))["base_url"])
    except (OSError, ValueError, KeyError, TypeError):
        return "http://127.0.0.1:8000"
