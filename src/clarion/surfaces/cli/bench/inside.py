"""Run as a process of its own, with Django set up for the system under test: takes backlogs in through the same flow
as the API, and reads from the ledger what became of them. Orders and answers are in `orders.py`."""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import msgspec

from clarion.surfaces.cli.bench.orders import (
    Admitted,
    Answer,
    Claims,
    Crowd,
    Gating,
    Made,
    Open,
    Order,
    Progress,
    Seed,
    Settled,
    Stores,
    Tickets,
    Watch,
)

if TYPE_CHECKING:
    from clarion.flows.ingest.asked import Send

TELL_EVERY = 100
WATCH_EVERY_SECONDS = 0.5
WAITING = ("scheduled", "pending")


def _say(answer: Answer) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


def _open(order: Open) -> None:
    from clarion.surfaces.cli.running_system import adopt
    from clarion.surfaces.cli.upenv import SETTINGS

    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    os.environ["CLARION_LOG_LEVEL"] = "error"
    if not adopt(Path(order.data_dir)):
        sys.exit("the stores of the system under test cannot be found")
    import django

    django.setup()
    _say(_stores())


def _stores() -> Stores:
    from django.db import connection

    from clarion.records import volatile

    with connection.cursor() as cursor:
        names = "current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
        cursor.execute(f"SELECT {names}")
        version, fsync, synchronous_commit = cursor.fetchone()
    server = cast(dict[str, Any], volatile.connection().info("server"))
    broker = f"{server.get('server_name', 'redis')} {server.get('valkey_version', server['redis_version'])}"
    return Stores(postgresql=version, redis=broker, fsync=fsync, synchronous_commit=synchronous_commit)


def _seed(order: Seed) -> None:
    from clarion.flows.ingest import flow

    for number in range(order.number):
        flow.send(_asked(order, number), datetime.now(UTC))
        if number % TELL_EVERY == 0:
            _say(Progress(done=number))
    _say(Progress(done=order.number, finished=True))


def _asked(order: Seed, number: int) -> "Send":
    from clarion.contract.channel import ChannelKey
    from clarion.flows.ingest.asked import Send
    from clarion.records.access.permissions import Caller, CallerKind, Permission

    user_id = order.recipients[number % len(order.recipients)]
    caller = Caller(kind=CallerKind.USER, id=user_id, user_id=user_id, permissions=frozenset({Permission.SEND}))
    return Send(
        caller=caller,
        user_id=user_id,
        template_path=order.template,
        channels=(ChannelKey(order.channel),),
        context=order.context,
        reference=order.reference,
    )


def _watch(order: Watch) -> None:
    until = time.monotonic() + order.seconds
    while True:
        statuses = _statuses(order.reference)
        done = sum(number for status, number in statuses.items() if status not in WAITING)
        if done >= order.number or time.monotonic() > until:
            _say(_settled(order.reference, statuses))
            return
        _say(Progress(done=done))
        time.sleep(WATCH_EVERY_SECONDS)


def _statuses(reference: str) -> dict[str, int]:
    from django.db.models import Count

    from clarion.records.ledger.models import Notification

    rows = Notification.objects.filter(reference=reference).values("status").annotate(number=Count("id"))
    return {row["status"]: row["number"] for row in rows}


def _settled(reference: str, statuses: dict[str, int]) -> Settled:
    from django.db.models import Max, Min
    from django.db.models.functions import Coalesce

    from clarion.records.ledger.models import Attempt, Notification

    rows = Notification.objects.filter(reference=reference)
    last = rows.aggregate(at=Max(Coalesce("delivered_at", "sent_at")))["at"]
    began = Attempt.objects.filter(notification_id__in=rows.values("id")).aggregate(at=Min("started_at"))["at"]
    return Settled(statuses=statuses, began_at=began, last_at=last)


def _crowd(order: Crowd) -> None:
    from django.db import connection

    from clarion.surfaces.cli.bench.inside_people import make_people

    connection.close()  # the database may have been killed since (clarion chaos)
    people: list[UUID] = []
    for made in make_people(order):
        people += made
        _say(Progress(done=len(people)))
    _say(Made(people=people))


def _claims(order: Claims) -> None:
    from clarion.surfaces.cli.bench.inside_claims import measure_claims

    _say(measure_claims(order))


def _tickets(order: Tickets) -> None:
    from datetime import timedelta

    from clarion.records.access import tokens
    from clarion.records.people.models import User

    users = User.objects.in_bulk(order.people)
    now = datetime.now(UTC)
    _say(Admitted(tokens=[tokens.access_token(users[each], now, timedelta(hours=1)) for each in order.people]))


def _gating(order: Gating) -> None:
    from clarion.surfaces.cli.bench.inside_gate import measure_gate

    _say(measure_gate(order))


def main() -> None:
    """Obey until stdin ends."""
    for line in sys.stdin:
        match msgspec.json.decode(line, type=Order):
            case Open() as order:
                _open(order)
            case Seed() as order:
                _seed(order)
            case Watch() as order:
                _watch(order)
            case Crowd() as order:
                _crowd(order)
            case Claims() as order:
                _claims(order)
            case Gating() as order:
                _gating(order)
            case Tickets() as order:
                _tickets(order)


if __name__ == "__main__":
    main()
