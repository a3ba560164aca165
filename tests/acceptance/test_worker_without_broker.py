"""A real worker process whose broker is away from the start: it finds its work itself, and ends when it is asked to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.ledger import presence
from clarion.records.ledger.models import Attempt, Notification
from clarion.testing.loopback import free_port
from tests.conftest import caller_of, make_user


@pytest.fixture
def worker(real_ground: None, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    parts = urlsplit(os.environ["CLARION_DATABASE_URL"])
    environment = {
        **os.environ,
        "CLARION_DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "CLARION_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0",
    }
    command = [sys.executable, "-P", "-m", "clarion.surfaces.cli.main", "worker", "--lanes", "in_app,in_app.bulk"]
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def soon(happened: Callable[[], bool], seconds: float = 40) -> bool:
    until = time.monotonic() + seconds
    while not happened() and time.monotonic() < until:
        time.sleep(0.1)
    return happened()


def test_what_is_due_is_delivered_without_a_broker_and_the_worker_ends_when_asked(
    worker: "subprocess.Popen[bytes]",
) -> None:
    user = make_user()
    asked = Send(
        caller=caller_of(user, Permission.STAFF),
        user_id=user.id,
        subject="Hello",
        body="A body",
        channels=(ChannelKey.IN_APP,),
        category="general",
    )
    made = ingest.send(asked, clock.now()).notifications[0].id
    assert soon(lambda: Notification.objects.get(pk=made).status == "delivered")
    assert Attempt.objects.filter(notification_id=made).count() == 1
    assert len(presence.present()) == 1
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    assert soon(lambda: presence.present() == set(), seconds=5)
