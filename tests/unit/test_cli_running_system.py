import os
from pathlib import Path

import pytest

from clarion.embedded.keys import load_or_make
from clarion.surfaces.cli.demo_system import demo_environment
from clarion.surfaces.cli.running_system import adopt, stores_of


@pytest.fixture(autouse=True)
def _an_environment_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CLARION_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As a running system leaves it."""
    monkeypatch.setattr(os, "environ", dict(os.environ))  # adopt changes it
    load_or_make(tmp_path)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "postmaster.pid").write_text("77\n/d\n1\n5432\n/tmp/so cks\n\n  1 2\nready\n")
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "valkey.conf").write_text("bind 127.0.0.1\nport 6400\nrequirepass abc\n")
    return tmp_path


def test_the_stores_are_where_the_servers_wrote_that_they_are(data_dir: Path) -> None:
    assert stores_of(data_dir) == {
        "CLARION_DATABASE_URL": "postgresql://clarion@/clarion?host=/tmp/so%20cks",
        "CLARION_REDIS_URL": "redis://:abc@127.0.0.1:6400/0",
    }


@pytest.mark.parametrize("missing", ["secrets.json", "postgres/postmaster.pid", "valkey/valkey.conf"])
def test_a_system_that_does_not_run_is_not_adopted_and_nothing_is_made_up(data_dir: Path, missing: str) -> None:
    (data_dir / missing).unlink()
    assert stores_of(data_dir) == {}
    before = dict(os.environ)
    assert not adopt(data_dir)
    assert dict(os.environ) == before
    assert not (data_dir / missing).exists()


def test_adopting_gives_the_systems_secrets_and_stores(data_dir: Path) -> None:
    assert adopt(data_dir)
    keys = load_or_make(data_dir)
    assert os.environ["CLARION_SECRET_KEY"] == keys.secret_key
    assert os.environ["CLARION_ENCRYPTION_KEYS"] == keys.encryption_keys
    assert os.environ["CLARION_REDIS_URL"] == "redis://:abc@127.0.0.1:6400/0"
    assert os.environ["CLARION_EMBEDDED"] == "1"


def test_a_database_of_the_environment_comes_first(data_dir: Path) -> None:
    os.environ["CLARION_DATABASE_URL"] = "postgresql://mine"
    before = dict(os.environ)
    assert not adopt(data_dir)
    assert dict(os.environ) == before


def test_the_demo_sees_nothing_of_the_operators_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARION_DATABASE_URL", "postgresql://production")
    monkeypatch.setenv("CLARION_EMAIL", "smtp://real")
    monkeypatch.setenv("PATH", "/bin")
    found = demo_environment()
    assert found["PATH"] == "/bin"
    assert [name for name in found if name.startswith("CLARION_")] == []
