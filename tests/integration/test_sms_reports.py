"""What Twilio and Beem report comes back through the hooks, proved as they prove it, and has its effect."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import pytest
from django.test import Client
from twilio.request_validator import RequestValidator

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import flow
from clarion.flows.feedback import flow as feedback
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.ledger.models import Notification
from clarion.records.people.models import User
from clarion.testing.simulators.beem import KEY, SECRET, BeemSimulator
from clarion.testing.simulators.twilio import SID, TOKEN, TwilioSimulator
from tests.conftest import Api, caller_of, make_user

SMS = ChannelKey.SMS
Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _connections_are_given_back() -> Iterator[None]:
    yield
    for slot in (slot for slots in flow._slots.values() for slot in slots):
        slot.carriers.close()


@pytest.fixture
def twilio(ground: None) -> Iterator[TwilioSimulator]:
    with TwilioSimulator(reports=False) as simulator:
        book.mirror({SMS: [f"twilio://{SID}:{TOKEN}@?from=%2B15005550006&endpoint={simulator.url}"]})
        yield simulator


@pytest.fixture
def beem(ground: None) -> Iterator[BeemSimulator]:
    with BeemSimulator() as simulator:
        url = f"beem://{KEY}:{SECRET}@?sender=INFO&callback_token=agreed&endpoint={simulator.url}"
        book.mirror({SMS: [url]})
        yield simulator


def send(user: User) -> UUID:
    asked = Send(caller=caller_of(user, Permission.STAFF), user_id=user.id, subject="Hi", body="Hello", channels=(SMS,))
    return ingest.send(asked, clock.now()).notifications[0].id


def status(identifier: UUID) -> tuple[str, str]:
    found = Notification.objects.get(pk=identifier)
    return found.status, found.reason


def post_form(url: str, fields: dict[str, str], *, token: str = TOKEN) -> int:
    """As Twilio posts it, signed by Twilio's own code."""
    parts = urlsplit(url)
    signature = RequestValidator(token).compute_signature(url, fields)
    answer = Client().post(
        f"{parts.path}?{parts.query}",
        urlencode(fields),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )
    return answer.status_code


def post_json(path: str, told: dict[str, str], **headers: str) -> int:
    return Client().post(path, told, content_type="application/json", headers=headers).status_code


def report(twilio: TwilioSimulator, status_told: str, code: int = 0, **changed: str) -> tuple[str, dict[str, str]]:
    """The StatusCallback of the only message, and the fields of a report."""
    (taken,) = twilio.messages.values()
    return taken.form["StatusCallback"], {**twilio._fields(taken, status_told, code), **changed}


def test_a_status_of_twilio_moves_its_notification_on(ground: None, twilio: TwilioSimulator, drain: Drain) -> None:
    one = send(make_user())
    drain()
    url, fields = report(twilio, "delivered")
    assert f"message={one}" in url
    assert post_form(url, fields) < 300
    feedback.drain()
    assert status(one) == ("delivered", "")


def test_a_forged_status_is_refused_and_changes_nothing(ground: None, twilio: TwilioSimulator, drain: Drain) -> None:
    one = send(make_user())
    drain()
    url, fields = report(twilio, "delivered")
    assert post_form(url, fields, token="guessed") == 404
    assert post_form(url + "&x=1", fields, token="guessed") == 404
    feedback.drain()
    assert status(one) == ("sent", "")


def test_a_number_that_twilio_found_dead_gets_nothing_more(
    ground: None, twilio: TwilioSimulator, drain: Drain, as_service: Api
) -> None:
    user = make_user()
    one = send(user)
    drain()
    url, fields = report(twilio, "undelivered", 30005)
    assert post_form(url, fields) < 300
    feedback.drain()
    assert status(one)[1] == "address_unreachable"
    again = as_service.post(
        "notifications/send", {"user_id": str(user.id), "channel": "sms", "subject": "Hi", "body": "Hello"}
    )
    drain()
    assert len(twilio.messages) == 1
    assert "suppress" in again.content.decode()


def test_stop_ends_text_messages_to_the_number(
    ground: None, twilio: TwilioSimulator, drain: Drain, as_service: Api
) -> None:
    user = make_user()
    send(user)
    drain()
    url, _ = report(twilio, "sent")
    hook = url.partition("?")[0]
    fields = {"MessageSid": "SM" + "b" * 32, "SmsStatus": "received", "From": "+255712345678", "To": "+15005550006"}
    assert post_form(hook, {**fields, "Body": "ACHA", "OptOutType": "STOP"}) < 300
    feedback.drain()
    drain()
    as_service.post("notifications/send", {"user_id": str(user.id), "channel": "sms", "subject": "Hi", "body": "Hello"})
    drain()
    assert len(twilio.messages) == 1


def test_a_report_of_beem_finds_its_recipient_within_the_call(
    ground: None, beem: BeemSimulator, drain: Drain, as_service: Api, settings: Any
) -> None:
    first, second = make_user(phone="+255712345671"), make_user(phone="+255712345672")
    sent = [send(first), send(second)]
    drain()
    (request_id,) = beem.requests
    assert len(beem.requests[request_id].recipients) == 2
    hook = urlsplit(as_service.get("providers/sms.beem").json()["callback_url"]).path
    told = {"request_id": request_id, "recipient_id": "2", "dest_addr": "255712345672", "status": "DELIVERED"}
    assert post_json(hook, told) == 404
    assert post_json(hook, told, **{"beem-secure-token": "agreed"}) < 300
    feedback.drain()
    found = {beem.requests[request_id].recipients["2"]: "delivered", beem.requests[request_id].recipients["1"]: "sent"}
    assert [status(one)[0] for one in sent] == [found["255712345671"], found["255712345672"]]
