"""SES fails, SMTP takes over; a bounce that SNS signed suppresses the address: real providers over real sockets."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from clarion.config import wiring
from clarion.contract.channel import ChannelKey
from clarion.contract.registry import Registry, install, installed
from clarion.flows.delivery import flow
from clarion.flows.feedback import flow as feedback
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.providers.ses import ENTRY as SES
from clarion.providers.ses.feedback import SesFeedback
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.ledger.models import Attempt, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.testing.simulators.ses import KEY_ID, SECRET, SesSimulator
from clarion.testing.simulators.simulator import Fault
from clarion.testing.simulators.sns import TOPIC, SnsSimulator
from clarion.testing.smtp_sink import SmtpSink
from tests.conftest import caller_of, make_user
from tests.integration.callbacks import account, path_of

EMAIL = ChannelKey.EMAIL
Drain = Callable[[], int]


def hang_up() -> None:
    """Give the providers' connections back while their peers still listen."""
    for slot in (slot for slots in flow._slots.values() for slot in slots):
        slot.carriers.close()


@pytest.fixture
def ses(ground: None) -> Iterator[SesSimulator]:
    with SesSimulator() as simulator:
        yield simulator
        hang_up()


@pytest.fixture
def sns(ground: None) -> Iterator[SnsSimulator]:
    """SNS; SES' ear asks it for the certificate."""
    with SnsSimulator(at=clock.now()) as simulator:
        before = installed()
        hearing = replace(SES, feedback=lambda url, key, host: SesFeedback(url, key, host, fetch=simulator.fetch))
        install(Registry([hearing if entry is SES else entry for entry in wiring.PROVIDERS]), before.host)
        yield simulator
        install(before.registry, before.host)


@pytest.fixture
def smtp(ground: None) -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink
        hang_up()


@pytest.fixture
def accounts(ses: SesSimulator, smtp: SmtpSink) -> None:
    """SES is preferred, a mail server stands behind it."""
    key = f"{KEY_ID}:{SECRET.replace('/', '%2F')}"
    urls = [
        f"ses://{key}@eu-west-1?endpoint={ses.url}&timeout=20&rate=1000/s&topic={TOPIC}&name=ses",
        f"smtp://127.0.0.1:{smtp.port}?tls=none&name=smtp",
    ]
    book.mirror({EMAIL: urls})


def send(user: User) -> UUID:
    asked = Send(
        caller=caller_of(user, Permission.STAFF),
        user_id=user.id,
        subject="Hi",
        body="Your order is on its way",
        channels=(EMAIL,),
    )
    return ingest.send(asked, clock.now()).notifications[0].id


def stands(identifier: UUID) -> tuple[str, str]:
    found = Notification.objects.get(pk=identifier)
    return found.status, found.account


def later(drain: Drain) -> None:
    """What waits for its next attempt is due."""
    QueueEntry.objects.update(due_at=clock.now() - timedelta(seconds=1))
    drain()


def test_while_ses_is_well_it_takes_everything_in_bulk(
    accounts: None, drain: Drain, ses: SesSimulator, smtp: SmtpSink
) -> None:
    sent = [send(make_user(email=f"u{number}@example.com")) for number in range(5)]
    drain()
    assert {stands(one) for one in sent} == {("sent", "ses")}
    assert set(ses.accepted) == {str(one) for one in sent}
    assert [call.path for call in ses.calls] == ["/v2/email/outbound-bulk-emails"]
    assert smtp.taken == []


def test_an_ses_that_is_away_costs_nothing_and_smtp_takes_the_mail_at_once(
    accounts: None, drain: Drain, ses: SesSimulator, smtp: SmtpSink
) -> None:
    ses.stop()
    one = send(make_user(email="ann@example.com"))
    drain()
    assert stands(one) == ("sent", "smtp")
    assert [mail.recipients for mail in smtp.taken] == [("ann@example.com",)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503),
        Fault(status=400, headers={"x-amzn-ErrorType": "SendingPausedException"}),
        Fault(status=403, headers={"x-amzn-ErrorType": "InvalidSignatureException"}),
        Fault(status=429, headers={"x-amzn-ErrorType": "TooManyRequestsException"}),
    ],
    ids=["unwell", "paused", "wrong-key", "throttled"],
)
def test_an_ses_that_fails_is_given_up_and_smtp_takes_over_each_mail_once(
    accounts: None, drain: Drain, ses: SesSimulator, smtp: SmtpSink, fault: Fault
) -> None:
    ses.script(*[fault] * 500)
    sent = [send(make_user(email=f"u{number}@example.com")) for number in range(20)]
    drain()
    for _ in range(6):  # a bulk call is one call to the breaker, which opens after five bad ones
        later(drain)
    assert {stands(one) for one in sent} == {("sent", "smtp")}
    assert ses.accepted == {}
    assert sorted(mail.recipients[0] for mail in smtp.taken) == sorted(f"u{number}@example.com" for number in range(20))


def bounced(identifier: UUID, **changes: Any) -> str:
    return json.dumps(
        {
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [{"emailAddress": "ann@example.com"}],
                "timestamp": clock.now().isoformat(),
            },
            "mail": {
                "messageId": Attempt.objects.get(notification_id=identifier).remote_id,
                "tags": {"clarion_id": [str(identifier)]},
            },
            **changes,
        }
    )


def call(envelope: dict[str, str]) -> int:
    """SNS posts, as it does: JSON that says it is text."""
    body = json.dumps(envelope)
    client = Client(raise_request_exception=False)
    answer = client.post(path_of(account(EMAIL, "ses")), data=body, content_type="text/plain; charset=UTF-8")
    return int(answer.status_code)


@pytest.mark.parametrize("tagged", [True, False], ids=["by-our-id", "by-ses-id"])
def test_a_bounce_that_sns_signed_fails_the_mail_and_the_next_send_says_why(
    accounts: None, drain: Drain, sns: SnsSimulator, tagged: bool
) -> None:
    ann = make_user(email="ann@example.com")
    one = send(ann)
    drain()
    assert stands(one) == ("sent", "ses")
    plain = {"messageId": Attempt.objects.get(notification_id=one).remote_id}
    message = bounced(one) if tagged else bounced(one, mail=plain)

    assert call(sns.sign(message)) == 200
    feedback.drain()

    assert stands(one) == ("failed", "ses")
    again = send(ann)
    drain()
    row = Notification.objects.get(pk=again)
    assert (row.status, row.reason) == ("suppressed", "hard_bounced")


def test_a_forged_bounce_changes_nothing(accounts: None, drain: Drain, sns: SnsSimulator, smtp: SmtpSink) -> None:
    ann = make_user(email="ann@example.com")
    one = send(ann)
    drain()
    genuine = sns.sign(bounced(one))
    for forged in (
        {**genuine, "Message": bounced(one).replace("Permanent", "permanent")},
        {**genuine, "TopicArn": TOPIC.replace("1", "2")},
        {
            **genuine,
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem",
        },
        {name: value for name, value in genuine.items() if name != "Signature"},
    ):
        assert call(forged) == 404
    feedback.drain()
    assert stands(one) == ("sent", "ses")
    again = send(ann)
    drain()
    assert stands(again) == ("sent", "ses")


def test_a_subscription_is_confirmed_once_sns_asks(accounts: None, sns: SnsSimulator) -> None:
    assert call(sns.confirmation()) == 200
    feedback.drain()
    assert [path for path in sns.asked if "ConfirmSubscription" in path] != []
    assert call(sns.confirmation(TopicArn=TOPIC + "-other")) == 404
