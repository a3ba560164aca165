import time, statistics, uuid
from datetime import timedelta
import pytest
from django.db import connection
from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Sent
from clarion.flows.delivery import settle as settle_mod, flow, dead_targets
from clarion.records.people import facts
from clarion.records import hot
from clarion.records.ids import first_id_of
from clarion.flows.ingest.bulk import Recipient, accept_list
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import make_user, caller_of
from clarion.records.access.permissions import Permission
IDX = "CREATE INDEX ledger_attempt_remote ON ledger_attempt (hashtextextended(remote_id, 0)) WHERE remote_id <> '' AND account NOT IN ('inapp', 'websocket')"

@pytest.fixture
def carry(real_ground):
    from clarion.config import wiring
    from clarion.contract.registry import Registry, install, installed
    from clarion.records.accounts import book
    before = installed()
    p = ScriptedProvider(script=lambda m: Sent(remote_id=f"0100019{uuid.uuid4()}-{uuid.uuid4()}-000000"))
    install(Registry([*wiring.PROVIDERS, p.entry()]), before.host)
    book.mirror({ChannelKey.EMAIL: ["scripted://"]})
    yield p
    install(before.registry, before.host)

def out(*a):
    print("RESULT", *a)

def test_cost(carry, monkeypatch):
    boss = make_user(is_staff=True, email="boss@example.com")
    users = [make_user(email=f"p{n}@example.com", reachable=False) for n in range(500)]
    times = {True: [], False: []}
    tally = {True: [], False: []}
    real = settle_mod._settle
    mode = {"index": True, "tally": True}
    def timed(lease, fates, now):
        t = time.perf_counter()
        r = real(lease, fates, now)
        if len(fates) >= 400:
            (times[mode["index"]] if mode["what"] == "index" else tally[mode["tally"]]).append((time.perf_counter() - t) * 1000)
        return r
    monkeypatch.setattr(settle_mod, "_settle", timed)
    real_count = dead_targets.count
    rounds = 80
    for n in range(rounds):
        mode["what"] = "index" if n < rounds // 2 else "tally"
        on = n % 2 == 0
        if mode["what"] == "index":
            mode["index"] = on
            with connection.cursor() as c:
                c.execute("DROP INDEX IF EXISTS ledger_attempt_remote")
                if on: c.execute(IDX)
        else:
            mode["tally"] = on
            monkeypatch.setattr(dead_targets, "count", real_count if on else (lambda f, now: None))
        accept_list(Send(caller=caller_of(boss, *Permission), user_id=boss.id, subject="H", body="T", channels=(ChannelKey.EMAIL,), category="orders"), [Recipient(user_id=u.id) for u in users], clock.now())
        flow.drain("email.bulk")
    for name, d in (("index", times), ("tally", tally)):
        for on in (True, False):
            v = sorted(d[on]); out(name, on, len(v), "min", round(v[0],1), "quartile", round(v[len(v)//4],1), "median", round(statistics.median(v),1), "ms per 500")
    with connection.cursor() as c:
        c.execute("DROP INDEX IF EXISTS ledger_attempt_remote"); c.execute(IDX)
        c.execute("SELECT remote_id FROM ledger_attempt LIMIT 200"); ids=[r[0] for r in c.fetchall()]
        c.execute("ANALYZE ledger_attempt")
        from clarion.flows.feedback.match import _BY_REMOTE_ID
        c.execute("EXPLAIN " + _BY_REMOTE_ID, {"remote": ids, "oldest": first_id_of(clock.now()-timedelta(days=90))})
        out("\n".join(r[0] for r in c.fetchall()))
        c.execute("SELECT sum(pg_relation_size(i.inhrelid)) FROM pg_inherits i WHERE inhparent='ledger_attempt_remote'::regclass"); out("index bytes", c.fetchone())
        c.execute("select count(*) from ledger_attempt"); out(c.fetchone())
    best=[]
    for _ in range(10):
        t=time.perf_counter(); hot.fetch(_BY_REMOTE_ID, {"remote": ids, "oldest": first_id_of(clock.now()-timedelta(days=90))}); best.append((time.perf_counter()-t)*1000)
    out("lookup of 200: ms", min(best))
    ids=[u.id for u in users]
    new = facts._LOAD
    old = new.replace(facts.standing.OF_USER, "NULL")
    def compare(text):
        b={"with":[], "without":[]}
        for _ in range(60):
            for label, sql in (("with",new),("without",old)):
                t=time.perf_counter(); hot.fetch(sql,[[1],ids]); b[label].append((time.perf_counter()-t)*1000)
        for label in b: out("facts", text, label, "min", round(min(b[label]),2), "median", round(statistics.median(b[label]),2), "ms per 500")
    compare("empty list")
    from clarion.records.suppression.store import suppress, Listing
    from clarion.records.suppression.addresses import address_of
    from clarion.contract.reasons import Reason
    t=time.perf_counter()
    for k in range(20):
        suppress(Listing(address=address_of(ChannelKey.EMAIL, f"gone{k}-{n}@example.org"), reason=Reason.HARD_BOUNCED, source="t", at=clock.now()) for n in range(1000))
    out("20k suppressed s", time.perf_counter()-t)
    with connection.cursor() as c: c.execute("ANALYZE suppression_entry")
    compare("20k listed")
