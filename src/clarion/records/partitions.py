"""Weekly partitions of the growing tables, by UUIDv7. Created ahead of time, dropped whole by retention."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.db import connection, transaction

from clarion.records.ids import first_id_of

PARTITIONED = {
    "ledger_request": "id",
    "ledger_notification": "id",
    "ledger_attempt": "notification_id",
    "ledger_decision": "notification_id",
    "ledger_event": "notification_id",
    "ledger_idempotency": "id",
    "ledger_rejection": "job_id",
    "inbox_item": "id",
    "feedback_callback": "id",
    "feedback_report": "notification_id",
}
# room on the page for the one update that settles a row, so that it stays HOT
FILLFACTOR = {"ledger_notification": 70, "inbox_item": 80}
# notifications of a later week may still need a request of this one: minted moments apart, or by a long job
OUTLIVED = {"ledger_request": timedelta(days=7)}
WEEKS_AHEAD = 8
_NAME = re.compile(r"_p(\d{8})$")


class Cursor(Protocol):
    """As much of a cursor as is needed here (a migration's schema editor has one, too)."""

    def execute(self, sql: str, params: list[object] | None = None) -> object: ...


def week_of(moment: datetime) -> datetime:
    """The Monday, 00:00 UTC, of the moment's week."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def partition_sql(table: str, week: datetime) -> str:
    """DDL for one partition; does nothing when it exists."""
    name = f"{table}_p{week:%Y%m%d}"
    low, high = first_id_of(week), first_id_of(week + timedelta(days=7))
    room = f" WITH (fillfactor = {FILLFACTOR[table]})" if table in FILLFACTOR else ""
    return f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ('{low}') TO ('{high}'){room}"


def ensure(now: datetime, *, weeks_ahead: int = WEEKS_AHEAD) -> None:
    """Create what is missing from last week (ids of a clock that is behind) to `weeks_ahead`."""
    present = {name for table in PARTITIONED for name in existing(table)}
    first = week_of(now) - timedelta(days=7)
    with connection.cursor() as cursor:
        for step in range(weeks_ahead + 2):
            week = first + timedelta(days=7 * step)
            for table in PARTITIONED:
                if f"{table}_p{week:%Y%m%d}" not in present:
                    cursor.execute(partition_sql(table, week))


def existing(table: str) -> list[str]:
    """Names of the table's partitions, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(%s) ORDER BY c.relname",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


def drop_before(moment: datetime, tables: Iterable[str] = tuple(PARTITIONED)) -> list[str]:
    """Drop the tables' partitions that end before `moment`, except weeks that still have work waiting in the queue.

    Returns the names dropped. The queue is asked by id range, which its primary key answers.
    """
    dropped: list[str] = []
    with connection.cursor() as cursor:
        for table in tables:
            for name in existing(table):
                week = datetime.strptime(_NAME.search(name)[1], "%Y%m%d").replace(tzinfo=UTC)  # type: ignore[index]
                end = week + timedelta(days=7)
                if end > moment:
                    continue
                cursor.execute(
                    "SELECT EXISTS (SELECT 1 FROM ledger_queue WHERE id >= %s AND id < %s)",
                    [first_id_of(week), first_id_of(end + OUTLIVED.get(table, timedelta(0)))],
                )
                if not cursor.fetchone()[0]:
                    _drop(cursor, table, name, week)
                    dropped.append(name)
    return dropped


# what else goes with a partition, in the same transaction
_ALONG = {
    "ledger_notification": "DELETE FROM ledger_dead_letter WHERE id >= %(low)s AND id < %(high)s",
    "inbox_item": """
UPDATE inbox_counter AS c SET unread = greatest(c.unread - gone.unread, 0), unseen = greatest(c.unseen - gone.unseen, 0)
FROM (SELECT user_id, count(*) FILTER (WHERE read_at IS NULL) AS unread,
             count(*) FILTER (WHERE seen_at IS NULL) AS unseen
      FROM inbox_item WHERE id >= %(low)s AND id < %(high)s AND dismissed_at IS NULL AND archived_at IS NULL
        AND recalled_at IS NULL AND snoozed_until IS NULL GROUP BY user_id) AS gone
WHERE c.user_id = gone.user_id
""",
}


def _drop(cursor: Any, table: str, name: str, week: datetime) -> None:
    bounds = {"low": first_id_of(week), "high": first_id_of(week + timedelta(days=7))}
    with transaction.atomic():
        if table in _ALONG:
            cursor.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
            cursor.execute(_ALONG[table], bounds)
        cursor.execute(f"DROP TABLE {name}")
