"""The loop closed with real vendors' formats: sent through their simulators, reported back with their signatures."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from clarion.config import wiring
from clarion.contract.channel import ChannelKey
from clarion.contract.registry import Registry, install, installed
from clarion.flows.delivery import flow as delivery
from clarion.flows.feedback import flow as feedback
from clarion.providers import ses
from clarion.providers.ses.feedback import SesFeedback
from clarion.records import clock
from clarion.records.accounts import book
from clarion.records.feedback.models import Callback, Waiting
from clarion.records.ledger.models import Notification
from clarion.records.people.models import User
from clarion.records.suppression.models import Entry
from clarion.testing.simulators.sendgrid import KEY as SENDGRID_KEY
from clarion.testing.simulators.sendgrid import SendGridSimulator
from clarion.testing.simulators.ses import KEY_ID, SECRET, SesSimulator
from clarion.testing.simulators.sns import TOPIC, SnsSimulator
from clarion.testing.simulators.twilio import SID, TOKEN, TwilioSimulator, sign
from tests.conftest import Api, make_user
from tests.integration.callbacks import account, path_of

Drain = Callable[[], int]
EVENTS = json.loads((Path(__file__).parent.parent / "recorded" / "ses" / "events.json").read_text())


@pytest.fixture(autouse=True)
def _connections_are_given_back() -> Iterator[None]:
    yield
    for slots in delivery._slots.values():
        for slot in slots:
            slot.carriers.close()


def _send(api: Api, user: User, channel: str) -> dict[str, Any]:
    body = {"subject": "Hello" if channel == "email" else "", "body": "Text", "channel": channel}
    answer = api.post("notifications/send", {**body, "user_id": str(user.id)})
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def _carried_by(channel: ChannelKey, url: str) -> str:
    """The account's callback path."""
    book.mirror({channel: [url]})
    return path_of(account(channel, urlsplit(url).scheme))


def _status(identifier: str) -> tuple[str, str]:
    row = Notification.objects.get(pk=identifier)
    return row.status, row.reason


def test_sendgrid_bounces_and_the_next_mail_says_so(ground: None, ann: User, as_service: Api, drain: Drain) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    key = quote(b64encode(der).decode(), safe="")

    def report(*events: dict[str, object]) -> int:
        body, stamp = json.dumps(events).encode(), str(int(clock.now().timestamp()))
        signature = b64encode(private.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": signature,
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        return Client().post(path, data=body, content_type="application/json", headers=headers).status_code

    with SendGridSimulator() as sendgrid:
        url = f"sendgrid://{SENDGRID_KEY}@?endpoint=http://127.0.0.1:{sendgrid.port}&verification_key={key}"
        path = _carried_by(ChannelKey.EMAIL, f"{url}&name=sendgrid")
        first = _send(as_service, ann, "email")["id"]
        drain()
        assert sendgrid.taken[0].arguments["clarion_id"] == first
        event = {"email": "ann@example.com", "timestamp": int(clock.now().timestamp()), "clarion_id": first}
        bounce = {**event, "event": "bounce", "type": "bounce", "sg_event_id": "b", "status": "5.1.1"}
        bounce["bounce_classification"] = "Invalid Address"
        assert report({**event, "event": "processed", "sg_event_id": "p"}, bounce) == 200
        assert report(bounce) == 200
        feedback.drain()

    assert _status(first) == ("failed", "address_unreachable")
    answer = _send(as_service, ann, "email")
    assert (answer["status"], answer["notifications"][0]["reason"]) == ("suppressed", "hard_bounced")
    assert Entry.objects.count() == 1


def test_twilio_reports_to_the_address_it_was_given(
    ground: None, ann: User, as_service: Api, drain: Drain, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://notify.example.com"
    settings.ALLOWED_HOSTS = ["testserver"]
    with TwilioSimulator(reports=False) as twilio:
        url = f"twilio://{SID}:{TOKEN}@?from=%2B15005550006&endpoint=http://127.0.0.1:{twilio.port}&name=twilio"
        path = _carried_by(ChannelKey.SMS, url)
        first = _send(as_service, ann, "sms")["id"]
        drain()
        ((sid, taken),) = twilio.messages.items()
    given = urlsplit(taken.form["StatusCallback"])
    assert (given.netloc, given.path, parse_qs(given.query)) == ("notify.example.com", path, {"message": [first]})

    def post(target: str, fields: dict[str, str], token: str = TOKEN) -> int:
        signature = sign(token, f"https://notify.example.com{target}", fields)
        kind = "application/x-www-form-urlencoded"
        headers = {"X-Twilio-Signature": signature}
        return Client().post(target, data=urlencode(fields), content_type=kind, headers=headers).status_code

    status = {"AccountSid": SID, "MessageSid": sid, "MessageStatus": "delivered", "To": ann.phone}
    target = f"{path}?{given.query}"
    assert post(target, status, token="other") == 404
    assert Callback.objects.count() == 0
    assert [post(target, status), post(target, {**status, "MessageStatus": "sent"}), post(target, status)] == [200] * 3
    feedback.drain()
    assert _status(first) == ("delivered", "")

    reply = {"AccountSid": SID, "MessageSid": "SM1", "SmsStatus": "received", "From": ann.phone, "To": "+15005550006"}
    assert post(path, {**reply, "Body": "Arrêt", "OptOutType": "STOP"}) == 200
    feedback.drain()
    assert list(Entry.objects.values_list("reason", flat=True)) == ["stopped"]
    assert Waiting.objects.count() == 0


@pytest.fixture
def amazon() -> Iterator[SnsSimulator]:
    with SnsSimulator(at=clock.now()) as one:
        yield one


@pytest.fixture
def with_certificates_of(ground: None) -> Iterator[Callable[[SnsSimulator], None]]:
    """SES' ear, whose certificates come from a server of ours."""
    before = installed()

    def use(amazon: SnsSimulator) -> None:
        entry = replace(
            ses.ENTRY, feedback=lambda url, channel, host: SesFeedback(url, channel, host, fetch=amazon.fetch)
        )
        others = [one for one in wiring.PROVIDERS if one.scheme != "ses"]
        install(Registry([*others, entry]), before.host)

    yield use
    install(before.registry, before.host)


def test_ses_bounces_through_sns(
    with_certificates_of: Callable[[SnsSimulator], None], amazon: SnsSimulator, as_service: Api, drain: Drain
) -> None:
    with_certificates_of(amazon)
    person = make_user(email="recipient@example.com")
    with SesSimulator() as simulator:
        secret = quote(SECRET, safe="")
        url = f"ses://{KEY_ID}:{secret}@eu-west-1?endpoint=http://127.0.0.1:{simulator.port}&topic={TOPIC}&name=ses"
        path = _carried_by(ChannelKey.EMAIL, url)
        first = _send(as_service, person, "email")["id"]
        drain()
    assert _status(first) == ("sent", "")

    def post(envelope: dict[str, str]) -> int:
        return Client().post(path, data=json.dumps(envelope), content_type="text/plain").status_code

    bounce = json.loads(json.dumps(EVENTS["bounce"]).replace("m-1", first))
    assert post(amazon.confirmation()) == 200
    assert post({**amazon.sign(json.dumps(bounce)), "MessageId": "other"}) == 404
    assert post(amazon.sign(json.dumps(bounce))) == 200
    feedback.drain()

    assert any("ConfirmSubscription" in asked for asked in amazon.asked)
    assert _status(first) == ("failed", "address_unreachable")
    assert _send(as_service, person, "email")["status"] == "suppressed"
