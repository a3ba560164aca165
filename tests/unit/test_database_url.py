"""How long a connection to PostgreSQL waits for a server that went without a word."""

from clarion.config.database import parse_database_url


def test_a_server_that_is_gone_is_noticed_in_seconds_unless_the_url_says_otherwise() -> None:
    names = ("connect_timeout", "tcp_user_timeout", "keepalives", "keepalives_idle", "keepalives_count")
    found = parse_database_url("postgresql://u@db.example/name")["OPTIONS"]
    assert [found[name] for name in names] == ["5", "10000", "1", "5", "3"]
    found = parse_database_url("postgresql://u@db.example/name?tcp_user_timeout=60000")["OPTIONS"]
    assert (found["tcp_user_timeout"], found["connect_timeout"]) == ("60000", "5")
