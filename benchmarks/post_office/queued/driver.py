"""Run as a process of its own by `clarion bench compare`. One JSON object a line on stdin, one as the answer: `setup`,
`queue` (rows by send_many, a thousand a call; not timed), `deliver` (everything queued)."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from beside.stores import make_empty

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "queued.settings")
CALL = 1_000
PROCESSES = 2


def setup() -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from post_office.models import EmailTemplate

    call_command("migrate", verbosity=0, interactive=False)
    sources = Path(__file__).parents[2] / "textbook" / "textbook" / "templates"  # the same mail
    EmailTemplate.objects.create(
        name="order.placed",
        subject="Order {{ order_number }} confirmed",
        content=(sources / "order.txt").read_text(encoding="utf-8"),
        html_content=(sources / "order.html").read_text(encoding="utf-8"),
    )
    return {"ready": True}


def queue(number: int, context: dict[str, Any]) -> dict[str, Any]:
    from post_office import mail

    for first in range(0, number, CALL):
        mail.send_many([_mail(place, context) for place in range(first, min(first + CALL, number))])
    return {"queued": number}


def _mail(place: int, context: dict[str, Any]) -> dict[str, Any]:
    user = {"first_name": f"Ann{place}", "email": f"ann{place}@example.com"}
    return {
        "recipients": user["email"],
        "template": "order.placed",
        "context": {**context, "user": user, "app_name": "Clarion"},
        "render_on_delivery": True,
    }


def deliver() -> dict[str, Any]:
    from post_office.mail import send_queued_mail_until_done
    from post_office.models import STATUS, Email

    began = time.time()
    with tempfile.TemporaryDirectory() as directory:
        send_queued_mail_until_done(str(Path(directory) / "lock"), processes=PROCESSES, log_level=0)
    ended = time.time()
    sent = Email.objects.filter(status=STATUS.sent).count()
    Email.objects.all().delete()
    return {"began": began, "ended": ended, "sent": sent}


ORDERS = {"setup": setup, "queue": queue, "deliver": deliver}


def main() -> None:
    make_empty(os.environ["QUEUED_DATABASE_URL"], "queued")
    for line in sys.stdin:
        order = json.loads(line)
        answer = ORDERS[order.pop("do")](**order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
