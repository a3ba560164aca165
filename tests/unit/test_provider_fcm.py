"""FCM: what its answers mean, what is sent, and how access tokens are kept. Against the simulator on real sockets."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.egress import loop
from clarion.egress.http import Response
from clarion.providers.fcm import ENTRY
from clarion.providers.fcm.account import read_service_account
from clarion.providers.fcm.answers import CODES, judge
from clarion.providers.fcm.send import FcmProvider
from clarion.providers.fcm.tokens import AccessTokens
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.fcm import FcmSimulator
from clarion.testing.simulators.simulator import Fault, Trick

RECORDED = Path(__file__).parent.parent / "recorded" / "fcm"
SOON = datetime(2099, 1, 1, tzinfo=UTC)

MEANINGS: dict[str, Outcome] = {
    "unregistered": Rejected(why=Reason.DEVICE_GONE, suppress=True, detail="HTTP 404 UNREGISTERED"),
    "invalid_token": Rejected(why=Reason.INVALID_ADDRESS, suppress=True, detail="HTTP 400 INVALID_ARGUMENT"),
    "invalid_token_field": Rejected(why=Reason.INVALID_ADDRESS, suppress=True, detail="HTTP 400 INVALID_ARGUMENT"),
    "invalid_value": Rejected(why=Reason.CONTENT_REFUSED, detail="HTTP 400 INVALID_ARGUMENT message.data[0].value"),
    "too_big": Rejected(why=Reason.TOO_LARGE, detail="HTTP 400 INVALID_ARGUMENT"),
    "invalid_bare": Rejected(why=Reason.CONTENT_REFUSED, detail="HTTP 400 INVALID_ARGUMENT"),
    "sender_id_mismatch": Rejected(why=Reason.ADDRESS_UNREACHABLE, detail="HTTP 403 SENDER_ID_MISMATCH"),
    "quota_exceeded": Retry(
        why=Reason.THROTTLED, after=timedelta(minutes=1), whole_account=True, detail="HTTP 429 QUOTA_EXCEEDED"
    ),
    "device_quota": Retry(why=Reason.THROTTLED, after=timedelta(minutes=1), detail="HTTP 429 QUOTA_EXCEEDED"),
    "unavailable": Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503 UNAVAILABLE"),
    "internal": Retry(why=Reason.TEMPORARY, detail="HTTP 500 INTERNAL"),
    "third_party_auth_error": Retry(why=Reason.MISCONFIGURED, detail="HTTP 401 THIRD_PARTY_AUTH_ERROR"),
    "unspecified": Retry(why=Reason.UNRECOGNISED, detail="HTTP 500 UNSPECIFIED_ERROR"),
    "unknown_code": Retry(why=Reason.UNRECOGNISED, detail="HTTP 400 FAILED_PRECONDITION"),
}


@pytest.fixture
def fcm() -> Iterator[FcmSimulator]:
    with FcmSimulator() as simulator:
        yield simulator


def open_at(fcm: FcmSimulator, options: str = "") -> FcmProvider:
    url = parse_account_url(f"fcm://{fcm.credentials}?endpoint={fcm.url}&timeout=10{options}")
    provider = ENTRY.open(url, ChannelKey.PUSH, MemoryHost().host())
    assert isinstance(provider, FcmProvider)
    return provider


def push(key: str, *, to: str = "device-token", kind: str = "fcm_token", **content: Any) -> Message:
    shown = PushContent(title="Order", body="On its way", **content)
    return messages.message(key, to=to, content=shown, token_kind=kind)


def answers(fcm: FcmSimulator, *batch: Message, options: str = "") -> dict[str, Outcome]:
    with closing(open_at(fcm, options)) as provider:
        return dict(provider.send(batch))


def recorded(name: str, headers: dict[str, str] | None = None) -> Response:
    found = json.loads((RECORDED / f"{name}.json").read_text())
    return Response(status=found["status"], headers=headers or {}, body=json.dumps(found["body"]).encode())


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_each_documented_answer_has_its_outcome(name: str) -> None:
    assert judge(recorded(name)) == MEANINGS[name]


def test_no_documented_code_is_left_out() -> None:
    said = {outcome.detail.split()[2] for outcome in MEANINGS.values()}
    assert set(CODES) <= said


@pytest.mark.parametrize("name", ["unauthenticated", "permission_denied"])
def test_a_refused_account_is_misconfigured_and_no_recipient_blamed(name: str) -> None:
    with pytest.raises(Misconfigured):
        judge(recorded(name))


def test_the_time_that_google_asks_for_is_honoured() -> None:
    outcome = judge(recorded("quota_exceeded", {"Retry-After": "90"}))
    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=90)


def test_a_page_instead_of_an_answer_is_read_by_its_status() -> None:
    assert judge(Response(status=502, headers={}, body=b"<!DOCTYPE html>")) == Retry(
        why=Reason.TEMPORARY, whole_account=True, detail="HTTP 502"
    )
    assert judge(Response(status=404, headers={}, body=b"<!DOCTYPE html>")) == Retry(
        why=Reason.UNRECOGNISED, detail="HTTP 404"
    )
    assert judge(Response(status=200, headers={}, body=b"<html>")) == Unclear(
        why=Reason.UNRECOGNISED, detail="HTTP 200 without a message name"
    )


def test_every_device_has_an_outcome_of_its_own(fcm: FcmSimulator) -> None:
    words = ("good", "gone", "foreign", "quota", "unavailable", "internal", "noapns", "malformed")
    found = answers(fcm, *(push(word, to=f"{word}-token") for word in words))
    assert isinstance(found["good"], Sent)
    assert found["good"].remote_id.startswith("0:")
    kinds = {word: (type(found[word]).__name__, getattr(found[word], "suppress", None)) for word in words[1:]}
    assert kinds == {
        "gone": ("Rejected", True),
        "foreign": ("Rejected", False),
        "quota": ("Retry", None),
        "unavailable": ("Retry", None),
        "internal": ("Retry", None),
        "noapns": ("Retry", None),
        "malformed": ("Rejected", True),
    }
    assert fcm.accepted == {"good": 1}


def test_what_may_have_been_taken_is_unclear_and_what_was_refused_is_not(fcm: FcmSimulator) -> None:
    with closing(open_at(fcm, "&concurrency=1&timeout=1")) as provider:
        list(provider.send([push("first")]))
        fcm.script(Fault(trick=Trick.RESET_AFTER), Fault(trick=Trick.MALFORMED), Fault(status=429), Fault(status=503))
        found = dict(provider.send([push("a"), push("b"), push("c"), push("d")]))
        fcm.script(Fault(trick=Trick.SLOW, seconds=1.5))
        slow = dict(provider.send([push("e")]))
    assert found == {
        "a": Unclear(why=Reason.CONNECTION_LOST, detail="the connection broke"),
        "b": Unclear(why=Reason.UNRECOGNISED, detail="HTTP 200 without a message name"),
        "c": Retry(why=Reason.THROTTLED, whole_account=True, detail="HTTP 429"),
        "d": Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503"),
    }
    assert slow == {"e": Unclear(why=Reason.TIMEOUT, detail="no answer in time")}


def test_the_message_is_written_for_android_ios_and_the_web(fcm: FcmSimulator) -> None:
    message = push("one", image="https://img.example.com/a.png", link="https://example.com/o/1", collapse="order-1")
    data = {"order": 7, "gift": True, "note": "ring twice"}
    message = replace(
        message, content=replace(message.content, data=data), priority=1, expires_at=SOON, category="orders"
    )
    assert isinstance(answers(fcm, message, options="&android_channel=orders")["one"], Sent)
    (sent,) = fcm.messages
    assert sent == {
        "token": "device-token",
        "notification": {"title": "Order", "body": "On its way", "image": "https://img.example.com/a.png"},
        "data": {
            "notification_id": "one",
            "link": "https://example.com/o/1",
            "order": "7",
            "gift": "true",
            "note": "ring twice",
        },
        "android": {
            "priority": "HIGH",
            "collapse_key": "order-1",
            "ttl": "2419200s",
            "notification": {"sound": "default", "channel_id": "orders", "tag": "order-1"},
        },
        "apns": {
            "headers": {"apns-priority": "10", "apns-expiration": "4070908800", "apns-collapse-id": "order-1"},
            "payload": {"aps": {"sound": "default", "mutable-content": 1}},
        },
        "webpush": {
            "headers": {"Urgency": "high", "TTL": "2419200"},
            "fcm_options": {"link": "https://example.com/o/1"},
        },
        "fcm_options": {"analytics_label": "orders"},
    }


def test_an_installation_id_is_a_target_of_its_own_and_low_priority_waits(fcm: FcmSimulator) -> None:
    answers(fcm, replace(push("one", to="cAbC123_fid", kind="fid"), priority=4))
    (sent,) = fcm.messages
    assert (sent["fid"], "token" in sent) == ("cAbC123_fid", False)
    android: Any = sent["android"]
    assert android == {"priority": "NORMAL", "notification": {"sound": "default", "tag": "one"}}


def test_a_device_of_another_kind_and_reserved_keys_are_refused_before_google_is_asked(fcm: FcmSimulator) -> None:
    found = answers(
        fcm, push("ios", kind="apns"), push("own", data={"google.sent_time": "1"}), push("odd", data={"a": object()})
    )
    assert {key: outcome.why for key, outcome in found.items() if isinstance(outcome, Rejected)} == {
        "ios": Reason.CONTENT_REFUSED,
        "own": Reason.CONTENT_REFUSED,
        "odd": Reason.CONTENT_REFUSED,
    }
    assert [call.path for call in fcm.calls if call.path != "/token"] == []


def test_dry_run_lets_google_check_and_deliver_nothing(fcm: FcmSimulator) -> None:
    found = answers(fcm, push("one"), push("two", to="gone-token"), options="&dry_run=yes")
    assert isinstance(found["one"], Sent)
    assert found["one"].detail == "checked by FCM and not delivered: dry_run=yes"
    assert isinstance(found["two"], Rejected)
    assert not fcm.accepted


def test_one_access_token_serves_many_calls_and_batches(fcm: FcmSimulator) -> None:
    with closing(open_at(fcm)) as provider:
        for part in range(3):
            outcomes = dict(provider.send([push(f"{part}-{number}") for number in range(100)]))
            assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert fcm.grants == 1
    assert sum(fcm.accepted.values()) == 300


def test_a_token_that_google_forgot_is_replaced_once(fcm: FcmSimulator) -> None:
    with closing(open_at(fcm)) as provider:
        list(provider.send([push("one")]))
        fcm.revoke()
        outcomes = dict(provider.send([push(f"again-{number}") for number in range(50)]))
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert fcm.grants == 2


def test_a_token_is_renewed_five_minutes_before_it_ends(fcm: FcmSimulator) -> None:
    url = parse_account_url(f"fcm://{fcm.credentials}?endpoint={fcm.url}")
    fcm.leeway = 4_000  # the simulator's own clock does not move
    now = [time.time()]
    with closing(AccessTokens(url, read_service_account(url), lambda: now[0])) as tokens:
        first = loop.run(tokens.get())
        now[0] += 3_299
        assert loop.run(tokens.get()) == first
        now[0] += 2
        assert loop.run(tokens.get()) != first
    assert fcm.grants == 2


def test_who_waits_for_a_token_shares_one_refusal(fcm: FcmSimulator) -> None:
    fcm.script(*[Fault(status=503)])
    url = parse_account_url(f"fcm://{fcm.credentials}?endpoint={fcm.url}")

    async def many(tokens: AccessTokens) -> list[object]:
        return list(await asyncio.gather(*(tokens.get() for _ in range(20)), return_exceptions=True))

    with closing(AccessTokens(url, read_service_account(url))) as tokens:
        found = loop.run(many(tokens))
        assert {type(each) for each in found} == {Unreachable}
        assert len(fcm.calls) == 1
        assert loop.run(tokens.get()).startswith("ya29.")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("fcm://project", "three strokes"),
        ("fcm:///nowhere/at/all.json", "cannot be read (No such file or directory)"),
        ("fcm:///etc/hostname", "not a service account's JSON"),
        ("fcm:///x.json?dry_run=perhaps", "dry_run= must be yes or no"),
        ("fcm:///x.json?topics=all", "unknown option topics"),
    ],
)
def test_a_wrong_url_is_refused_with_what_to_do(url: str, says: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        ENTRY.open(parse_account_url(url), ChannelKey.PUSH, MemoryHost().host())
    assert says in str(refused.value)


def test_a_file_without_an_rsa_key_is_refused_and_not_repeated(fcm: FcmSimulator, tmp_path: Path) -> None:
    file = fcm.write_account(tmp_path / "account.json")
    found = json.loads(file.read_text()) | {"private_key": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n"}
    file.write_text(json.dumps(found))
    with pytest.raises(Misconfigured) as refused:
        ENTRY.open(parse_account_url(f"fcm://{file}"), ChannelKey.PUSH, MemoryHost().host())
    assert str(refused.value) == "fcm: the file's private_key is no RSA key; download a new one"
