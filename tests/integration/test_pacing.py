"""Tokens, allowances and breakers as workers share them through a real Redis, and without one."""

import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from clarion.contract.rate import parse_rate
from clarion.records.pacing.allowances import Allowance, Allowances
from clarion.records.pacing.breaker import Admission, News, Phase
from clarion.records.pacing.breakers import Breakers
from clarion.records.pacing.gcra import Limit, allowance
from clarion.records.pacing.purse import Purse
from clarion.records.pacing.reach import Reach
from clarion.records.pacing.tokens import ASSUMED_PROCESSES, Tokens

pytestmark = pytest.mark.usefixtures("redis_db")
FAST = Limit(rate=parse_rate("1000/s"), burst=100)


def nowhere() -> Reach:
    """A Redis that is not there."""
    once = Retry(NoBackoff(), 0)
    return Reach(lambda: redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=once))


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    tokens = Tokens()
    assert tokens.take("a", FAST, 500).count == 100
    grant = tokens.take("a", Limit(rate=parse_rate("1/h"), burst=1), 1)
    assert (grant.count, grant.shared) == (0, True)
    assert 0 < grant.wait < 3_600


def test_what_is_put_back_is_there_for_others_and_no_more_than_that() -> None:
    tokens, slow = Tokens(), Limit(rate=parse_rate("1/min"), burst=10)
    assert tokens.take("a", slow, 8).count == 8
    tokens.put_back("a", slow, 5, shared=True)
    assert tokens.take("a", slow, 10).count == 7
    tokens.put_back("unknown", slow, 5, shared=True)
    assert tokens.take("unknown", slow, 100).count == 10


def test_threads_share_one_rate() -> None:
    tokens, limit = Tokens(), Limit(rate=parse_rate("200/s"), burst=20)
    taken: list[int] = []
    end = time.monotonic() + 0.5

    def work() -> None:
        while time.monotonic() < end:
            taken.append(tokens.take("shared", limit, 3).count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    most = 20 + 200 * (time.monotonic() - begin) + 1
    assert most * 0.8 <= sum(taken) <= most


def test_processes_share_one_rate(settings: Any) -> None:
    script = (
        "import sys, time, redis\n"
        "from clarion.contract.rate import parse_rate\n"
        "from clarion.records.pacing.gcra import Limit\n"
        "from clarion.records.pacing.reach import Reach\n"
        "from clarion.records.pacing.tokens import Tokens\n"
        "tokens = Tokens(Reach(lambda: redis.Redis.from_url(sys.argv[1], decode_responses=True)))\n"
        "limit, end, n = Limit(rate=parse_rate('200/s'), burst=20), time.monotonic() + 0.5, 0\n"
        "first = time.time()\n"
        "while time.monotonic() < end: n += tokens.take('both', limit, 3).count\n"
        "print(first, time.time(), n)\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", script, settings.REDIS_URL], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [run.communicate(timeout=60)[0].split() for run in runs]
    span = max(float(end) for _, end, _ in said) - min(float(begin) for begin, _, _ in said)
    assert 0 < sum(int(count) for *_, count in said) <= 20 + 200 * span + 1


def test_without_redis_a_process_goes_at_its_share_and_begins_with_nothing() -> None:
    now = [100.0]
    tokens = Tokens(nowhere(), clock=lambda: now[0])
    limit = Limit(rate=parse_rate("40/s"), burst=20)
    first = tokens.take("a", limit, 500)
    assert (first.count, first.shared) == (0, False)
    given = 0
    for _ in range(200):
        now[0] += 0.05
        given += tokens.take("a", limit, 500).count
    assert given == 40 / ASSUMED_PROCESSES * 10, "ten seconds at a quarter of the rate"


def test_a_stalled_redis_is_not_asked_again_for_a_moment() -> None:
    tokens = Tokens(nowhere())
    tokens.take("a", FAST, 1)
    begin = time.monotonic()
    for _ in range(1_000):
        tokens.take("a", FAST, 1)
    assert time.monotonic() - begin < 0.5


def test_a_purse_leases_a_block_and_gives_back_the_rest(redis_db: Any) -> None:
    purse, tokens = Purse("a", FAST), Tokens()
    before = calls_of(redis_db)
    assert purse.fill(500) == 100
    assert sum(purse.take(1, 1) for _ in range(60)) == 60
    assert calls_of(redis_db) - before == 1
    purse.empty()
    assert tokens.take("a", FAST, 500).count >= 40


def calls_of(client: Any) -> int:
    return sum(client.info("commandstats").get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval"))


def test_messages_that_belong_together_go_together_even_above_the_burst() -> None:
    purse = Purse("a", Limit(rate=parse_rate("20/s"), burst=1))
    assert purse.fill(500) == 1
    assert purse.take(3, 3) == 3
    assert purse.take(3, 3) == 0
    assert 0.05 < purse.wait < 0.2
    away = Purse("b", Limit(rate=parse_rate("20/s"), burst=1), Tokens(nowhere()))
    end = time.monotonic() + 5
    while not away.take(3, 3):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_allowances_hold_what_is_over_and_let_it_wait_in_line() -> None:
    ann = Allowance(key="user:push:ann", limit=allowance(parse_rate("3/min")))
    ben = Allowance(key="user:push:ben", limit=allowance(parse_rate("3/min")))
    answers = Allowances().ask([[ann]] * 5 + [[ben]] + [[]])
    waits = [round(answer.wait) for answer in answers]
    assert waits == [0, 0, 0, 20, 40, 0, 0]


def test_an_item_counts_under_all_its_allowances_or_under_none() -> None:
    ann = Allowance(key="user:push:ann", limit=allowance(parse_rate("2/min")))
    news = Allowance(key="category:7", limit=allowance(parse_rate("1/min")))
    answers = Allowances().ask([[ann, news], [ann, news], [ann], [ann]])
    assert [(answer.wait > 0, answer.by) for answer in answers] == [(False, 0), (True, 1), (False, 0), (True, 0)]


def test_allowances_without_redis_are_a_share_and_never_unlimited() -> None:
    ann = Allowance(key="user:push:ann", limit=allowance(parse_rate("8/min")))
    answers = Allowances(nowhere()).ask([[ann]] * 10)
    assert [answer.wait > 0 for answer in answers] == [False] * 2 + [True] * 8


def opened(breakers: Breakers, key: str = "a") -> None:
    for _ in range(5):
        breakers.report(key, News(bad=1))


def end_cool_down(client: Any, key: str) -> None:
    import json

    name = f"clarion:breaker:{key}"
    client.set(name, json.dumps({**json.loads(client.get(name)), "until": 0.0}))


def test_a_breaker_is_shared() -> None:
    one, other = Breakers(), Breakers()
    opened(one)
    view = other.look(["a", "b"])
    assert (view["a"].phase, view["a"].failures, view["b"].phase) == (Phase.OPEN, 5, Phase.CLOSED)
    assert 7 < view["a"].opens_in <= 12.5
    assert other.admit("a").admission is Admission.REFUSE


def test_of_many_threads_one_gets_the_probe(redis_db: Any) -> None:
    breakers = Breakers()
    for _ in range(10):
        opened(breakers)
        end_cool_down(redis_db, "a")
        barrier, answers = threading.Barrier(4), []

        def ask(barrier: threading.Barrier = barrier, answers: list[Any] = answers) -> None:
            own = Breakers()
            barrier.wait()
            answers.append(own.admit("a"))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.admission for answer in answers) == ["probe", "refuse", "refuse", "refuse"]
        (probe,) = [answer.probe for answer in answers if answer.probe is not None]
        assert breakers.report("a", News(good=1, probe=probe)).phase is Phase.CLOSED


def test_reports_from_many_threads_are_all_counted() -> None:
    def work() -> None:
        own = Breakers()
        for _ in range(25):
            own.report("a", News(good=2))
        own.report("a", News(bad=1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Breakers().look(["a"])["a"].failures == 4


def test_without_redis_a_process_has_its_own_breaker() -> None:
    now = [100.0]
    breakers = Breakers(nowhere(), clock=lambda: now[0])
    opened(breakers)
    assert breakers.look(["a"])["a"].phase is Phase.OPEN
    now[0] += 13
    ticket = breakers.admit("a")
    assert ticket.admission is Admission.PROBE
    assert breakers.admit("a").admission is Admission.REFUSE
    assert breakers.report("a", News(good=1, probe=ticket.probe)).phase is Phase.CLOSED


def test_a_breaker_of_an_unknown_form_begins_anew(redis_db: Any) -> None:
    redis_db.set("clarion:breaker:a", '{"phase": "ajar"}')
    breakers = Breakers()
    assert breakers.look(["a"])["a"].phase is Phase.CLOSED
    opened(breakers)
    assert breakers.look(["a"])["a"].phase is Phase.OPEN
