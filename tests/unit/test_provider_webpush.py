"""Web Push: encryption that others can read, VAPID, and what push services' answers mean."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent
from clarion.contract.faults import Misconfigured
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.webpush import ENTRY
from clarion.providers.webpush.account import read_vapid
from clarion.providers.webpush.answers import STATUSES, judge
from clarion.providers.webpush.encryption import MOST_PLAIN, encrypt
from clarion.providers.webpush.payload import topic
from clarion.providers.webpush.send import WebPushProvider
from clarion.providers.webpush.vapid import Signatures
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.simulator import Fault, Trick
from clarion.testing.simulators.webpush import Browser, WebPushSimulator, raw64

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = "T0dYcFE1bDk3MjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ"
ADDRESS = "webpush://?private_key=" + KEY + "&subject=mailto:ops@example.com"


@pytest.fixture
def service() -> Iterator[WebPushSimulator]:
    with WebPushSimulator() as simulator:
        yield simulator


def open_at(service: WebPushSimulator, options: str = "") -> WebPushProvider:
    url = parse_account_url(f"{ADDRESS}&endpoint={service.url}&timeout=10{options}")
    return WebPushProvider(url, ChannelKey.PUSH, MemoryHost().host(allow_private=False))


def push(key: str, browser: Browser, *, person: str = "ann", **content: Any) -> Message:
    shown = PushContent(title="Order", body="On its way", **content)
    made = messages.message(key, to=browser.written(), content=shown, token_kind="webpush")
    return replace(made, user_id=person)


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status=status, headers=headers, body=body)


def test_what_we_encrypt_another_library_decrypts(service: WebPushSimulator) -> None:
    browser = service.subscribe()
    message = push("one", browser, link="https://example.com/o/1", image="https://example.com/i.png", data={"a": [1]})
    with closing(open_at(service)) as provider:
        assert isinstance(dict(provider.send([message]))["one"], Sent)
    (body,) = service.bodies
    text = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.auth, version="aes128gcm")
    assert json.loads(text) == {
        "title": "Order",
        "body": "On its way",
        "notification_id": "one",
        "tag": "one",
        "link": "https://example.com/o/1",
        "image": "https://example.com/i.png",
        "data": {"a": [1]},
    }


@pytest.mark.parametrize("size", [0, 1, 100, MOST_PLAIN])
def test_any_length_up_to_the_most_is_one_record_of_at_most_4096_bytes(service: WebPushSimulator, size: int) -> None:
    browser = service.subscribe()
    body = encrypt(b"x" * size, receiver=browser.public, auth=browser.auth)
    assert len(body) == 86 + size + 1 + 16 <= 4096
    assert http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.auth) == b"x" * size
    with pytest.raises(ValueError, match="too large"):
        encrypt(b"x" * (MOST_PLAIN + 1), receiver=browser.public, auth=browser.auth)


def test_the_same_text_is_never_encrypted_the_same_way_twice(service: WebPushSimulator) -> None:
    browser = service.subscribe()
    bodies = [encrypt(b"same", receiver=browser.public, auth=browser.auth) for _ in range(50)]
    assert len({body[:16] for body in bodies}) == 50  # salts
    assert len({body[21:86] for body in bodies}) == 50  # our public keys


def test_lifetime_urgency_and_topic_follow_the_message(service: WebPushSimulator) -> None:
    browser = service.subscribe()
    end = datetime.now(UTC) + timedelta(hours=1)
    batch = [
        replace(push("urgent", browser, collapse="order1"), priority=1, expires_at=end),
        replace(push("late", browser, collapse="order-1"), priority=4, expires_at=NOW - timedelta(days=365)),
        push("plain", browser),
    ]
    with closing(open_at(service, "&ttl=600&concurrency=1")) as provider:
        assert all(isinstance(outcome, Sent) for _, outcome in provider.send(batch))
    urgent, late, plain = service.messages
    assert 3_590 <= urgent.ttl <= 3_600
    assert (urgent.urgency, urgent.topic, urgent.text["tag"]) == ("high", "order1", "order1")
    assert (late.ttl, late.urgency, late.topic) == (0, "low", topic("order-1"))
    assert (plain.ttl, plain.urgency, plain.topic) == (600, "normal", "")
    assert len(topic("order-1")) == 32


def test_a_signature_is_made_once_for_each_origin_and_renewed_in_time() -> None:
    vapid = read_vapid(parse_account_url(ADDRESS))
    now = [1_800_000_000.0]
    signatures = Signatures(vapid, lambda: now[0])
    first = signatures.authorization("https://push.example.com")
    other = signatures.authorization("https://other.example.com")
    now[0] += 6 * 3600 - 1
    assert signatures.authorization("https://push.example.com") == first != other
    now[0] += 2
    renewed = signatures.authorization("https://push.example.com")
    assert renewed != first
    token, _, key = renewed.removeprefix("vapid t=").partition(", k=")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw64(key))
    claims = jwt.decode(token, public, ["ES256"], audience="https://push.example.com")
    assert claims == {"aud": "https://push.example.com", "exp": int(now[0]) + 43_200, "sub": "mailto:ops@example.com"}


MEANINGS: dict[int, Outcome] = {
    400: Rejected(why=Reason.CONTENT_REFUSED, detail="HTTP 400"),
    404: Rejected(why=Reason.DEVICE_GONE, suppress=True, detail="HTTP 404"),
    406: Retry(why=Reason.THROTTLED, detail="HTTP 406"),
    410: Rejected(why=Reason.DEVICE_GONE, suppress=True, detail="HTTP 410"),
    413: Rejected(why=Reason.TOO_LARGE, detail="HTTP 413"),
    429: Retry(why=Reason.THROTTLED, detail="HTTP 429"),
    500: Retry(why=Reason.TEMPORARY, detail="HTTP 500"),
    502: Retry(why=Reason.TEMPORARY, detail="HTTP 502"),
    503: Retry(why=Reason.TEMPORARY, detail="HTTP 503"),
    504: Retry(why=Reason.TEMPORARY, detail="HTTP 504"),
}


@pytest.mark.parametrize("status", sorted(MEANINGS))
def test_each_documented_status_has_its_outcome(status: int) -> None:
    assert judge(answer(status), now=NOW) == MEANINGS[status]


def test_no_status_of_the_table_is_left_out_and_unknown_ones_are_tried_again() -> None:
    assert set(STATUSES) == set(MEANINGS)
    for status in (301, 307, 409, 418, 599):
        assert judge(answer(status), now=NOW) == Retry(why=Reason.UNRECOGNISED, detail=f"HTTP {status}")


def test_a_wait_that_is_asked_for_is_kept_and_the_services_name_for_the_push_too() -> None:
    throttled = judge(answer(429, **{"Retry-After": "120"}), now=NOW)
    assert throttled == Retry(why=Reason.THROTTLED, after=timedelta(seconds=120), detail="HTTP 429")
    taken = judge(answer(201, Location="https://push.example.com/m/abc"), now=NOW)
    assert taken == Sent(remote_id="abc", detail="HTTP 201")


def test_gone_missing_and_foreign_subscriptions_are_told_apart(service: WebPushSimulator) -> None:
    good, gone, missing, foreign = (service.subscribe() for _ in range(4))
    gone.gone, foreign.made_with = True, "BAnotherKey"
    del service.browsers[missing.id]
    batch = [push("good", good), push("gone", gone), push("missing", missing), push("foreign", foreign)]
    with closing(open_at(service)) as provider:
        found = dict(provider.send(batch))
    assert isinstance(found["good"], Sent)
    assert found["gone"] == Rejected(why=Reason.DEVICE_GONE, suppress=True, detail="HTTP 410")
    assert found["missing"] == Rejected(why=Reason.DEVICE_GONE, suppress=True, detail="HTTP 404")
    detail = "HTTP 403, made with another VAPID key: the browser must subscribe anew"
    assert found["foreign"] == Rejected(why=Reason.POLICY_REFUSED, detail=detail)


DOUBTFUL = Retry(why=Reason.UNRECOGNISED, detail="HTTP 403, the VAPID key or this subscription refused")
BAD_KEY = Fault(status=403, body=b'{"reason":"BadJwtToken"}')


def test_a_key_that_a_service_never_took_is_misconfigured_once_several_people_heard_so(
    service: WebPushSimulator,
) -> None:
    browser = service.subscribe()
    with closing(open_at(service, "&concurrency=1")) as provider:
        service.script(*[BAD_KEY] * 3)
        found = dict(provider.send([push("one", browser), push("two", service.subscribe(), person="ben")]))
        assert found == {"one": DOUBTFUL, "two": DOUBTFUL}
        with pytest.raises(Misconfigured, match="refused the VAPID key or subject"):
            list(provider.send([push("three", service.subscribe(), person="cat")]))
        assert isinstance(dict(provider.send([push("four", browser)]))["four"], Sent)
        service.script(Fault(status=401))
        assert isinstance(dict(provider.send([push("five", browser)]))["five"], Rejected)
    assert service.accepted == {"four": 1}


def test_one_persons_subscriptions_cannot_make_the_account_faulty(service: WebPushSimulator) -> None:
    with closing(open_at(service, "&concurrency=1")) as provider:
        service.script(*[BAD_KEY] * 9)
        own = [push(f"own-{number}", service.subscribe(), person="mallory") for number in range(9)]
        assert set(dict(provider.send(own)).values()) == {DOUBTFUL}
        assert isinstance(dict(provider.send([push("ann", service.subscribe())]))["ann"], Sent)
    assert service.accepted == {"ann": 1}


def test_refusals_before_a_push_was_taken_do_not_count_afterwards(service: WebPushSimulator) -> None:
    with closing(open_at(service, "&concurrency=1")) as provider:
        service.script(BAD_KEY, BAD_KEY)
        early = [push("one", service.subscribe()), push("two", service.subscribe(), person="ben")]
        assert set(dict(provider.send(early)).values()) == {DOUBTFUL}
        assert isinstance(dict(provider.send([push("three", service.subscribe())]))["three"], Sent)
        service.script(BAD_KEY)
        late = dict(provider.send([push("four", service.subscribe(), person="cat")]))["four"]
    assert isinstance(late, Rejected)


def test_a_service_that_a_recipient_made_up_cannot_switch_the_account_off(service: WebPushSimulator) -> None:
    browser = service.subscribe()
    browser.endpoint = f"{service.url}/push/{browser.id}"
    service.script(Fault(status=403))
    with closing(WebPushProvider(parse_account_url(ADDRESS), ChannelKey.PUSH, MemoryHost().host())) as provider:
        found = dict(provider.send([push("one", browser)]))["one"]
    assert isinstance(found, Rejected)
    assert (found.why, found.suppress) == (Reason.POLICY_REFUSED, False)


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1/push/1", "https://[::1]/push", "https://169.254.169.254/x"])
def test_private_push_services_are_never_called(service: WebPushSimulator, endpoint: str) -> None:
    browser = service.subscribe()
    browser.endpoint = endpoint
    with closing(
        WebPushProvider(parse_account_url(ADDRESS), ChannelKey.PUSH, MemoryHost().host(allow_private=False))
    ) as it:
        outcome = dict(it.send([push("one", browser)]))["one"]
    assert isinstance(outcome, Rejected)
    assert (outcome.why, outcome.suppress) == (Reason.FORBIDDEN_TARGET, False)


def test_plain_http_is_refused_before_anything_is_sent(service: WebPushSimulator) -> None:
    browser = service.subscribe()
    browser.endpoint = "http://push.example.com/1"
    with closing(open_at(service)) as provider:
        outcome = dict(provider.send([push("one", browser)]))["one"]
    assert outcome == Rejected(why=Reason.FORBIDDEN_TARGET, detail="push services are https")
    assert service.calls == []


def test_what_cannot_be_encrypted_is_an_outcome_of_its_own(service: WebPushSimulator) -> None:
    browser = service.subscribe()
    off_curve = json.loads(browser.written())
    off_curve["keys"]["p256dh"] = "B" + "A" * 86
    batch = [
        replace(push("torn", browser), target=replace(push("x", browser).target, value="{not json")),
        replace(push("curve", browser), target=replace(push("x", browser).target, value=json.dumps(off_curve))),
        push("large", browser, data={"text": "x" * 4_000}),
        push("odd", browser, data={"text": object()}),
    ]
    with closing(open_at(service)) as provider:
        found = dict(provider.send(batch))
    assert {key: (one.why, one.suppress) for key, one in found.items() if isinstance(one, Rejected)} == {
        "torn": (Reason.INVALID_ADDRESS, True),
        "curve": (Reason.INVALID_ADDRESS, True),
        "large": (Reason.TOO_LARGE, False),
        "odd": (Reason.CONTENT_REFUSED, False),
    }
    assert service.calls == []


def test_what_may_have_been_taken_is_unclear(service: WebPushSimulator) -> None:
    browser = service.subscribe()
    with closing(open_at(service, "&concurrency=1&timeout=1")) as provider:
        service.script(Fault(trick=Trick.RESET_AFTER), Fault(trick=Trick.SLOW, seconds=1.5))
        found = dict(provider.send([push("reset", browser), push("slow", browser)]))
    assert found == {
        "reset": Unclear(why=Reason.CONNECTION_LOST, detail="the connection broke"),
        "slow": Unclear(why=Reason.TIMEOUT, detail="no answer in time"),
    }


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"webpush://?private_key={KEY}", "subject= must be mailto:"),
        (f"webpush://?private_key={KEY}&subject=mailto: <ops@example.com>", "subject= must be mailto:"),
        (f"webpush://?private_key={KEY}&subject=mailto:admin@localhost", "subject= must be mailto:"),
        ("webpush://?subject=mailto:ops@example.com", "private_key= must be"),
        ("webpush://?private_key=c2hvcnQ&subject=mailto:ops@example.com", "private_key= must be"),
        (f"{ADDRESS}&public_key=B", "unknown option public_key"),
        (f"{ADDRESS}&ttl=9999999", "ttl= must be a number from 0"),
    ],
)
def test_a_wrong_url_is_refused_and_the_key_not_repeated(url: str, says: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        ENTRY.open(parse_account_url(url), ChannelKey.PUSH, MemoryHost().host())
    assert says in str(refused.value)
    assert KEY not in str(refused.value)


def test_the_declaration_tells_the_public_key_alone() -> None:
    provider = ENTRY.open(parse_account_url(ADDRESS), ChannelKey.PUSH, MemoryHost().host())
    with closing(provider):
        key = provider.declaration.public_key
    assert len(raw64(key)) == 65
    assert KEY not in repr(provider.declaration)
