"""The environment: typed, checked, with files for secrets."""

from pathlib import Path

import pytest

from clarion.config.database import parse_database_url
from clarion.config.environment import ConfigurationError, read_environment
from clarion.config.logs import scrub
from clarion.contract.account import parse_account_url
from clarion.contract.faults import Misconfigured


def test_nothing_set_gives_the_defaults() -> None:
    environment = read_environment({})
    assert environment.jwt_algorithm == "HS256"
    assert environment.debug is False
    assert environment.outbox == "auto"


def test_names_of_others_are_left_alone() -> None:
    assert read_environment({"PATH": "/bin", "DJANGO_SETTINGS_MODULE": "x"}) == read_environment({})


def test_a_value_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n")
    assert read_environment({"CLARION_SECRET_KEY_FILE": str(secret)}).secret_key == "from-a-file"


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"CLARION_COLOUR": "red"}, ["CLARION_COLOUR"]),
        ({"CLARION_DEBUG": "perhaps"}, ["CLARION_DEBUG"]),
        ({"CLARION_JWT_ALGORITHM": "none"}, ["CLARION_JWT_ALGORITHM"]),
        ({"CLARION_SECRET_KEY_FILE": "/does/not/exist"}, ["CLARION_SECRET_KEY_FILE"]),
        ({"CLARION_LOG_FORMAT": "xml", "CLARION_X": "1"}, ["CLARION_LOG_FORMAT", "CLARION_X"]),
        ({"CLARION_RETENTION_DAYS": "-1"}, ["CLARION_RETENTION_DAYS"]),
    ],
)
def test_what_cannot_be_used_is_named_all_at_once(environ: dict[str, str], names: list[str]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_environment(environ)
    assert all(name in str(raised.value) for name in names)


def test_the_value_at_fault_is_never_repeated() -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_environment({"CLARION_DEBUG": "a-secret-by-mistake"})
    assert "a-secret-by-mistake" not in str(raised.value)


def test_value_and_file_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x")
    with pytest.raises(ConfigurationError, match="keep one of the two"):
        read_environment({"CLARION_JWT_KEY": "y", "CLARION_JWT_KEY_FILE": str(tmp_path / "key")})


def test_a_database_url_becomes_settings() -> None:
    found = parse_database_url("postgresql://us%40er:p%2Fw@db.example:6543/name?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "us@er",
        "p/w",
        "db.example",
        "6543",
        "name",
    )
    assert found["OPTIONS"]["sslmode"] == "require"
    assert parse_database_url("postgresql://clarion@/clarion?host=/run/pg")["HOST"] == "/run/pg"
    with pytest.raises(ConfigurationError):
        parse_database_url("mysql://x/y")


def test_an_account_url_hides_its_secrets() -> None:
    url = parse_account_url("smtp://user:top%20secret@mail.example:587?tls=starttls&name=main")
    assert (url.username, url.password, url.host, url.port) == ("user", "top secret", "mail.example", 587)
    assert url.name == "main"
    for shown in (repr(url), url.shown):
        assert "top" not in shown
        assert "user" not in shown
    with pytest.raises(Misconfigured, match="unknown option colour"):
        parse_account_url("smtp://host?colour=red").only("tls")


@pytest.mark.parametrize("url", ["", "no-scheme", "smtp://host:port-that-is-none"])
def test_a_broken_account_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        parse_account_url(url)
    assert "port-that-is-none" not in str(raised.value)


def test_logs_of_others_are_scrubbed() -> None:
    text = "to ann@example.com or +255712345678 via redis://:hunter2@host/0 with Bearer abc.def token=xyz"
    scrubbed = scrub(text)
    for canary in ("ann@", "712345678", "hunter2", "abc.def", "xyz"):
        assert canary not in scrubbed
