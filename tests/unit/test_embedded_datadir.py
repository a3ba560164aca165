import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clarion.embedded import keys
from clarion.embedded.datadir import locked, make_data_dir
from clarion.embedded.errors import AlreadyRunning, EmbeddedError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_data_directory_is_private_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    assert mode(make_data_dir(tmp_path / "deep" / "new")) == 0o700
    old = tmp_path / "old"
    old.mkdir()
    old.chmod(0o755)
    assert make_data_dir(old) == old
    assert mode(old) == 0o755


def test_a_file_in_its_place_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(EmbeddedError, match=r"is not a directory. Choose another one with --data-dir"):
        make_data_dir(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_second_holder_is_refused_by_name_and_changes_nothing(tmp_path: Path) -> None:
    with locked(tmp_path) as was_killed:
        assert was_killed is False
        with pytest.raises(AlreadyRunning, match=rf"already running on .* \(process {os.getpid()}\)"), locked(tmp_path):
            pass
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    assert (tmp_path / "lock").read_text() == ""
    with locked(tmp_path) as was_killed:
        assert was_killed is False


def test_a_killed_holder_never_blocks_and_is_noticed(tmp_path: Path) -> None:
    program = (
        "import os, signal, pathlib, clarion.embedded.datadir as d\n"
        f"with d.locked(pathlib.Path({str(tmp_path)!r})): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    assert (tmp_path / "lock").read_text() != ""
    with locked(tmp_path) as was_killed:
        assert was_killed is True


def test_secrets_are_made_once_for_our_eyes_only(tmp_path: Path) -> None:
    made = keys.load_or_make(tmp_path)
    assert mode(tmp_path / "secrets.json") == 0o600
    assert keys.load_or_make(tmp_path) == made
    assert len(made.encryption_keys) == 44
    assert made.valkey_password.isalnum()
    assert made.secret_key not in repr(made)


def test_two_directories_have_different_secrets(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = keys.load_or_make(tmp_path / "a"), keys.load_or_make(tmp_path / "b")
    assert one.secret_key != other.secret_key
    assert one.encryption_keys != other.encryption_keys
    assert one.jwt_key != other.jwt_key


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"secret_key": "x"})])
def test_a_damaged_secrets_file_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(text)
    with pytest.raises(EmbeddedError, match=r"is damaged. Restore it from a backup"):
        keys.load_or_make(tmp_path)
    assert path.read_text() == text
