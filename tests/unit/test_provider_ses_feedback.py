"""SES' feedback: real SNS signatures (our own certificate and moto's), host rules, subscriptions, events."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import mock_aws
from moto.server import ThreadedMotoServer

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.feedback import Callback, Forged, Kind, Malformed, Reported
from clarion.contract.reasons import Reason
from clarion.providers.ses.feedback import SesFeedback
from clarion.providers.ses.sns import Envelope, Notary, string_to_sign
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.sns import CONFIRM, TOPIC, SnsSimulator

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EVENTS = json.loads((Path(__file__).parent.parent / "recorded" / "ses" / "events.json").read_text())
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Amazon(SnsSimulator):
    """SNS, with a delivery in the envelope unless a test says otherwise."""

    def __init__(self, *, key: rsa.RSAPrivateKey = KEY, until: datetime | None = None) -> None:
        super().__init__(at=NOW - timedelta(seconds=15), key=key, until=until)

    def envelope(self, version: str = "2", **fields: str) -> dict[str, str]:
        message = fields.pop("Message", json.dumps(EVENTS["delivery"]))
        return self.sign(message, version=version, **fields)


@pytest.fixture
def amazon() -> Iterator[Amazon]:
    with Amazon() as amazon:
        yield amazon


def ear(fetch: Callable[[str], bytes], *, topic: str = TOPIC) -> SesFeedback:
    url = parse_account_url(f"ses://K:S@eu-west-1?topic={topic}")
    return SesFeedback(url, ChannelKey.EMAIL, MemoryHost().host(), fetch=fetch)


def callback(envelope: dict[str, str] | bytes, *, at: datetime = NOW) -> Callback:
    body = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
    return Callback(url="https://x.example/hooks", headers={}, body=body, received_at=at)


def nobody(url: str) -> bytes:
    raise AssertionError("nothing may be fetched")


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("fields", [{}, {"Subject": "Amazon SES Email Event Notification"}])
def test_what_sns_signed_is_genuine_in_both_versions(amazon: Amazon, version: str, fields: dict[str, str]) -> None:
    ear(amazon.fetch).verify(callback(amazon.envelope(version, **fields)))
    assert amazon.asked == ["/SimpleNotificationService-0123456789abcdef.pem"]


def test_the_text_to_sign_is_that_of_the_documentation() -> None:
    envelope = Envelope(
        Type="Notification", MessageId="4d4dc071", TopicArn="arn:x", Message="Test message for Amazon SNS",
        Subject="My Test Message", Timestamp="2011-11-11T11:11:11.111Z", SignatureVersion="1", Signature="",
        SigningCertURL="",
    )  # fmt: skip
    assert string_to_sign(envelope) == (
        b"Message\nTest message for Amazon SNS\nMessageId\n4d4dc071\nSubject\nMy Test Message\n"
        b"Timestamp\n2011-11-11T11:11:11.111Z\nTopicArn\narn:x\nType\nNotification\n"
    )


def test_a_certificate_is_fetched_once(amazon: Amazon) -> None:
    listener = ear(amazon.fetch)
    for _ in range(3):
        listener.verify(callback(amazon.envelope()))
    assert len(amazon.asked) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Message", "{}"),
        ("MessageId", "other"),
        ("Timestamp", "2026-11-20T11:59:46.000Z"),
        ("Signature", b64encode(b"x" * 256).decode()),
        ("Subject", "added"),
        ("Type", "UnsubscribeConfirmation"),
    ],
)
def test_what_was_changed_after_signing_is_forged(amazon: Amazon, field: str, value: str) -> None:
    with pytest.raises(Forged, match="signature"):
        ear(amazon.fetch).verify(callback({**amazon.envelope(), field: value}))


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem",
        "https://evil.example/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-a.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com/bucket/evil.pem",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem?1",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem#1",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem?",
        "https://sns.eu-west-1.amazonaws.com:443/SimpleNotificationService-a.pem",
        "https://SNS.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com:port/SimpleNotificationService-a.pem",
        "https://[/",
        "",
    ],
)
def test_certificates_come_from_sns_in_the_topics_region_only(amazon: Amazon, url: str) -> None:
    with pytest.raises(Forged):
        ear(nobody).verify(callback(amazon.envelope(SigningCertURL=url)))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"TopicArn": "arn:aws:sns:eu-west-1:999999999999:clarion"}, "topic="),
        ({"SignatureVersion": "3"}, "version"),
        ({"Signature": "no base64 !"}, "base64"),
        ({"Timestamp": "2026-11-19T09:00:00.000Z"}, "old"),
        ({"Timestamp": "2026-11-20T13:00:00.000Z"}, "future"),
        ({"Timestamp": "yesterday"}, "timestamp"),
        ({"Type": "Other"}, "type"),
    ],
)
def test_what_cannot_be_ours_is_refused_before_anything_is_fetched(
    amazon: Amazon, change: dict[str, str], expected: str
) -> None:
    with pytest.raises(Forged, match=expected):
        ear(nobody).verify(callback({**amazon.envelope(), **change}))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"Type": "Notification"}', b"\xff\xfe", b"{" * 400_000, b'{"x":' + b"[" * 200_000]
)
def test_what_is_no_envelope_is_forged(body: bytes) -> None:
    with pytest.raises(Forged):
        ear(nobody).verify(callback(body))


def test_without_a_topic_nobody_may_report(amazon: Amazon) -> None:
    with pytest.raises(Forged, match="no topic= is configured"):
        ear(nobody, topic="").verify(callback(amazon.envelope()))


def test_another_key_with_a_certificate_of_its_own_is_forged(amazon: Amazon) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with Amazon(key=key) as other, pytest.raises(Forged, match="signature"):
        ear(amazon.fetch).verify(callback(other.envelope()))


def test_a_certificate_out_of_date_proves_nothing() -> None:
    old = Amazon(until=NOW - timedelta(days=1))
    with old, pytest.raises(Forged, match="out of date"):
        ear(old.fetch).verify(callback(old.envelope()))


def test_without_the_certificate_the_vendor_is_asked_to_come_again_and_is_not_asked_at_once(amazon: Amazon) -> None:
    tries: list[str] = []

    def away(url: str) -> bytes:
        tries.append(url)
        raise Unreachable("no connection")

    clock = [0.0]
    notary = Notary(away, clock=lambda: clock[0])
    fields = {name: value for name, value in amazon.envelope().items() if name != "UnsubscribeURL"}
    for _ in range(5):
        with pytest.raises(Unreachable):
            notary.verify(Envelope(**fields), topics=frozenset({TOPIC}), now=NOW)
    assert len(tries) == 1
    clock[0] = 6.0
    with pytest.raises(Unreachable):
        notary.verify(Envelope(**fields), topics=frozenset({TOPIC}), now=NOW)
    assert len(tries) == 2


def test_a_subscription_to_a_known_topic_is_confirmed_and_reports_nothing(amazon: Amazon) -> None:
    listener = ear(amazon.fetch)
    request = callback(amazon.confirmation())
    listener.verify(request)
    listener.acknowledge(request)
    assert amazon.asked[-1].startswith("/?Action=ConfirmSubscription&TopicArn=")
    assert listener.parse(request) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:other"},
        {"SubscribeURL": "https://evil.example/?Action=ConfirmSubscription"},
        {"SubscribeURL": CONFIRM.replace("ConfirmSubscription", "Unsubscribe")},
        {"SubscribeURL": CONFIRM.replace("123456789012", "999999999999")},
        {"SubscribeURL": CONFIRM.replace("https", "http")},
    ],
)
def test_nothing_else_is_ever_called(amazon: Amazon, change: dict[str, str]) -> None:
    ear(nobody).acknowledge(callback(amazon.confirmation(**change)))


def test_an_ordinary_notification_needs_no_acknowledgement(amazon: Amazon) -> None:
    ear(nobody).acknowledge(callback(amazon.envelope()))


def parsed(amazon: Amazon, name: str) -> list[Reported]:
    return list(ear(nobody).parse(callback(amazon.envelope(Message=json.dumps(EVENTS[name])))))


EVENT_ID = "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"
PLAIN = Reported(
    event_id=EVENT_ID,
    kind=Kind.SENT,
    message_id="m-1",
    remote_id="EXAMPLE7c191be45",
    address="recipient@example.com",
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("send", {"kind": Kind.SENT, "happened_at": at("2026-10-14T05:02:16.645Z"),
                  "remote_id": "7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000"}),
        ("delivery", {"kind": Kind.DELIVERED, "happened_at": at("2026-10-19T23:21:04.133Z"),
                      "remote_id": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000"}),
        ("bounce", {"kind": Kind.BOUNCED, "happened_at": at("2026-08-05T00:41:02.669Z"),
                    "reason": Reason.ADDRESS_UNREACHABLE, "detail": "Permanent General"}),
        ("complaint", {"kind": Kind.COMPLAINED, "happened_at": at("2026-08-05T00:41:02.669Z"), "detail": "abuse"}),
        ("reject", {"kind": Kind.FAILED, "happened_at": at("2026-10-14T17:38:15.211Z"), "detail": "Reject",
                    "reason": Reason.CONTENT_REFUSED, "address": "sender@example.com"}),
        ("rendering", {"kind": Kind.FAILED, "happened_at": at("2026-01-22T18:43:06.197Z"),
                       "detail": "Rendering Failure", "reason": Reason.CONTENT_REFUSED}),
        ("open", {"kind": Kind.OPENED, "happened_at": at("2026-08-09T22:00:19.652Z")}),
        ("click", {"kind": Kind.CLICKED, "happened_at": at("2026-08-09T23:51:25.570Z"),
                   "link": "http://docs.aws.amazon.com/ses/latest/DeveloperGuide/send-email-smtp.html"}),
        ("delay", {"kind": Kind.DEFERRED, "happened_at": at("2026-06-16T00:25:40.095Z"),
                   "reason": Reason.TEMPORARY, "detail": "TransientCommunicationFailure"}),
        ("subscription", {"kind": Kind.UNSUBSCRIBED, "happened_at": at("2026-01-12T01:00:17.910Z")}),
    ],
)  # fmt: skip
def test_events_in_our_words(amazon: Amazon, name: str, expected: dict[str, Any]) -> None:
    assert parsed(amazon, name) == [replace(PLAIN, **expected)]


def test_a_notification_about_two_addresses_makes_two_reports_with_ids_of_their_own(amazon: Amazon) -> None:
    first, second = parsed(amazon, "bounce_full")
    assert (first.event_id, second.event_id) == (EVENT_ID, f"{EVENT_ID}:1")
    assert (first.address, second.address) == ("jane@example.com", "richard@example.com")
    assert {first.kind, second.kind} == {Kind.SOFT_BOUNCED}
    assert {first.reason, second.reason} == {Reason.MAILBOX_FULL}
    assert (first.message_id, first.remote_id) == ("", "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa068a-000000")


def test_taking_a_mail_out_of_the_junk_folder_is_no_complaint(amazon: Amazon) -> None:
    assert parsed(amazon, "not_spam") == []


@pytest.mark.parametrize(
    ("bounce", "expected"),
    [
        (("Permanent", "OnAccountSuppressionList"), (Kind.BOUNCED, Reason.POLICY_REFUSED)),
        (("Permanent", "Brand New"), (Kind.BOUNCED, Reason.UNRECOGNISED)),
        (("Undetermined", "Undetermined"), (Kind.SOFT_BOUNCED, Reason.UNRECOGNISED)),
        (("Transient", "ContentRejected"), (Kind.SOFT_BOUNCED, Reason.CONTENT_REFUSED)),
    ],
)
def test_hard_and_soft_bounces(amazon: Amazon, bounce: tuple[str, str], expected: tuple[Kind, Reason]) -> None:
    event = json.loads(json.dumps(EVENTS["bounce"]))
    event["bounce"].update(bounceType=bounce[0], bounceSubType=bounce[1])
    [report] = ear(nobody).parse(callback(amazon.envelope(Message=json.dumps(event))))
    assert (report.kind, report.reason) == expected


def test_events_that_are_new_to_us_say_nothing(amazon: Amazon) -> None:
    event = {"eventType": "Teleported", "mail": {"messageId": "x"}}
    assert ear(nobody).parse(callback(amazon.envelope(Message=json.dumps(event)))) == []


def test_the_greeting_of_a_new_topic_says_nothing_and_nonsense_is_malformed(amazon: Amazon) -> None:
    greeting = "Successfully validated SNS topic for Amazon SES event publishing."
    assert ear(nobody).parse(callback(amazon.envelope(Message=greeting))) == []
    with pytest.raises(Malformed):
        ear(nobody).parse(callback(amazon.envelope(Message="hello")))


def test_nothing_printed_holds_an_address(amazon: Amazon) -> None:
    assert "recipient@" not in repr(parsed(amazon, "bounce")) + repr(callback(amazon.envelope()))


def test_a_bad_topic_is_refused_when_the_account_is_opened() -> None:
    with pytest.raises(Misconfigured, match="topic="):
        ear(nobody, topic="clarion")


def test_what_motos_sns_signs_and_delivers_over_http_is_genuine() -> None:
    """The peer: moto's SNS signs with a key of its own, posts to a subscriber and serves the certificate."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    subscriber = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=subscriber.serve_forever, args=(0.01,), daemon=True).start()
    with mock_aws():
        server = ThreadedMotoServer(port=0, verbose=False)
        server.start()
        base = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        topic = _publish(base, f"http://127.0.0.1:{subscriber.server_port}/hooks")

        def fetch(url: str) -> bytes:  # mock_aws answers for sns.*.amazonaws.com
            return bytes(requests.get(url, timeout=5).content)

        request = callback(got[-1], at=datetime.now(UTC) + timedelta(seconds=1))
        ear(fetch, topic=topic).verify(request)
        [report] = ear(fetch, topic=topic).parse(request)
        server.stop()
    subscriber.shutdown()
    subscriber.server_close()
    assert (report.kind, report.message_id) == (Kind.BOUNCED, "m-1")


def _publish(base: str, endpoint: str) -> str:
    import boto3

    client = boto3.client(
        "sns", region_name="eu-west-1", endpoint_url=base, aws_access_key_id="k", aws_secret_access_key="s"
    )
    topic = str(client.create_topic(Name="clarion")["TopicArn"])
    client.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)
    client.publish(TopicArn=topic, Message=json.dumps(EVENTS["bounce"]))
    client.close()
    return topic
