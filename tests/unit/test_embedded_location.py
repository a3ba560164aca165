import os
import stat
import tempfile
from pathlib import Path

import pytest

from clarion.embedded.account import Account
from clarion.embedded.errors import EmbeddedError
from clarion.embedded.location import fits, socket_dir


@pytest.fixture
def short_dir() -> Path:
    return Path(tempfile.mkdtemp(prefix="c-", dir="/tmp"))


def test_a_short_data_directory_holds_the_socket_itself(short_dir: Path) -> None:
    assert socket_dir(short_dir, None) == short_dir / "run"
    assert stat.S_IMODE((short_dir / "run").stat().st_mode) == 0o700


def test_a_deep_data_directory_gets_a_short_private_one_and_always_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    found = socket_dir(deep, None)
    assert found.name.startswith("clarion-")
    assert fits(found)
    assert stat.S_IMODE(found.stat().st_mode) == 0o700
    assert socket_dir(deep, None) == found
    found.rmdir()


def test_a_path_fits_up_to_the_limit_of_a_socket_address() -> None:
    assert fits(Path("/" + "x" * 80))
    assert not fits(Path("/" + "x" * 81))


def test_a_directory_of_somebody_else_or_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    found = socket_dir(deep, None)
    found.rmdir()
    found.symlink_to(tmp_path)
    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        socket_dir(deep, None)
    found.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_as_root_the_socket_directory_belongs_to_the_servers_account(short_dir: Path) -> None:
    found = socket_dir(short_dir, Account(uid=65534, gid=65534))
    assert found.parent == Path(tempfile.gettempdir())
    assert (found.stat().st_uid, stat.S_IMODE(found.stat().st_mode)) == (65534, 0o700)
    found.rmdir()
