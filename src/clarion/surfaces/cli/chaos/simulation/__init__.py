"""The delivery engine in one process and in virtual time, to try thousands of orders of events a minute.

`picking.py` and `queue_model.py` say in Python what the SQL of records/ledger/queue.py and awaiting.py does (tests hold
them against PostgreSQL). Everything that decides is the product's own: gate, judge, backoff, breaker, GCRA, moves.
`world.py` is what there is, `worker.py` a worker that may die between any two steps, `schedule.py` one order of events
drawn from a seed, `checks.py` what must hold afterwards, `run.py` many seeds, `planted.py` faults that must be found.
"""
