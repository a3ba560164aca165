"""PostgreSQL, Redis and the broker: reachable, new enough, set up as we need them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

import redis
from django.conf import settings
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.connection import Connection
from kombu.exceptions import KombuError

from clarion.records import clock, partitions, volatile
from clarion.surfaces.cli.diagnosis.finding import Finding, failed, note, ok, warning

OLDEST_POSTGRESQL = 150000
OLDEST_REDIS = 7
PARTITIONS_AHEAD = timedelta(days=14)
BROKER_SECONDS = 3


def database() -> list[Finding]:
    """Empty-handed callers see from the first finding whether the rest can be asked at all."""
    if not settings.ENV.database_url:
        return [failed("database", "CLARION_DATABASE_URL is not set", "set it, or start everything with `clarion up`")]
    try:
        connection.ensure_connection()
    except OperationalError:
        remedy = "check CLARION_DATABASE_URL and that the server runs, or start one with `clarion up`"
        return [failed("database", "PostgreSQL does not answer", remedy)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
        number, version = cursor.fetchone()
    if number < OLDEST_POSTGRESQL:
        return [failed("database", f"PostgreSQL {version.split()[0]} is too old", "update it to 15 or newer")]
    found = [ok("database", f"PostgreSQL {version.split()[0]}"), _migrations()]
    return [*found, _partitions()] if found[-1].state == "ok" else found


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        return failed("migrations", f"{len(plan)} not applied", "run `clarion migrate`")
    return ok("migrations", "all applied")


def _partitions() -> Finding:
    """Without next week's partition nothing can be accepted next week."""
    week = partitions.week_of(clock.now() + PARTITIONS_AHEAD)
    lacking = [table for table in partitions.PARTITIONED if f"{table}_p{week:%Y%m%d}" not in partitions.existing(table)]
    if lacking:
        text = f"none for the week of {week:%Y-%m-%d} in {', '.join(lacking)}"
        return failed("partitions", text, "run `clarion manage prepare`; `clarion beat` keeps them coming")
    return ok("partitions", f"there are some beyond {week:%Y-%m-%d}")


def memory_store() -> list[Finding]:
    """Redis: reachable, new enough, and never throwing a queue away to make room."""
    subject = "Redis"
    remedy = "check CLARION_REDIS_URL (redis://…) and that the server runs"
    if not settings.REDIS_URL:
        return [failed(subject, "CLARION_REDIS_URL is not set", "set it, or start everything with `clarion up`")]
    try:
        said = cast("Mapping[str, object]", volatile.connection().info("server"))
        version = str(said["redis_version"])
    except (redis.RedisError, ValueError):
        return [failed(subject, "does not answer", remedy)]
    if int(version.partition(".")[0]) < OLDEST_REDIS:
        return [failed(subject, f"version {version} is too old", "update it to Redis 7 or Valkey")]
    return [ok(subject, f"answers, version {version}"), _eviction()]


def _eviction() -> Finding:
    try:
        said = cast("Mapping[str, str]", volatile.connection().config_get("maxmemory-policy"))
    except redis.RedisError:
        return note("Redis eviction", "the server does not say", "make sure that maxmemory-policy is noeviction")
    policy = said.get("maxmemory-policy", "unknown")
    if policy != "noeviction":
        return warning("Redis eviction", f"maxmemory-policy is {policy}", "set it to noeviction: it would drop bells")
    return ok("Redis eviction", "noeviction")


def broker() -> list[Finding]:
    """Celery's broker, where it is another server than Redis."""
    if settings.BROKER_URL == settings.REDIS_URL:
        return [ok("broker", "is the Redis above")] if settings.REDIS_URL else []
    try:
        with Connection(settings.BROKER_URL, connect_timeout=BROKER_SECONDS) as link:
            link.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (OSError, ValueError, KeyError, KombuError):
        return [failed("broker", "does not answer", "check CLARION_BROKER_URL and that the server runs")]
    return [ok("broker", f"{settings.BROKER_URL.partition(':')[0]} answers")]
