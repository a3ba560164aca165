"""Devices of every kind: how they are registered, and which account carries which, on real PostgreSQL."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Rejected, Retry, Sent
from clarion.contract.reasons import Reason
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import published
from clarion.records.accounts.models import Account
from clarion.records.ledger.models import Attempt, Decision, Notification, QueueEntry
from clarion.records.people.models import Device, User
from clarion.testing.scripted import ScriptedProvider
from clarion.testing.simulators.webpush import WebPushSimulator
from tests.conftest import Api, caller_of

PUSH = ChannelKey.PUSH
Drain = Callable[[], int]
GOOGLE, APPLE, BROWSERS = frozenset({"fcm_token", "fid"}), frozenset({"apns"}), frozenset({"webpush"})


@pytest.fixture
def browser() -> Iterator[WebPushSimulator]:
    with WebPushSimulator() as simulator:
        yield simulator


def account(name: str, kinds: frozenset[str], **given: Any) -> ScriptedProvider:
    return ScriptedProvider(name=name, target_kinds=kinds, **given)


def owns(user: User, *kinds: str) -> dict[str, str]:
    """The person has these devices and no others; returns their ids by kind."""
    user.devices.all().delete()
    made = {
        kind: Device.objects.create(user=user, platform="other", token_kind=kind, token=f"{kind}-of-ann")
        for kind in kinds
    }
    return {kind: str(device.id) for kind, device in made.items()}


def send(user: User) -> UUID:
    asked = Send(
        caller=caller_of(user, Permission.STAFF), user_id=user.id, subject="Hello", body="A body", channels=(PUSH,)
    )
    return ingest.send(asked, clock.now()).notifications[0].id


def row(identifier: UUID) -> Notification:
    return Notification.objects.get(pk=identifier)


def tokens(provider: ScriptedProvider) -> list[str]:
    return sorted(message.target.value for message in provider.given)


def test_each_device_goes_to_an_account_that_carries_its_kind(ann: User, carried_by: Any, drain: Drain) -> None:
    google, apple, browsers = account("google", GOOGLE), account("apple", APPLE), account("browsers", BROWSERS)
    carried_by(PUSH, google, apple, browsers)
    owns(ann, "fcm_token", "fid", "apns", "webpush")
    one = send(ann)
    assert drain() == 1
    assert tokens(google) == ["fcm_token-of-ann", "fid-of-ann"]
    assert tokens(apple) == ["apns-of-ann"]
    assert tokens(browsers) == ["webpush-of-ann"]
    assert row(one).status == "sent"
    told = Attempt.objects.filter(notification_id=one).values_list("account", "outcome")
    assert sorted(told) == [("apple", "sent"), ("browsers", "sent"), ("google", "sent"), ("google", "sent")]


def test_an_account_that_says_nothing_of_kinds_carries_all(ann: User, carried_by: Any, drain: Drain) -> None:
    anything = account("sandbox-like", frozenset())
    carried_by(PUSH, anything)
    owns(ann, "fcm_token", "apns", "webpush")
    assert row(send(ann)).status == "pending"
    drain()
    assert tokens(anything) == ["apns-of-ann", "fcm_token-of-ann", "webpush-of-ann"]


def test_accounts_of_the_same_kind_take_over_from_each_other(ann: User, carried_by: Any, drain: Drain) -> None:
    broken = account("google-1", GOOGLE, script=lambda m: Unreachable("no connection"))
    wrong = account("google-2", GOOGLE, script=lambda m: Misconfigured("wrong key"))
    spare, apple = account("google-3", GOOGLE), account("apple", APPLE)
    carried_by(PUSH, broken, wrong, apple, spare)
    owns(ann, "fcm_token", "apns")
    one = send(ann)
    drain()
    assert (tokens(spare), tokens(apple)) == (["fcm_token-of-ann"], ["apns-of-ann"])
    assert row(one).status == "sent"


def test_a_kind_that_no_account_carries_is_said_and_does_not_hold_up_the_others(
    ann: User, carried_by: Any, drain: Drain
) -> None:
    google = account("google", GOOGLE)
    carried_by(PUSH, google)
    devices = owns(ann, "fcm_token", "apns")
    one = send(ann)
    drain()
    assert row(one).status == "sent"
    assert tokens(google) == ["fcm_token-of-ann"]
    lost = Attempt.objects.get(notification_id=one, outcome="rejected")
    assert (lost.account, lost.reason, lost.detail) == ("", "kind_not_carried", "no account carries apns devices")
    assert lost.target.endswith(devices["apns"])


def test_a_person_with_nothing_but_such_devices_has_a_dead_letter_at_once(
    ann: User, carried_by: Any, drain: Drain
) -> None:
    google = account("google", GOOGLE)
    carried_by(PUSH, google)
    owns(ann, "apns")
    one = send(ann)
    drain()
    assert (row(one).status, row(one).reason) == ("failed", "kind_not_carried")
    assert google.given == []
    assert not QueueEntry.objects.filter(pk=one).exists()
    assert Device.objects.get(user=ann).active


def test_a_paused_account_of_the_kind_is_waited_for(ann: User, carried_by: Any, drain: Drain) -> None:
    google, apple = account("google", GOOGLE), account("apple", APPLE)
    carried_by(PUSH, google, apple)
    Account.objects.filter(channel=PUSH, name="apple").update(paused=True)
    owns(ann, "apns")
    one = send(ann)
    drain()
    assert (row(one).status, google.given, apple.given) == ("pending", [], [])
    held = Decision.objects.filter(notification_id=one).order_by("id").last()
    assert held is not None
    assert (held.outcome, held.reason) == ("hold", "no_provider")


def test_a_device_that_nobody_was_asked_to_carry_is_on_record_where_another_took_it(
    ann: User, carried_by: Any, drain: Drain
) -> None:
    carried_by(PUSH, account("google", GOOGLE), account("apple", APPLE))
    Account.objects.filter(channel=PUSH, name="apple").update(paused=True)
    devices = owns(ann, "fcm_token", "apns")
    one = send(ann)
    drain()
    assert row(one).status == "sent"
    noted = Decision.objects.get(notification_id=one, outcome="skip")
    assert (noted.reason, noted.detail) == ("no_provider", f"{devices['apns']} was left out")


def test_the_best_hope_of_all_accounts_decides(ann: User, carried_by: Any, drain: Drain) -> None:
    dead = account("apple", APPLE, script=lambda m: Rejected(why=Reason.DEVICE_GONE, suppress=True))
    later = account("google", GOOGLE, script=lambda m: Retry(why=Reason.TEMPORARY))
    carried_by(PUSH, dead, later)
    owns(ann, "fcm_token", "apns")
    one = send(ann)
    drain()
    assert (row(one).status, QueueEntry.objects.filter(pk=one).count()) == ("pending", 1)
    assert sorted(Attempt.objects.filter(notification_id=one).values_list("outcome", flat=True)) == [
        "rejected",
        "retry",
    ]


def test_what_an_account_may_have_taken_binds_its_own_devices_alone(ann: User, carried_by: Any, drain: Drain) -> None:
    from clarion.contract.outcome import Unclear

    first = iter([Unclear(why=Reason.TIMEOUT), Sent(), Sent()])
    google = account("google", GOOGLE, script=lambda m: next(first))
    slow = iter([Retry(why=Reason.TEMPORARY), Sent()])
    apple = account("apple", APPLE, script=lambda m: next(slow))
    carried_by(PUSH, google, apple)
    owns(ann, "fcm_token", "apns")
    one = send(ann)
    drain()
    QueueEntry.objects.filter(pk=one).update(due_at=clock.now())
    drain()
    assert (tokens(google), tokens(apple)) == (["fcm_token-of-ann"] * 2, ["apns-of-ann"] * 2)
    assert row(one).status == "sent"


# registering


def register(api: Api, user: User, kind: str, token: str, platform: str = "other") -> Any:
    return api.post(f"users/{user.id}/devices", {"platform": platform, "token_kind": kind, "token": token})


def test_a_browsers_subscription_is_a_device_and_the_same_one_however_it_is_written(
    as_ann: Api, ann: User, browser: WebPushSimulator
) -> None:
    ann.devices.all().delete()
    written = json.loads(browser.subscribe().written())
    made = register(as_ann, ann, "webpush", json.dumps(written), "web")
    assert made.status_code == 201
    padded = {"keys": {name: f"{key}==" for name, key in written["keys"].items()}, "endpoint": written["endpoint"]}
    assert register(as_ann, ann, "webpush", json.dumps(padded, indent=2), "web").json()["id"] == made.json()["id"]
    kept = Device.objects.get()
    assert json.loads(kept.token) == {"endpoint": written["endpoint"], "keys": written["keys"]}
    assert written["keys"]["auth"] not in made.content.decode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"endpoint": "ftp://push.example.com/1"}, "endpoint must be an https URL"),
        ({"endpoint": "https://user:pass@push.example.com/1"}, "endpoint must be an https URL"),
        ({"endpoint": "https://push.example.com/" + "x" * 2048}, "endpoint must be an https URL"),
        ({"keys": {"p256dh": "B" * 87, "auth": "A" * 22}}, "not a point on the curve"),
        ({"keys": {"p256dh": "AAAA", "auth": "A" * 22}}, "keys.p256dh must be 65 bytes"),
        ({"keys": {"auth": "A" * 22}}, "JSON.stringify(subscription)"),
        ({"keys": None}, "JSON.stringify(subscription)"),
    ],
)
def test_a_subscription_that_cannot_be_pushed_to_is_refused(
    as_ann: Api, ann: User, browser: WebPushSimulator, change: dict[str, Any], says: str
) -> None:
    before = Device.objects.count()
    written = json.loads(browser.subscribe().written()) | change
    answer = register(as_ann, ann, "webpush", json.dumps(written))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/token")
    assert answer.json()["errors"][0]["code"] == "invalid_token"
    assert says in answer.json()["errors"][0]["message"]
    assert Device.objects.count() == before


@pytest.mark.parametrize(
    "endpoint",
    ["https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://0x7f.1/x", "http://push.example.com/x"],
)
def test_a_push_service_at_home_is_refused(
    as_ann: Api, ann: User, browser: WebPushSimulator, endpoint: str, settings: Any
) -> None:
    settings.ENV = settings.ENV.model_copy(update={"webhook_allow_private": False})
    made = browser.subscribe()
    made.endpoint = endpoint
    answer = register(as_ann, ann, "webpush", made.written())
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "forbidden_target")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("apns", "0F" * 32, "not-hex-at-all"),
        ("apns", "ab" * 80, "abc" * 21),
        ("fid", "cAbCdEfGhIjKlMnOpQrStU", "too-short"),
        ("fcm_token", "cAbC:APA91b_-x", "with blanks"),
    ],
)
def test_a_token_has_the_form_of_its_kind(as_ann: Api, ann: User, kind: str, good: str, bad: str) -> None:
    assert register(as_ann, ann, kind, good).status_code == 201
    assert Device.objects.filter(user=ann, token_kind=kind).exists()
    before = Device.objects.count()
    answer = register(as_ann, ann, kind, bad)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_token")
    assert bad not in answer.content.decode()
    assert Device.objects.count() == before


def test_an_apns_token_is_one_device_in_upper_and_lower_case(as_ann: Api, ann: User) -> None:
    first = register(as_ann, ann, "apns", "AB" * 32).json()["id"]
    assert register(as_ann, ann, "apns", "ab" * 32).json()["id"] == first


# the key that browsers subscribe with


def test_the_public_key_is_that_of_the_webpush_account(anonymous: Api, browser: WebPushSimulator) -> None:
    published._remembered.clear()
    Account.objects.filter(channel=PUSH).delete()
    missing = anonymous.get("push/webpush-key")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_webpush_account")
    broken = Account(channel=PUSH, name="broken", provider="webpush", shown="webpush://", position=0)
    broken.url = "webpush://?private_key=nonsense&subject=mailto:ops@example.com"
    broken.save()
    key = browser.credentials
    made = Account(channel=PUSH, name="browsers", provider="webpush", shown="webpush://", position=1)
    made.url = f"webpush://?private_key={key}&subject=mailto:ops@example.com"
    made.save()
    found = anonymous.get("push/webpush-key")
    assert (found.status_code, found.headers["Cache-Control"]) == (200, "public, max-age=300")
    assert found.json() == {"public_key": public_of(key)}
    assert key not in found.content.decode()


def public_of(private: str) -> str:
    from base64 import urlsafe_b64encode

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from clarion.testing.simulators.webpush import raw64

    key = ec.derive_private_key(int.from_bytes(raw64(private), "big"), ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).rstrip(b"=").decode()


def test_a_message_knows_the_kind_of_its_device(ann: User, carried_by: Any, drain: Drain) -> None:
    seen: list[Message] = []
    google = account("google", GOOGLE, script=lambda m: seen.append(m) or Sent())
    carried_by(PUSH, google)
    owns(ann, "fid")
    send(ann)
    drain()
    assert [message.target.kind for message in seen] == ["fid"]
