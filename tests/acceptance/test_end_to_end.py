"""The whole system against real peers: mail over SMTP (aiosmtpd), webhooks verified by the reference library,
workers killed and Redis emptied in the middle of the work."""

import email
import email.policy
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import redis
from aiosmtpd.controller import Controller
from standardwebhooks import Webhook

from clarion.testing.loopback import free_port
from clarion.testing.webhook_sink import WebhookSink
from tests.acceptance.whole_system import WholeSystem, wait_for

DONE = {"sent", "delivered", "read"}


class Mailbox:
    """An aiosmtpd handler that keeps envelopes."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.lock = threading.Lock()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        with self.lock:
            self.envelopes.append(envelope)
        return "250 2.0.0 taken"

    def to(self, address: str) -> list[EmailMessage]:
        with self.lock:
            return [
                email.message_from_bytes(e.content, policy=email.policy.default)
                for e in self.envelopes
                if e.rcpt_tos == [address]
            ]


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    handler = Mailbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


@pytest.fixture(scope="module")
def hooks() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def system(
    mailbox: tuple[Mailbox, int], hooks: WebhookSink, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WholeSystem]:
    directory = tmp_path_factory.mktemp("whole")
    with WholeSystem(
        directory,
        CLARION_EMAIL=f"smtp://127.0.0.1:{mailbox[1]}?tls=none&from=Shop%20%3Cshop@example.com%3E",
        CLARION_WEBHOOK="webhook://?plain_http=yes",
        CLARION_WEBHOOK_ALLOW_PRIVATE="1",
    ) as whole:
        yield whole


def settled(system: WholeSystem, identifier: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        _, found = system.call("GET", f"notifications/{identifier}")
        return found if found["status"] in DONE | {"failed"} else None

    found: dict[str, Any] = wait_for(look, 20, lambda: str(system.call("GET", f"notifications/{identifier}")))
    return found


def test_a_real_mail_server_gets_a_correct_multipart_mail(system: WholeSystem, mailbox: tuple[Mailbox, int]) -> None:
    person = system.new_person(email="zoe@example.com", first_name="Zoë", locale="en")
    status, answer = system.call(
        "POST",
        "notifications/send",
        {
            "user_id": person,
            "template_path": "order.placed",
            "channel": "email",
            "context": {
                "order_number": "A-1",
                "order_total": 7,
                "items": [{"name": "Tée", "quantity": 2, "price": 3.5}],
                "currency": "EUR",
            },
        },
    )
    assert status == 201, answer
    found = settled(system, answer["id"])
    assert (found["status"], found["provider"]) == ("sent", "smtp-127.0.0.1")
    (mail,) = mailbox[0].to("zoe@example.com")
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]  # type: ignore[attr-defined]
    assert mail["From"] == "Shop <shop@example.com>"
    assert mail["To"] == "zoe@example.com"
    assert answer["id"] in mail["Message-ID"]
    assert mail["MIME-Version"] == "1.0"
    assert mail["Date"].datetime.tzinfo is not None
    assert "Tée" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "Tée" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_webhook_delivery_verifies_with_the_reference_library(system: WholeSystem, hooks: WebhookSink) -> None:
    person = system.new_person(email="hook@example.com")
    status, endpoint = system.call(
        "POST", f"users/{person}/endpoints", {"channel": "webhook", "target": hooks.url("/in")}
    )
    assert status == 201, endpoint
    _, answer = system.call(
        "POST",
        "notifications/send",
        {"user_id": person, "subject": "Hi", "body": "There", "channel": "webhook", "data": {"order": 7}},
    )
    assert settled(system, answer["id"])["status"] == "sent"
    (request,) = [r for r in hooks.requests if r.path == "/in"]
    verified: Any = Webhook(endpoint["secret"]).verify(request.body, dict(request.headers))
    assert verified["type"] == "notification"
    assert verified["data"]["order"] == 7
    assert verified["data"]["body"] == "There"


def test_a_thousand_sends_survive_a_killed_worker(system: WholeSystem, mailbox: tuple[Mailbox, int]) -> None:
    person = system.new_person(email="thousand@example.com")
    ids: list[str] = []
    lock = threading.Lock()

    def sender(number: int) -> None:
        for turn in range(125):
            body = {"user_id": person, "subject": f"n {number}.{turn}", "body": "x", "channel": "email"}
            status, answer = system.call("POST", "notifications/send", body)
            assert status == 201, answer
            with lock:
                ids.append(answer["id"])

    senders = [threading.Thread(target=sender, args=(n,)) for n in range(8)]
    for each in senders:
        each.start()
    killed: list[int] = []
    for mark in (200, 500, 800):
        wait_for(lambda mark=mark: len(ids) >= mark, 120, "the senders are stuck")  # type: ignore[misc]
        for pid in wait_for(lambda: system.processes("celery"), 30, "no worker is running"):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
    for each in senders:
        each.join()
    assert len(ids) == 1000
    assert len(killed) >= 3

    def all_arrived() -> bool:
        return len({str(m["Subject"]) for m in mailbox[0].to("thousand@example.com")}) == 1000

    wait_for(all_arrived, 90, lambda: f"{len(mailbox[0].to('thousand@example.com'))} arrived")
    states = Counter(settled(system, identifier)["status"] for identifier in ids[::10])
    assert states == {"sent": 100}
    assert "worker" in system.printed()
    doubles = len(mailbox[0].to("thousand@example.com")) - 1000
    assert doubles <= 500 * len(killed), "at most what was in flight at each kill"


def test_an_emptied_redis_loses_nothing(system: WholeSystem, mailbox: tuple[Mailbox, int]) -> None:
    person = system.new_person(email="flushed@example.com")
    client = redis.Redis.from_url(redis_url(system.data_dir))
    for turn in range(60):
        body = {"user_id": person, "subject": f"n {turn}", "body": "x", "channel": "email"}
        status, answer = system.call("POST", "notifications/send", body)
        assert status == 201, answer
        if turn % 10 == 5:
            client.flushall()
    client.close()
    wait_for(lambda: len(mailbox[0].to("flushed@example.com")) == 60, 30, "some mail did not arrive")


def redis_url(data_dir: Path) -> str:
    lines = (data_dir / "valkey" / "valkey.conf").read_text().splitlines()
    words = dict(line.partition(" ")[::2] for line in lines)
    return f"redis://:{words['requirepass']}@127.0.0.1:{words['port']}/0"


def test_readiness_tells_all_is_well(system: WholeSystem) -> None:
    def healthy() -> dict[str, Any] | None:
        _, found = system.call("GET", "core/health")
        return found if found["status"] == "healthy" else None

    # the workers sign in again within seconds of the emptied Redis
    health = wait_for(healthy, 15, lambda: str(system.call("GET", "core/health")))
    assert health["notifications"]["last_hour"]["failed"] == 0


def test_no_personal_data_in_the_logs(system: WholeSystem) -> None:
    printed = system.printed()
    for canary in ("zoe@example.com", "thousand@example.com", "Zoë", system.access["users"][0]["access"]):
        assert canary not in printed
