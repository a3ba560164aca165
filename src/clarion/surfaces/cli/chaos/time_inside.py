"""Run as a process of its own on the stores of the system under test: it does what it is told by the orders of
`time_orders.py`. With that system's data directory as its argument it is a scheduler instead, which closes windows over
and over until its stdin ends."""

import os
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from clarion.surfaces.cli.chaos.time_orders import Await, Close, Count, Counted, Fill, Filled, Open, Order

PAUSE_SECONDS = 0.05
TOLD = "told of in "


def _open(data_dir: str) -> None:
    from clarion.surfaces.cli.running_system import adopt
    from clarion.surfaces.cli.upenv import SETTINGS

    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    os.environ["CLARION_LOG_LEVEL"] = "error"
    if not adopt(Path(data_dir)):
        sys.exit("the stores of the system under test cannot be found")
    import django

    django.setup()


def _opened(order: Open) -> Filled:
    _open(order.data_dir)
    return Filled(number=0)


def _fill(order: Fill) -> Filled:
    from clarion.contract.channel import ChannelKey
    from clarion.flows.ingest import flow
    from clarion.flows.ingest.asked import Send
    from clarion.records.access.permissions import Caller, CallerKind, Permission
    from clarion.records.people import directory
    from clarion.records.preferences.models import GlobalPreference

    for number in range(order.people):
        person = directory.create({"email": f"{order.mark}-{number}@example.com", "timezone": "Africa/Nairobi"})
        GlobalPreference.objects.update_or_create(pk=person.pk, defaults={"digest": {"frequency": "daily"}})
        caller = Caller(kind=CallerKind.USER, id=person.pk, user_id=person.pk, permissions=frozenset({Permission.SEND}))
        for mail in range(order.mails):
            asked = Send(
                caller=caller,
                user_id=person.pk,
                subject=f"Mail {mail}",
                body="Said in a digest",
                channels=(ChannelKey.EMAIL,),
                reference=order.mark,
            )
            flow.send(asked, datetime.now(UTC))
    return Filled(number=order.people * order.mails)


def _await(order: Await) -> Filled:
    from clarion.records.ledger.models import Notification

    rows = Notification.objects.filter(reference=order.mark, status="digested")
    until = time.monotonic() + order.seconds
    while (count := rows.count()) < order.number and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
    return Filled(number=count)


def _close(order: Close) -> Filled:
    from clarion.records.digests.models import Window

    return Filled(number=Window.objects.update(closes_at=order.at))


def _count(order: Count) -> Counted:
    from clarion.flows.delivery.digest_content import digest_category
    from clarion.records.digests.models import Window
    from clarion.records.ledger.models import Decision, Notification

    until = time.monotonic() + order.seconds
    while (left := Window.objects.count()) and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
    ids = set(Notification.objects.filter(reference=order.mark).values_list("id", flat=True))
    said = Decision.objects.filter(notification_id__in=ids, detail__startswith=TOLD)
    tellings = {(one, UUID(text.removeprefix(TOLD))) for one, text in said.values_list("notification_id", "detail")}
    digests = dict(Notification.objects.filter(category_id=digest_category().id).values_list("id", "created_at"))
    times = Counter(one for one, _ in tellings)
    return Counted(
        mails=len(ids),
        told=sum(1 for count in times.values() if count == 1),
        untold=len(ids - set(times)),
        twice=sum(1 for count in times.values() if count > 1),
        digests=len(digests),
        idle=len(set(digests) - {digest for _, digest in tellings}),
        early=sum(1 for created_at in digests.values() if created_at < order.at),
        left=left,
    )


def _close_windows() -> None:
    """As a scheduler does, but without a pause and whoever leads."""
    from clarion.flows.delivery.grouping import send_groups

    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    while not ended.wait(PAUSE_SECONDS):
        send_groups()


def _obey() -> None:
    acts = {Open: _opened, Fill: _fill, Await: _await, Close: _close, Count: _count}
    for line in sys.stdin.buffer:
        order: Order = msgspec.json.decode(line, type=Order)
        answer = acts[type(order)](order)  # type: ignore[operator]
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    if sys.argv[1:]:
        _open(sys.argv[1])
        _close_windows()
    else:
        _obey()
