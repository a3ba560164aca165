"""A database URL → Django's DATABASES entry."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from clarion.config.environment import ConfigurationError

# a server that went without a word (its machine, a firewall) is noticed in seconds, not in the system's 15 minutes
_PATIENCE = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",  # milliseconds, the others seconds
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}


def parse_database_url(url: str) -> dict[str, Any]:
    """`postgresql://user:pass@host:port/name?host=/socket/dir&sslmode=require` → Django's settings for it."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ConfigurationError("CLARION_DATABASE_URL: must start with postgresql:// (PostgreSQL 15 or newer)")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", parts.hostname or "")
    port = query.pop("port", str(parts.port or ""))
    options: dict[str, Any] = {
        **_PATIENCE,
        **query,
        "prepare_threshold": 5,  # for records/hot.py; Django's own statements are bound on the client, never prepared
        "application_name": query.get("application_name", "clarion"),
        "options": "-c timezone=UTC -c idle_in_transaction_session_timeout=60s -c lock_timeout=10s"
        " -c statement_timeout=60s",
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "TEST": {"NAME": None},
    }
