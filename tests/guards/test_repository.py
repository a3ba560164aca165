"""What a repository that others clone must not hold: package index hosts, paths of a machine, private keys."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from guards.tree import ROOT, place, repository_files

# Written in parts, or this file would be its own first find.
_INDEX_HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npm" + "js.org", "anaconda" + ".org", "conda-forge" + ".org")
_INDEX_OPTIONS = ("--index" + "-url", "--extra-index" + "-url", "[[tool.uv" + ".index]]", "registry" + ' = "http')
_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX", "UV_INDEX_URL", "UV_DEFAULT_INDEX")
_KEY = re.compile("BEGIN (RSA |EC |OPENSSH )?" + "PRIVATE KEY")
_HOME = re.compile(r"(?<![\w./-])/(home|Users)/[A-Za-z0-9_.-]+/")


def _hosts_of_this_machine() -> set[str]:
    """Where this machine's package clients are told to look."""
    words = [word for name in _VARIABLES for word in os.environ.get(name, "").split()]
    return {host for word in words if (host := urlsplit(word).hostname)}


def _machine_paths() -> list[re.Pattern[str]]:
    """This very checkout and this very home, where they are specific enough to be told from words."""
    here = [path for path in (ROOT, Path.home()) if len(path.parts) > 2]
    return [_HOME, *(re.compile(rf"(?<![\w./-]){re.escape(str(path))}(?![\w-])") for path in here)]


def _texts() -> dict[str, str]:
    return {place(path): path.read_text("utf-8", "replace") for path in repository_files()}


def test_no_file_names_a_package_index() -> None:
    hosts = {*_INDEX_HOSTS, *_hosts_of_this_machine()}
    words = (*hosts, *_INDEX_OPTIONS)

    assert [(name, word) for name, text in _texts().items() for word in words if word in text] == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    patterns = _machine_paths()

    assert [name for name, text in _texts().items() if any(pattern.search(text) for pattern in patterns)] == []


def test_no_private_key_lies_in_the_repository() -> None:
    assert [name for name, text in _texts().items() if _KEY.search(text) and not name.startswith("tests/")] == []


@pytest.mark.parametrize("name", [".venv", ".clarion", "uv.lock", ".env"])
def test_what_belongs_to_a_machine_is_not_in_the_repository(name: str) -> None:
    assert [place(path) for path in repository_files() if name in path.relative_to(ROOT).parts] == []
