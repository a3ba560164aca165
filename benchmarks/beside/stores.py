"""A database for a design that Clarion is compared with: beside Clarion's, on its server, emptied at each start."""

from urllib.parse import parse_qsl, urlsplit

import psycopg


def _parts(url: str) -> dict[str, object]:
    found = urlsplit(url)
    host = dict(parse_qsl(found.query)).get("host", found.hostname or "")
    return {"host": host, "port": found.port, "user": found.username, "password": found.password}


def make_empty(url: str, name: str) -> None:
    """Drop and create the database `name` on the server of this URL."""
    given = {key: value for key, value in _parts(url).items() if value}
    with psycopg.connect(**given, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")


def for_django(url: str, name: str) -> dict[str, object]:
    """The entry of Django's DATABASES for it."""
    given = {key.upper(): str(value or "") for key, value in _parts(url).items()}
    return {"ENGINE": "django.db.backends.postgresql", "NAME": name, **given}
