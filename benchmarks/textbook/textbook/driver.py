"""Run as a process of its own by `clarion bench compare`: prepares the database, produces work, tells its fate.

One JSON object a line on stdin, one or more as the answer: `setup` (people → their ids and a token), `produce` (rows by
the ORM and a task for each, without HTTP, to this design's advantage), `watch` (wait until a reference is settled).
"""

import json
import os
import sys
import time
from typing import Any

from beside.stores import make_empty

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "textbook.settings")
WATCH_EVERY_SECONDS = 0.5


def setup(people: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from rest_framework.authtoken.models import Token

    call_command("migrate", verbosity=0, interactive=False)
    users = [User(username=f"ann{n}", first_name=f"Ann{n}", email=f"ann{n}@example.com") for n in range(people)]
    made = User.objects.bulk_create(users)
    return {"people": [user.pk for user in made], "token": Token.objects.create(user=made[0]).key}


def produce(channel: str, number: int, reference: str, people: list[int], context: dict[str, Any]) -> dict[str, Any]:
    from textbook.models import Notification
    from textbook.tasks import send_notification

    began = time.time()
    for place in range(number):
        row = Notification.objects.create(
            recipient_id=people[place % len(people)],
            channel=channel,
            template="order.placed",
            context=context,
            reference=reference,
        )
        send_notification.apply_async((row.pk,))
    return {"began": began, "produced": time.time()}


def watch(reference: str, number: int, seconds: float) -> dict[str, Any]:
    """`settled` of them by `last` (Unix time)."""
    from django.db.models import Max

    from textbook.models import Notification

    deadline = time.monotonic() + seconds
    rows = Notification.objects.filter(reference=reference).exclude(status="pending")
    while (settled := rows.count()) < number and time.monotonic() < deadline:
        time.sleep(WATCH_EVERY_SECONDS)
    last = rows.filter(status="sent").aggregate(at=Max("sent_at"))["at"]
    return {"settled": rows.filter(status="sent").count(), "last": last.timestamp() if last else 0.0, "of": settled}


def sessions() -> dict[str, Any]:
    """How many sessions this database has seen: near the number of tasks if connections are not kept."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        return {"sessions": cursor.fetchone()[0]}


ORDERS = {"setup": setup, "produce": produce, "watch": watch, "sessions": sessions}


def main() -> None:
    make_empty(os.environ["TEXTBOOK_DATABASE_URL"], "textbook")
    for line in sys.stdin:
        order = json.loads(line)
        answer = ORDERS[order.pop("do")](**order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
