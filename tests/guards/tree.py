"""The repository as the guards see it: its files, and the sources as syntax trees. No guard writes anything."""

import ast
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "clarion"


@lru_cache(maxsize=1)
def repository_files() -> tuple[Path, ...]:
    """Every file that is committed or would be with `git add .`; deleted ones are left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = (ROOT / name for name in sorted(set(listed.split("\0"))) if name)
    return tuple(path for path in found if path.is_file())


def sources(*, migrations: bool = False) -> Iterator[Path]:
    """The modules under src/clarion."""
    for path in sorted(SOURCE.rglob("*.py")):
        if migrations or "migrations" not in path.parts:
            yield path


def place(path: Path) -> str:
    """As messages name a file: `records/ledger/store.py` for sources, else from the repository's root."""
    return path.relative_to(SOURCE if path.is_relative_to(SOURCE) else ROOT).as_posix()


@lru_cache(maxsize=1024)
def text_of(path: Path) -> str:
    return path.read_text("utf-8")


@lru_cache(maxsize=1024)
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def documents() -> list[Path]:
    """The Markdown files of the repository."""
    return [path for path in repository_files() if path.suffix == ".md"]
