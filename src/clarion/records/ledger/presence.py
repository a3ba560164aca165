"""Which workers are there, as PostgreSQL knows it: each holds an advisory lock on its mark for as long as its session
lives, and its mark is part of the number of every lease it takes. So work of a worker that is gone can be told from
work of one that is slow, and need not wait until the lease runs out.

Whom to believe gone, and after what delay, is decided in flows/delivery/presence.py and beat.py.
"""

from collections.abc import Collection

from clarion.records import hot

LOCKS = 4_207_002
MARK_BITS = 22
SERIAL_BITS = 40
UNMARKED = 0

_MINE = (
    "SELECT objid::int8 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def mark_of(lease: int) -> int:
    """The mark of the worker that took the lease; UNMARKED where it had none."""
    return lease >> SERIAL_BITS


def keep(marks: Collection[int]) -> set[int]:
    """Let this session hold the locks of exactly these marks; returns those it holds. One that another session holds
    is not waited for."""
    mine = {int(row[0]) for row in hot.fetch(f"{_MINE} AND pid = pg_backend_pid()", [LOCKS])}
    for mark in mine - set(marks):
        hot.fetch("SELECT pg_advisory_unlock(%s, %s)", [LOCKS, mark])
    for mark in set(marks) - mine:
        if hot.fetch("SELECT pg_try_advisory_lock(%s, %s)", [LOCKS, mark])[0][0]:
            mine.add(mark)
    return mine & set(marks)


def present() -> set[int]:
    """The marks of all workers that are there."""
    return {int(row[0]) for row in hot.fetch(_MINE, [LOCKS])}


def leaseholders() -> set[int]:
    """The marks in leases that run. Reads the whole queue: for a new leader of the schedulers, not for every turn."""
    rows = hot.fetch(
        "SELECT DISTINCT lease >> %s FROM ledger_queue WHERE lease_until >= statement_timestamp()", [SERIAL_BITS]
    )
    return {int(row[0]) for row in rows} - {UNMARKED}


def end_leases(mark: int) -> int:
    """End the leases of a worker that is gone, as if their time were over; returns how many entries they held. Reads
    the whole queue, once for each worker that dies."""
    rows = hot.fetch(
        "WITH ended AS (UPDATE ledger_queue SET lease_until = statement_timestamp() - interval '1 millisecond'"
        " WHERE lease >> %s = %s AND lease_until >= statement_timestamp() RETURNING 1) SELECT count(*) FROM ended",
        [SERIAL_BITS, mark],
    )
    return int(rows[0][0])
