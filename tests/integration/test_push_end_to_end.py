"""Push from an API call to the vendors' simulators: three accounts, five devices, real sockets and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest

from clarion.contract.channel import ChannelKey
from clarion.records.accounts import book
from clarion.records.ledger.models import Attempt, Notification
from clarion.records.people.models import Device, User
from clarion.testing.loopback import free_port
from clarion.testing.simulators.apns import KEY_ID, TEAM_ID, TOPIC, ApnsSimulator
from clarion.testing.simulators.fcm import FcmSimulator
from clarion.testing.simulators.webpush import WebPushSimulator
from tests.conftest import Api

Drain = Callable[[], int]


class Vendors:
    """All three, and the accounts that lead to them."""

    def __init__(self, stack: ExitStack) -> None:
        self.fcm = stack.enter_context(FcmSimulator())
        self.apns = stack.enter_context(ApnsSimulator())
        self.web = stack.enter_context(WebPushSimulator())
        self.google = f"fcm://{self.fcm.credentials}?endpoint={self.fcm.url}"
        apple = f"key_id={KEY_ID}&team_id={TEAM_ID}&topic={TOPIC}&endpoint={self.apns.url}"
        self.apple = f"apns://{self.apns.credentials}?{apple}"
        subject = "subject=mailto:ops@example.com"
        self.browsers = f"webpush://?private_key={self.web.credentials}&{subject}&endpoint={self.web.url}"


@pytest.fixture
def vendors(ground: None) -> Iterator[Vendors]:
    with ExitStack() as stack:
        yield Vendors(stack)


def register(api: Api, user: User, **devices: str) -> None:
    user.devices.all().delete()
    for kind, token in devices.items():
        body = {"platform": "other", "token_kind": kind.partition("__")[0], "token": token}
        assert api.post(f"users/{user.id}/devices", body).status_code == 201


def send(api: Api, user: User) -> UUID:
    body = {"user_id": str(user.id), "channel": "push", "subject": "Hello", "body": "From the test"}
    made = api.post("notifications/send", body)
    assert made.status_code == 201, made.content
    return UUID(made.json()["id"])


def outcomes(identifier: UUID) -> list[tuple[str, str, str]]:
    rows = Attempt.objects.filter(notification_id=identifier)
    return sorted(rows.values_list("account", "outcome", "reason"))


def test_one_notification_reaches_every_device_over_its_own_vendor(
    vendors: Vendors, as_service: Api, ann: User, drain: Drain
) -> None:
    book.mirror({ChannelKey.PUSH: [vendors.google, vendors.apple, vendors.browsers]})
    made_with = as_service.get("push/webpush-key").json()["public_key"]
    browser, left = vendors.web.subscribe(made_with), vendors.web.subscribe(made_with)
    left.gone = True
    register(
        as_service,
        ann,
        fcm_token="token-of-anns-phone",
        fid="cAbCdEfGhIjKlMnOpQrStU",
        apns="ab" * 32,
        apns__old="dead" * 16,
        webpush=browser.written(),
        webpush__left=left.written(),
    )
    one = send(as_service, ann)
    drain()
    assert outcomes(one) == [
        ("apns", "rejected", "device_gone"),
        ("apns", "sent", ""),
        ("fcm", "sent", ""),
        ("fcm", "sent", ""),
        ("webpush", "rejected", "device_gone"),
        ("webpush", "sent", ""),
    ]
    assert Notification.objects.get(pk=one).status == "sent"
    assert vendors.fcm.accepted == {str(one): 2}
    assert vendors.apns.accepted == {str(one): 1}
    assert vendors.web.accepted == {str(one): 1}
    assert vendors.web.messages[0].text["title"] == "Hello"


def test_the_second_account_of_a_kind_takes_over_and_the_other_kinds_do_not_notice(
    vendors: Vendors, as_service: Api, ann: User, drain: Drain
) -> None:
    away = f"{vendors.google.partition('endpoint=')[0]}endpoint=http://127.0.0.1:{free_port()}&name=away"
    book.mirror({ChannelKey.PUSH: [away, vendors.apple, vendors.google]})
    register(as_service, ann, fcm_token="token-of-anns-phone", apns="ab" * 32)
    one = send(as_service, ann)
    drain()
    assert outcomes(one) == [("apns", "sent", ""), ("fcm", "sent", "")]
    assert (vendors.fcm.accepted, vendors.apns.accepted) == ({str(one): 1}, {str(one): 1})


def test_a_dead_device_is_not_asked_again(vendors: Vendors, as_service: Api, ann: User, drain: Drain) -> None:
    book.mirror({ChannelKey.PUSH: [vendors.apple]})
    register(as_service, ann, apns="ab" * 32, apns__old="dead" * 16)
    send(as_service, ann)
    drain()
    old: Any = next(each for each in Device.objects.filter(user=ann) if each.token.startswith("dead"))
    assert not old.active
    two = send(as_service, ann)
    drain()
    assert outcomes(two) == [("apns", "sent", "")]
