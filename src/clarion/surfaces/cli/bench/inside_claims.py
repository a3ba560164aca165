"""Times claims behind a backlog, in the process inside. The lane has a name no worker knows; the system is idle.

Ids are made as Clarion makes them, by time: random ones would touch a page of their own each.
"""

import time
from datetime import timedelta

from clarion.surfaces.cli.bench.orders import Claiming, Claims

LANE = "bench"
CHUNK = 100_000

_FILL = """
INSERT INTO ledger_queue (id, lane, priority, due_at, attempts, replayed_after, caller_id)
SELECT uuidv7(), %(lane)s, 3, statement_timestamp() - interval '1 hour' + n * interval '1 millisecond', 0, 0,
       ('00000000-0000-7000-8000-' || lpad((n %% %(callers)s)::text, 12, '0'))::uuid
FROM generate_series(1, %(number)s) AS n
"""


def measure_claims(order: Claims) -> Claiming:
    """Fill, analyse, claim; what was claimed is given back outside the measured time."""
    from django.db import connection

    from clarion.records.ledger import queue

    with connection.cursor() as cursor:
        for first in range(0, order.backlog, CHUNK):
            number = min(CHUNK, order.backlog - first)
            cursor.execute(_FILL, {"lane": LANE, "callers": order.callers, "number": number})
        cursor.execute("ANALYZE ledger_queue")
    times = []
    for _ in range(order.rounds):
        began = time.perf_counter()
        batch = queue.claim_due(LANE, order.limit)
        times.append((time.perf_counter() - began) * 1000)
        queue.give_back(batch.lease, [(entry.id, timedelta(0)) for entry in batch.entries], untried=True)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE ledger_queue")  # nothing else is in it: the system is ours and idle
    return Claiming(milliseconds=times)
