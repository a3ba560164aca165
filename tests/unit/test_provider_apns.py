"""APNs: what its answers mean, what is sent, how provider tokens are kept. Against the HTTP/2 stand-in."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.apns import ENTRY
from clarion.providers.apns.account import PRODUCTION, SANDBOX, read_key, read_options
from clarion.providers.apns.answers import MISCONFIGURED, REASONS, judge
from clarion.providers.apns.send import ApnsProvider
from clarion.providers.apns.tokens import ProviderTokens
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.apns import KEY_ID, TEAM_ID, TOPIC, ApnsSimulator
from clarion.testing.simulators.simulator import Fault, Trick

RECORDED = json.loads((Path(__file__).parent.parent / "recorded" / "apns" / "answers.json").read_text())
ALIVE = "ab" * 32

MEANINGS: dict[str, Outcome] = {
    "BadCollapseId": Rejected(why=Reason.CONTENT_REFUSED),
    "BadDeviceToken": Rejected(why=Reason.INVALID_ADDRESS, suppress=True),
    "BadExpirationDate": Rejected(why=Reason.CONTENT_REFUSED),
    "BadMessageId": Rejected(why=Reason.CONTENT_REFUSED),
    "BadPriority": Rejected(why=Reason.CONTENT_REFUSED),
    "DeviceTokenNotForTopic": Rejected(why=Reason.ADDRESS_UNREACHABLE),
    "DuplicateHeaders": Rejected(why=Reason.CONTENT_REFUSED),
    "IdleTimeout": Retry(why=Reason.TEMPORARY),
    "InvalidPushType": Rejected(why=Reason.CONTENT_REFUSED),
    "MissingDeviceToken": Rejected(why=Reason.INVALID_ADDRESS),
    "PayloadEmpty": Rejected(why=Reason.CONTENT_REFUSED),
    "BadPath": Rejected(why=Reason.INVALID_ADDRESS),
    "MethodNotAllowed": Rejected(why=Reason.CONTENT_REFUSED),
    "ExpiredToken": Rejected(why=Reason.DEVICE_GONE, suppress=True),
    "Unregistered": Rejected(why=Reason.DEVICE_GONE, suppress=True),
    "PayloadTooLarge": Rejected(why=Reason.TOO_LARGE),
    "TooManyProviderTokenUpdates": Retry(why=Reason.THROTTLED, after=timedelta(minutes=20), whole_account=True),
    "TooManyRequests": Retry(why=Reason.THROTTLED),
    "InternalServerError": Retry(why=Reason.TEMPORARY),
    "ServiceUnavailable": Retry(why=Reason.TEMPORARY, whole_account=True),
    "Shutdown": Retry(why=Reason.TEMPORARY),
}
REFUSED = {
    "BadTopic",
    "MissingTopic",
    "TopicDisallowed",
    "BadCertificate",
    "BadCertificateEnvironment",
    "ExpiredProviderToken",
    "Forbidden",
    "InvalidProviderToken",
    "MissingProviderToken",
    "UnrelatedKeyIdInToken",
    "BadEnvironmentKeyIdInToken",
}


@pytest.fixture
def apns() -> Iterator[ApnsSimulator]:
    with ApnsSimulator() as simulator:
        yield simulator


def address(apns: ApnsSimulator, options: str = "") -> str:
    own = f"key_id={KEY_ID}&team_id={TEAM_ID}&endpoint={apns.url}&timeout=10"
    topic = "" if "topic=" in options else f"&topic={TOPIC}"
    return f"apns://{apns.credentials}?{own}{topic}{options}"


def open_at(apns: ApnsSimulator, options: str = "") -> ApnsProvider:
    return ApnsProvider(parse_account_url(address(apns, options)), ChannelKey.PUSH, MemoryHost().host())


def push(key: str, *, to: str = ALIVE, app: str = "", **content: Any) -> Message:
    shown = PushContent(title="Order", body="On its way", **content)
    return messages.message(key, to=to, content=shown, token_kind="apns", app=app)


def answers(apns: ApnsSimulator, *batch: Message, options: str = "") -> dict[str, Outcome]:
    with closing(open_at(apns, options)) as provider:
        return dict(provider.send(batch))


def recorded(reason: str) -> Response:
    (found,) = (each for each in RECORDED if each["body"]["reason"] == reason)
    return Response(status=found["status"], headers={}, body=json.dumps(found["body"]).encode())


@pytest.mark.parametrize("reason", sorted(MEANINGS))
def test_each_documented_reason_has_its_outcome(reason: str) -> None:
    response = recorded(reason)
    since = " since 2025-11-20T12:00:00Z" if response.status == 410 else ""
    assert judge(response, "") == replace(MEANINGS[reason], detail=f"HTTP {response.status} {reason}{since}")


@pytest.mark.parametrize("reason", sorted(REFUSED))
def test_a_refused_key_topic_or_environment_is_misconfigured_and_no_device_blamed(reason: str) -> None:
    with pytest.raises(Misconfigured, match=reason):
        judge(recorded(reason), "")


def test_no_reason_is_left_out_and_unknown_ones_are_tried_again() -> None:
    assert set(REASONS) == set(MEANINGS)
    assert set(MISCONFIGURED) == REFUSED | {"BadEnvironmentKeyInToken"}  # an older spelling
    assert {each["body"]["reason"] for each in RECORDED} == set(MEANINGS) | REFUSED
    new = Response(status=400, headers={}, body=b'{"reason":"NewReasonOf2030"}')
    assert judge(new, "") == Retry(why=Reason.UNRECOGNISED, detail="HTTP 400 NewReasonOf2030")
    odd = Response(status=503, headers={}, body=b"<html>")
    assert judge(odd, "") == Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503 without a reason")
    with pytest.raises(Misconfigured):
        judge(Response(status=403, headers={}, body=b'{"reason":"NewRefusal"}'), "")


def test_the_request_carries_topic_type_priority_expiry_collapse_id_and_our_id(apns: ApnsSimulator) -> None:
    end = datetime(2099, 1, 1, tzinfo=UTC)
    identifier = "0190a0b0-0000-7000-8000-000000000001"
    message = push(identifier, link="https://example.com/o/1", image="https://example.com/i.png", collapse="order-1")
    message = replace(message, expires_at=end, content=replace(message.content, data={"order": 7}))
    found = answers(apns, message)
    assert found == {identifier: Sent(remote_id=identifier)}
    (request,) = apns.requests
    assert request.path == f"/3/device/{ALIVE}"
    names = ("apns-topic", "apns-push-type", "apns-priority", "apns-expiration", "apns-collapse-id", "apns-id")
    assert [request.headers[name] for name in names] == [
        TOPIC, "alert", "10", str(int(end.timestamp())), "order-1", identifier,
    ]  # fmt: skip
    assert json.loads(request.body) == {
        "aps": {"alert": {"title": "Order", "body": "On its way"}, "sound": "default", "mutable-content": 1},
        "notification_id": identifier,
        "link": "https://example.com/o/1",
        "image": "https://example.com/i.png",
        "order": 7,
    }


def test_without_a_collapse_id_a_repeat_takes_the_place_of_the_first(apns: ApnsSimulator) -> None:
    with closing(open_at(apns)) as provider:
        for _ in range(2):
            list(provider.send([replace(push("n.d"), notification_id="n")]))
    first, second = apns.requests
    assert first.headers["apns-collapse-id"] == second.headers["apns-collapse-id"] == "n"
    assert first.headers["apns-id"] == second.headers["apns-id"] == str(UUID(first.headers["apns-id"]))
    assert "apns-expiration" not in first.headers


@pytest.mark.parametrize(
    ("priority", "options", "sent", "kind"),
    [
        (1, "", "10", "alert"),
        (3, "", "10", "alert"),
        (4, "", "5", "alert"),
        (1, "&push_type=background", "5", "background"),
    ],
)
def test_priority_follows_the_message(apns: ApnsSimulator, priority: int, options: str, sent: str, kind: str) -> None:
    found = answers(apns, replace(push("one"), priority=priority), options=options)
    assert isinstance(found["one"], Sent)
    headers = apns.requests[0].headers
    assert (headers["apns-priority"], headers["apns-push-type"]) == (sent, kind)


def test_a_device_names_its_app_where_the_account_serves_several(apns: ApnsSimulator) -> None:
    apns.topics = {"com.example.one", "com.example.two"}
    options = "&topic=com.example.one,com.example.two"
    answers(apns, push("a", app="com.example.two"), push("b"), push("c", app="com.else"), options=options)
    topics = {json.loads(each.body)["notification_id"]: each.headers["apns-topic"] for each in apns.requests}
    assert topics == {"a": "com.example.two", "b": "com.example.one", "c": "com.example.one"}


def test_every_device_has_an_outcome_of_its_own(apns: ApnsSimulator) -> None:
    words = {"gone": "dead", "old": "d1ed", "bad": "bad0", "foreign": "beef", "busy": "feed", "ill": "0500"}
    batch = [push("good"), *(push(name, to=word + ALIVE) for name, word in words.items())]
    batch += [push("short", to="abcd"), push("odd", to="not/a/token")]
    found = answers(apns, *batch)
    assert {key: (type(one).__name__, getattr(one, "suppress", None)) for key, one in found.items()} == {
        "good": ("Sent", None),
        "gone": ("Rejected", True),
        "old": ("Rejected", True),
        "bad": ("Rejected", True),
        "foreign": ("Rejected", False),
        "busy": ("Retry", None),
        "ill": ("Retry", None),
        "short": ("Rejected", True),
        "odd": ("Rejected", True),
    }
    assert apns.accepted == {"good": 1}
    assert len(apns.requests) == 7  # what is no token is not sent at all


def test_what_cannot_be_sent_is_refused_before_apple_is_asked(apns: ApnsSimulator) -> None:
    found = answers(
        apns,
        push("own", data={"aps": {}}),
        push("large", data={"text": "x" * 4_000}),
        push("odd", data={"a": object()}),
    )
    assert {key: one.why for key, one in found.items() if isinstance(one, Rejected)} == {
        "own": Reason.CONTENT_REFUSED,
        "large": Reason.TOO_LARGE,
        "odd": Reason.CONTENT_REFUSED,
    }
    assert apns.requests == []


def test_what_may_have_been_taken_is_unclear(apns: ApnsSimulator) -> None:
    with closing(open_at(apns, "&concurrency=1&timeout=1")) as provider:
        list(provider.send([push("first")]))
        apns.script(Fault(trick=Trick.RESET_AFTER), Fault(trick=Trick.MALFORMED), Fault(status=429), Fault(status=503))
        found = dict(provider.send([push("a"), push("b"), push("c"), push("d")]))
        apns.script(Fault(trick=Trick.SLOW, seconds=1.5))
        slow = dict(provider.send([push("e")]))
    assert found == {
        "a": Unclear(why=Reason.CONNECTION_LOST, detail="the connection broke"),
        "b": Retry(why=Reason.UNRECOGNISED, detail="HTTP 400 without a reason"),
        "c": Retry(why=Reason.THROTTLED, whole_account=True, detail="HTTP 429 without a reason"),
        "d": Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503 without a reason"),
    }
    assert slow == {"e": Unclear(why=Reason.TIMEOUT, detail="no answer in time")}


def test_a_goodbye_in_the_middle_of_a_batch_loses_and_doubles_nothing(apns: ApnsSimulator) -> None:
    apns.goodbye_after = 60
    found = answers(apns, *(push(f"push-{number}") for number in range(100)))
    assert all(isinstance(outcome, Sent) for outcome in found.values())
    assert set(apns.accepted.values()) == {1}
    assert len(apns.accepted) == 100


def test_one_connection_and_one_token_serve_many_batches(apns: ApnsSimulator) -> None:
    with closing(open_at(apns)) as provider:
        for part in range(3):
            outcomes = dict(provider.send([push(f"{part}-{number}") for number in range(100)]))
            assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert (apns.connections, len(apns.tokens)) == (1, 1)


def test_a_token_lives_for_45_minutes_and_is_never_renewed_within_20(apns: ApnsSimulator) -> None:
    now = [1_800_000_000.0]
    tokens = ProviderTokens(read_key(parse_account_url(address(apns))), lambda: now[0])
    first = tokens.get()
    assert jwt.get_unverified_header(first) == {"alg": "ES256", "kid": KEY_ID, "typ": "JWT"}
    assert jwt.decode(first, options={"verify_signature": False}) == {"iss": TEAM_ID, "iat": 1_800_000_000}
    now[0] += 19 * 60
    assert not tokens.stale(first)
    assert tokens.get() == first
    now[0] += 2 * 60
    assert tokens.stale(first)
    second = tokens.get()
    assert tokens.stale(first)  # another caller has seen to it
    assert tokens.get() == second
    now[0] += 45 * 60
    assert tokens.get() != second


def test_a_stale_token_is_replaced_once_and_a_young_one_is_not(apns: ApnsSimulator) -> None:
    expired = Fault(status=403, body=b'{"reason":"ExpiredProviderToken"}')
    with closing(open_at(apns, "&concurrency=1")) as provider:
        list(provider.send([push("first")]))
        provider._tokens._clock = lambda: time.time() + 21 * 60
        apns.script(expired)
        assert isinstance(dict(provider.send([push("second")]))["second"], Sent)
        apns.script(expired)
        with pytest.raises(Misconfigured, match="set this machine's clock"):
            list(provider.send([push("third")]))
    assert apns.accepted == {"first": 1, "second": 1}


def test_the_probe_sends_nothing_and_knows_a_wrong_topic(apns: ApnsSimulator) -> None:
    with closing(open_at(apns)) as provider:
        provider.probe()
        apns.script(Fault(status=503))
        with pytest.raises(Unreachable):
            provider.probe()
    with closing(open_at(apns, "&topic=com.example.other")) as provider, pytest.raises(Misconfigured, match="topic="):
        provider.probe()
    assert not apns.accepted


def test_the_environment_is_chosen_by_an_option(apns: ApnsSimulator) -> None:
    bare = f"apns:///key.p8?key_id={KEY_ID}&team_id={TEAM_ID}&topic={TOPIC}"
    assert read_options(parse_account_url(bare)).origin == PRODUCTION == "https://api.push.apple.com"
    assert (
        read_options(parse_account_url(f"{bare}&sandbox=yes")).origin == SANDBOX == "https://api.sandbox.push.apple.com"
    )


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("apns:///k.p8?team_id=SIMTEAM123&topic=a.b", "key_id= and team_id="),
        (f"apns:///k.p8?key_id={KEY_ID}&team_id={TEAM_ID}", "topic= must be the app's bundle id"),
        (f"apns:///k.p8?key_id={KEY_ID}&team_id={TEAM_ID}&topic=a.b,", "topic= must be the app's bundle id"),
        (f"apns://k.p8?key_id={KEY_ID}&team_id={TEAM_ID}&topic=a.b", "three strokes"),
        (f"apns:///nowhere.p8?key_id={KEY_ID}&team_id={TEAM_ID}&topic=a.b", "cannot be read (No such file"),
        (f"apns:///etc/hostname?key_id={KEY_ID}&team_id={TEAM_ID}&topic=a.b", "not a .p8 key"),
        (f"apns:///k.p8?key_id={KEY_ID}&team_id={TEAM_ID}&topic=a.b&push_type=voip", "push_type= must be"),
        (f"apns:///k.p8?key_id={KEY_ID}&team_id={TEAM_ID}&topic=a.b&sandbox=1", "sandbox= must be"),
        (f"apns:///k.p8?key_id={KEY_ID}&team_id={TEAM_ID}&topic=a.b&bundle=x", "unknown option bundle"),
    ],
)
def test_a_wrong_url_is_refused_with_what_to_do(url: str, says: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        ENTRY.open(parse_account_url(url), ChannelKey.PUSH, MemoryHost().host())
    assert says in str(refused.value)


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())])
def test_another_kind_of_key_is_refused(tmp_path: Path, key: Any) -> None:
    file = tmp_path / "key.p8"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with pytest.raises(Misconfigured, match=r"not a \.p8 key"):
        read_key(parse_account_url(f"apns://{file}?key_id={KEY_ID}&team_id={TEAM_ID}&topic=a.b"))
