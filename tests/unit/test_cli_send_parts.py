import stat
from pathlib import Path
from uuid import UUID

import pytest

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.demo_data.access_file import DemoAccess, Staff, read_access, write_access
from clarion.surfaces.cli.send import Asked, connect

USER = UUID("01a1f887-f43f-7587-ae5d-50ba9452afb4")


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLARION_API_URL", "CLARION_API_KEY", "CLARION_API_URL_FILE", "CLARION_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def demo_dir(tmp_path: Path) -> Path:
    staff = Staff(email="staff@example.com", password="p")
    access = DemoAccess(base_url="http://h:1", staff=staff, api_key="demo-key", users=[], outbox_url="http://h:1/o")
    assert write_access(tmp_path, access)
    return tmp_path


def test_the_file_is_the_owners_alone_and_is_not_written_twice(demo_dir: Path) -> None:
    path = demo_dir / "demo.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    known = read_access(demo_dir)
    assert known is not None
    before = path.stat().st_mtime_ns
    assert not write_access(demo_dir, known)
    assert path.stat().st_mtime_ns == before


def test_the_demo_answers_for_what_is_not_given(demo_dir: Path) -> None:
    client = connect("", "", demo_dir)
    assert (client.base_url, client.authorization) == ("http://h:1", "ApiKey demo-key")


def test_options_come_before_the_environment_and_that_before_the_demo(
    demo_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARION_API_URL", "http://env:2/")
    monkeypatch.setenv("CLARION_API_KEY", "env-key")
    assert connect("", "", demo_dir).base_url == "http://env:2"
    assert connect("", "", demo_dir).authorization == "ApiKey env-key"
    assert connect("http://option:3", "option-key", demo_dir).base_url == "http://option:3"
    assert connect("http://option:3", "option-key", demo_dir).authorization == "ApiKey option-key"


def test_the_demos_key_is_not_given_to_another_server(demo_dir: Path) -> None:
    with pytest.raises(ValueError, match="Which API key"):
        connect("http://elsewhere:1", "", demo_dir)


def test_the_key_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("file-key\n")
    monkeypatch.setenv("CLARION_API_KEY_FILE", str(tmp_path / "key"))
    assert connect("http://h", "", tmp_path).authorization == "ApiKey file-key"
    monkeypatch.setenv("CLARION_API_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(ValueError, match="CLARION_API_KEY_FILE cannot be read"):
        connect("http://h", "", tmp_path)


def test_without_any_server_it_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Which server"):
        connect("", "key", tmp_path)


def test_the_body_holds_what_was_given_and_nothing_else() -> None:
    asked = Asked(template="welcome", subject="", body="", channels=(), priority="", context={})
    assert asked.payload(USER) == {"user_id": str(USER), "template_path": "welcome"}
    asked = Asked(template="", subject="S", body="B", channels=(ChannelKey.SMS,), priority="2", context={"a": 1})
    assert asked.payload(USER) == {
        "user_id": str(USER),
        "subject": "S",
        "body": "B",
        "channels": ["sms"],
        "priority": 2,
        "context": {"a": 1},
    }
