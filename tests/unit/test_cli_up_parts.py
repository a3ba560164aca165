import socket
from pathlib import Path

import pytest
import typer

from clarion.embedded.keys import Keys
from clarion.records.ledger.lanes import FEEDBACK, JOBS, lanes
from clarion.surfaces.cli.ports import base_url, is_free, wait_until_free
from clarion.surfaces.cli.processes import parse_lanes
from clarion.surfaces.cli.up import Plan, process_specs
from clarion.surfaces.cli.upenv import child_environment

KEYS = Keys(secret_key="made-s", encryption_keys="made-e", jwt_key="made-j", valkey_password="p")


def environment(**given: str) -> dict[str, str]:
    stores = {"CLARION_DATABASE_URL": "postgresql://made", "CLARION_REDIS_URL": "redis://made"}
    made = child_environment(given, keys=KEYS, data_dir=Path("/d"), public_url="http://h:1", stores=stores)
    return {name: value for name, value in made.items() if name.startswith("CLARION_")}


def test_everything_missing_is_made_up() -> None:
    assert environment() == {
        "CLARION_DATABASE_URL": "postgresql://made",
        "CLARION_REDIS_URL": "redis://made",
        "CLARION_SECRET_KEY": "made-s",
        "CLARION_ENCRYPTION_KEYS": "made-e",
        "CLARION_JWT_KEY": "made-j",
        "CLARION_PUBLIC_URL": "http://h:1",
        "CLARION_LOG_FORMAT": "console",
        "CLARION_EMBEDDED": "1",
        "CLARION_DATA_DIR": "/d",
    }


def test_what_is_given_stays_also_as_a_file_and_an_empty_value_is_none() -> None:
    made = environment(CLARION_SECRET_KEY="mine", CLARION_JWT_KEY_FILE="/k", CLARION_PUBLIC_URL=" ")
    assert made["CLARION_SECRET_KEY"] == "mine"
    assert made["CLARION_JWT_KEY_FILE"] == "/k"
    assert "CLARION_JWT_KEY" not in made
    assert made["CLARION_PUBLIC_URL"] == "http://h:1"


def test_no_shared_secret_is_made_up_for_a_public_key_algorithm() -> None:
    assert "CLARION_JWT_KEY" not in environment(CLARION_JWT_ALGORITHM="RS256")


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        assert not wait_until_free("127.0.0.1", port, 0.2)
    assert is_free("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_an_error_and_not_a_taken_port() -> None:
    with pytest.raises(OSError, match=r"assign|address"):
        is_free("192.0.2.1", 8000)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("box.example", "http://box.example:80"),
    ],
)
def test_the_base_url_is_one_a_browser_here_can_open(host: str, url: str) -> None:
    assert base_url(host, 80) == url


def test_lanes_are_channels_in_one_order_and_all_by_default() -> None:
    assert parse_lanes("") == [*lanes(), JOBS, FEEDBACK]
    assert parse_lanes(" chat, email.bulk,chat") == ["email.bulk", "chat"]


def test_an_unknown_lane_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as refused:
        parse_lanes("email,pigeon")
    assert refused.value.exit_code == 2
    assert "There is no lane pigeon. The lanes are: email, email.bulk, sms" in capsys.readouterr().err


def test_the_systems_processes_are_web_workers_and_one_beat() -> None:
    plan = Plan(host="127.0.0.1", port=8123, data_dir=Path("/d"), workers=2, with_demo=True)
    specs = process_specs(plan, {})
    assert [spec.name for spec in specs] == ["web", "worker1", "worker2", "beat"]
    assert specs[0].argv[-5:] == ("web", "--host", "127.0.0.1", "--port", "8123")
