"""SendGrid: what one call carries, every documented answer, faults; feedback with the vendor's own verifier."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.feedback import Callback, Forged, Kind, Malformed, Reported
from clarion.contract.message import Message, Target
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.sendgrid import ENTRY, answers
from clarion.providers.sendgrid.feedback import SendGridFeedback
from clarion.providers.sendgrid.sharing import share
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.sendgrid import KEY, SendGridSimulator
from clarion.testing.simulators.simulator import Fault, Trick

RECORDED = (Path(__file__).parent.parent / "recorded" / "sendgrid" / "events.json").read_bytes()


def open_sendgrid(endpoint: str, options: str = "timeout=20") -> Provider:
    url = f"sendgrid://{KEY}@?endpoint={endpoint}&{options}"
    return ENTRY.open(parse_account_url(url), ChannelKey.EMAIL, MemoryHost().host())


def send(provider: Provider, *batch: Message) -> dict[str, Outcome]:
    with closing(provider):
        return dict(provider.send(batch))


def rich(number: int, *, to: str = "", category: str = "orders", **content: Any) -> Message:
    return Message(
        id=f"m-{number}",
        notification_id=f"m-{number}",
        user_id="u",
        target=Target(value=to or f"u{number}@example.com"),
        content=EmailContent(**{"subject": f"S {number}", "text": f"Hello {number}!", **content}),
        category=category,
        tags=("spring",),
        created_at=messages.CREATED_AT,
    )


@pytest.fixture
def sendgrid() -> Iterator[SendGridSimulator]:
    with SendGridSimulator() as simulator:
        yield simulator


# what a call carries


def test_a_thousand_rendered_mails_go_in_one_call_and_arrive_as_rendered(sendgrid: SendGridSimulator) -> None:
    head = "<style>p { color: red }</style>" * 2_000  # 60 KB that all share: not what limits a call
    batch = [
        rich(
            number,
            text=f"Grüße {number} -t- {{{{x}}}} %name%\n" + "shared " * 500,
            html=f'{head}<p class="x">Hello {number} &amp; <b>ünï</b></p>{head}',
            headers={"List-Unsubscribe": f"<https://example.com/u/{number}>"},
        )
        for number in range(1_000)
    ]
    outcomes = send(open_sendgrid(sendgrid.url, "timeout=20"), *batch)
    assert all(isinstance(outcome, Sent) and outcome.remote_id for outcome in outcomes.values())
    assert len(sendgrid.calls) == 1
    assert len(sendgrid.calls[0].body) < 1_000_000  # of 124 MB before sharing
    taken = {mail.arguments["clarion_id"]: mail for mail in sendgrid.taken}
    for message in batch:
        content, mail = message.content, taken[message.id]
        assert isinstance(content, EmailContent)
        assert (mail.recipient, mail.subject) == (message.target.value, content.subject)
        assert (mail.text, mail.html) == (content.text, content.html)
        assert mail.headers == {**content.headers, "Auto-Submitted": "auto-generated"}
        assert mail.categories == ("orders", "spring")


def test_small_mails_are_a_thousand_a_call(sendgrid: SendGridSimulator) -> None:
    send(open_sendgrid(sendgrid.url), *[rich(number) for number in range(1_000)])
    assert len(sendgrid.calls) == 1
    assert len(sendgrid.calls[0].body) < 200_000


def test_equal_mails_need_no_substitutions(sendgrid: SendGridSimulator) -> None:
    send(open_sendgrid(sendgrid.url), *[rich(number, text="-t x", html="<p>") for number in range(3)])
    assert b"substitutions" not in sendgrid.calls[0].body
    assert [mail.text for mail in sendgrid.taken] == ["-t x"] * 3


def test_a_mail_whose_own_part_is_above_the_limit_goes_alone(sendgrid: SendGridSimulator) -> None:
    batch = [rich(number) for number in range(4)] + [rich(9, text="ü" * 5_100), rich(10, text="é" * 5_100)]
    outcomes = send(open_sendgrid(sendgrid.url), *batch)
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert sorted(len(json.loads(call.body)["personalizations"]) for call in sendgrid.calls) == [1, 1, 4]
    assert {mail.arguments["clarion_id"]: mail.text for mail in sendgrid.taken}["m-9"] == "ü" * 5_100


def test_what_a_call_must_share_divides_the_calls(sendgrid: SendGridSimulator) -> None:
    batch = [rich(0), rich(1, reply_to="Help <help@example.com>"), rich(2, html="<p>"), rich(3, category="other")]
    outcomes = send(open_sendgrid(sendgrid.url), *batch)
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert len(sendgrid.calls) == 4
    assert {mail.arguments["clarion_id"]: mail.reply_to for mail in sendgrid.taken}["m-1"] == "help@example.com"


def test_no_address_stands_twice_in_a_call(sendgrid: SendGridSimulator) -> None:
    outcomes = send(open_sendgrid(sendgrid.url), rich(0, to="a@x.com"), rich(1, to="A@x.com"), rich(2, to="b@x.com"))
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert len(sendgrid.calls) == 2


def test_header_values_outside_ascii_are_encoded(sendgrid: SendGridSimulator) -> None:
    send(open_sendgrid(sendgrid.url), rich(0, headers={"X-Note": "Grüße " * 12, "X-Plain": "plain"}))
    [mail] = sendgrid.taken
    assert str(make_header(decode_header(mail.headers["X-Note"]))) == "Grüße " * 12
    assert mail.headers["X-Note"].isascii()
    assert "\n" not in mail.headers["X-Note"]
    assert mail.headers["X-Plain"] == "plain"


def test_the_sandbox_mode_checks_and_sends_nothing(sendgrid: SendGridSimulator) -> None:
    assert send(open_sendgrid(sendgrid.url, "sandbox=yes"), rich(0)) == {"m-0": Sent(detail="HTTP 200")}
    assert sendgrid.taken == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (rich(0, to="jörg@example.com"), Reason.INVALID_ADDRESS),
        (rich(0, to="nobody"), Reason.INVALID_ADDRESS),
        (rich(0, subject="a\nb"), Reason.CONTENT_REFUSED),
        (rich(0, reply_to="nobody"), Reason.CONTENT_REFUSED),
        (rich(0, text="\ud83d"), Reason.CONTENT_REFUSED),
        (rich(0, text=""), Reason.CONTENT_REFUSED),
        (rich(0, headers={"Bcc": "x@example.com"}), Reason.CONTENT_REFUSED),
    ],
)
def test_what_cannot_be_sent_is_refused_without_a_call(
    sendgrid: SendGridSimulator, message: Message, reason: Reason
) -> None:
    [outcome] = send(open_sendgrid(sendgrid.url), message).values()
    assert isinstance(outcome, Rejected)
    assert outcome.why is reason
    assert sendgrid.calls == []


TEXTS = st.lists(st.text(alphabet="ab\n😀é-", max_size=12), min_size=1, max_size=6)


@given(TEXTS)
def test_what_is_shared_and_what_is_not_make_the_texts_again(texts: list[str]) -> None:
    shared = share(texts)
    assert [shared.before + middle + shared.after for middle in shared.middles] == texts
    assert shared.has_gap == (len(set(texts)) > 1)


def test_sharing_is_as_long_as_it_can_be() -> None:
    shared = share(["Hello Ann, bye", "Hello Bob, bye", "Hello Anna, bye"])
    assert (shared.before, shared.after) == ("Hello ", ", bye")
    assert list(shared.middles) == ["Ann", "Bob", "Anna"]


# refusals


def test_one_bad_address_spoils_no_other_and_costs_one_more_call(sendgrid: SendGridSimulator) -> None:
    batch = [rich(0), rich(1, to="nobody@-example.com"), rich(2)]
    outcomes = send(open_sendgrid(sendgrid.url), *batch)
    assert outcomes["m-1"] == Rejected(why=Reason.INVALID_ADDRESS, detail="personalizations.1.to.0.email")
    assert isinstance(outcomes["m-0"], Sent)
    assert isinstance(outcomes["m-2"], Sent)
    assert len(sendgrid.calls) == 2
    assert sendgrid.accepted == {"m-0": 1, "m-2": 1}


def test_a_call_refused_without_a_name_is_sent_one_by_one(sendgrid: SendGridSimulator) -> None:
    sendgrid.script(Fault(status=400, body=b'{"errors": [{"message": "odd", "field": "content.0.value"}]}'))
    outcomes = send(open_sendgrid(sendgrid.url), rich(0), rich(1), rich(2))
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert len(sendgrid.calls) == 4
    assert sendgrid.accepted == {"m-0": 1, "m-1": 1, "m-2": 1}


def test_a_fault_half_way_through_a_call_sent_one_by_one_hides_nothing_that_was_taken(
    sendgrid: SendGridSimulator,
) -> None:
    sendgrid.script(
        Fault(status=400, body=b'{"errors": [{"message": "bad", "field": "personalizations.0.to.0.email"}]}'),
        Fault(status=413),
        *[Fault(status=202)] * 3,
        Fault(status=403),
    )
    told: dict[str, Outcome] = {}
    batch = [rich(number) for number in range(9)]
    with closing(open_sendgrid(sendgrid.url, "concurrency=1")) as provider, pytest.raises(Misconfigured):
        told.update(one for one in provider.send(batch))
    assert told.pop("m-0") == Rejected(why=Reason.INVALID_ADDRESS, detail="personalizations.0.to.0.email")
    assert told == {f"m-{n}": Sent(detail="HTTP 202") for n in (1, 2, 3)}
    assert len(sendgrid.calls) == 6


def test_what_is_sent_one_by_one_has_many_calls_in_flight(sendgrid: SendGridSimulator) -> None:
    sendgrid.script(Fault(status=413), *[Fault(trick=Trick.SLOW, seconds=0.4)] * 16)
    begun = time.monotonic()
    outcomes = send(open_sendgrid(sendgrid.url), *[rich(number) for number in range(16)])
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert len(outcomes) == 16
    assert time.monotonic() - begun < 3.2  # one after the other takes 6.4


def judge(status: int, *errors: tuple[str, str | None], **headers: str) -> Outcome | None:
    body = json.dumps({"errors": [{"message": text, "field": name} for text, name in errors]}).encode()
    return answers.judge(Response(status=status, headers=headers, body=body), count=1).others


@pytest.mark.parametrize(
    ("path", "reason"),
    [(f"personalizations.0.{name}", reason) for name, reason in answers.OWN.items()] + list(answers.SHARED.items()),
)
def test_every_field_a_refusal_may_name_has_a_reason(path: str, reason: Reason) -> None:
    assert judge(400, ("no", path)) == Rejected(why=reason, detail=path)
    assert judge(400, ("no", f"{path}.0.x")) == Rejected(why=reason, detail=f"{path}.0.x")


@pytest.mark.parametrize("name", sorted(answers.ACCOUNT))
def test_what_the_account_sets_is_the_accounts_fault(name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        judge(400, ("no", f"{name}.email"))


@pytest.mark.parametrize(
    ("status", "errors", "headers", "expected"),
    [
        (400, [("odd", None)], {}, Retry(why=Reason.UNRECOGNISED, detail="HTTP 400, and no known field is named")),
        (400, [], {}, Retry(why=Reason.UNRECOGNISED, detail="HTTP 400 without errors")),
        (401, [("Maximum credits exceeded", None)], {},
         Retry(why=Reason.THROTTLED, after=timedelta(hours=1), whole_account=True, detail="credits exceeded")),
        (408, [], {}, Retry(why=Reason.TEMPORARY, detail="HTTP 408")),
        (413, [], {}, Rejected(why=Reason.TOO_LARGE, detail="HTTP 413")),
        (429, [], {}, Retry(why=Reason.THROTTLED, whole_account=True, detail="HTTP 429")),
        (429, [], {"Retry-After": "9"},
         Retry(why=Reason.THROTTLED, after=timedelta(seconds=9), whole_account=True, detail="HTTP 429")),
        (429, [], {"X-RateLimit-Reset": "1000"}, Retry(why=Reason.THROTTLED, whole_account=True, detail="HTTP 429")),
        (500, [], {}, Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 500")),
        (503, [], {}, Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503")),
        (418, [], {}, Retry(why=Reason.UNRECOGNISED, detail="HTTP 418")),
    ],
)  # fmt: skip
def test_statuses(status: int, errors: list[tuple[str, None]], headers: dict[str, str], expected: Outcome) -> None:
    assert judge(status, *errors, **headers) == expected


def test_the_rate_limits_reset_is_waited_for() -> None:
    reset = str(int(datetime.now(UTC).timestamp()) + 40)
    outcome = judge(429, **{"X-RateLimit-Reset": reset})
    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert timedelta(seconds=35) < outcome.after <= timedelta(seconds=40)


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (401, "The provided authorization grant is invalid, expired, or revoked", "credentials"),
        (403, "The from address does not match a verified Sender Identity.", "verified the sender"),
        (403, "access forbidden", "credentials"),
        (404, "", "endpoint="),
        (405, "", "endpoint="),
        (415, "", "endpoint="),
    ],
)
def test_refusals_of_the_account_are_misconfigured(status: int, text: str, expected: str) -> None:
    with pytest.raises(Misconfigured, match=expected):
        judge(status, (text, None))


def test_a_sender_that_is_not_verified_is_the_accounts_fault(sendgrid: SendGridSimulator) -> None:
    sendgrid.unverified = {"no-reply@example.com"}
    with closing(open_sendgrid(sendgrid.url)) as provider, pytest.raises(Misconfigured, match="verified the sender"):
        list(provider.send([rich(0)]))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=503), Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503")),
        (Fault(trick=Trick.RESET_AFTER), Unclear(why=Reason.CONNECTION_LOST, detail="the connection broke")),
        (Fault(trick=Trick.MALFORMED), Sent(detail="HTTP 200")),  # a 2xx has no body to be read
        (Fault(trick=Trick.SLOW, seconds=1.5), Unclear(why=Reason.TIMEOUT, detail="no answer in time")),
    ],
)
def test_faults_of_the_wire_are_told_of_each_message(
    sendgrid: SendGridSimulator, fault: Fault, expected: Outcome
) -> None:
    sendgrid.script(fault)
    timeout = "timeout=1" if fault.trick is Trick.SLOW else "timeout=20"
    assert send(open_sendgrid(sendgrid.url, timeout), rich(0), rich(1)) == {"m-0": expected, "m-1": expected}


def test_a_probe_wants_the_right_to_send(sendgrid: SendGridSimulator) -> None:
    sendgrid.scopes = ["user.profile.read"]
    with closing(open_sendgrid(sendgrid.url)) as provider, pytest.raises(Misconfigured, match="Mail Send"):
        provider.probe()
    sendgrid.script(Fault(status=503))
    with closing(open_sendgrid(sendgrid.url)) as provider, pytest.raises(Unreachable):
        provider.probe()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sendgrid://", "API key"),
        ("sendgrid://SG.x@?region=mars", "region="),
        ("sendgrid://SG.x@?sandbox=maybe", "sandbox="),
        ("sendgrid://SG.x@?from=nobody", "from="),
        ("sendgrid://SG.x@?categories=ü", "categories="),
        ("sendgrid://SG.x@?colour=red", "unknown option colour"),
    ],
)
def test_bad_urls_are_refused_with_what_to_write(url: str, expected: str) -> None:
    with pytest.raises(Misconfigured, match=expected):
        ENTRY.open(parse_account_url(url), ChannelKey.EMAIL, MemoryHost().host())


def test_the_european_region_has_its_own_host() -> None:
    from clarion.providers.sendgrid.account import read_account

    account = read_account(parse_account_url("sendgrid://SG.x@?region=eu"), MemoryHost().host())
    assert account.home == "https://api.eu.sendgrid.com"


# feedback

PRIVATE = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AT = str(int(NOW.timestamp()))


def shown(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = PRIVATE) -> str:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b64encode(der).decode()


def ear(key: str | None = None) -> SendGridFeedback:
    option = "" if key == "" else f"?verification_key={(key or shown()).replace('+', '%2B')}"
    return SendGridFeedback(parse_account_url(f"sendgrid://SG.x@{option}"), ChannelKey.EMAIL, MemoryHost().host())


def signed(body: bytes = RECORDED, *, timestamp: str = AT) -> Callback:
    signature = PRIVATE.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "x-twilio-email-event-webhook-signature": b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": timestamp,
    }
    return Callback(url="https://x.example/hooks", headers=headers, body=body, received_at=NOW)


def test_what_is_signed_is_genuine_to_us_and_to_the_vendors_own_verifier() -> None:
    callback = signed()
    ear().verify(callback)
    theirs = EventWebhook(shown())
    arguments = (
        callback.body.decode(),
        callback.headers["x-twilio-email-event-webhook-signature"],
        callback.headers["x-twilio-email-event-webhook-timestamp"],
    )
    assert theirs.verify_signature(*arguments)


def test_the_vendors_own_example_is_genuine() -> None:
    """From sendgrid-python's tests: real key, payload and signature."""
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpV"
        "KS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
    )
    signature = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
    payload = (
        json.dumps(
            [
                {
                    "email": "hello@world.com",
                    "event": "dropped",
                    "reason": "Bounced Address",
                    "sg_event_id": "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
                    "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",
                    "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",
                    "timestamp": 1600112492,
                }
            ],
            sort_keys=True,
            separators=(",", ":"),
        )
        + "\r\n"
    )
    assert EventWebhook(key).verify_signature(payload, signature, "1600112502")
    callback = Callback(
        url="",
        headers={
            "x-twilio-email-event-webhook-signature": signature,
            "x-twilio-email-event-webhook-timestamp": "1600112502",
        },
        body=payload.encode(),
        received_at=datetime.fromtimestamp(1600112503, UTC),
    )
    ear(key).verify(callback)
    [report] = ear(key).parse(callback)
    assert (report.kind, report.remote_id) == (Kind.BOUNCED, "LRzXl_NHStOGhQ4kofSm_A")


@pytest.mark.parametrize(
    "callback",
    [
        replace(signed(), body=RECORDED + b" "),
        replace(signed(), body=RECORDED[:-1]),
        replace(signed(), headers={}),
        replace(signed(), headers={**signed().headers, "x-twilio-email-event-webhook-timestamp": str(int(AT) + 1)}),
        replace(signed(), headers={**signed().headers, "x-twilio-email-event-webhook-signature": "!"}),
        replace(signed(), headers={**signed().headers, "x-twilio-email-event-webhook-signature": "AAAA"}),
        signed(timestamp=str(int(AT) - 27 * 3600)),
        signed(timestamp=str(int(AT) + 3600)),
        signed(timestamp="soon"),
    ],
)
def test_forged_stale_and_truncated_callbacks_are_refused(callback: Callback) -> None:
    with pytest.raises(Forged):
        ear().verify(callback)


def test_without_a_key_nobody_may_report() -> None:
    with pytest.raises(Forged, match="no verification_key="):
        ear("").verify(signed())


@pytest.mark.parametrize("key", ["nonsense", shown(rsa.generate_private_key(public_exponent=65537, key_size=2048))])
def test_a_key_of_another_kind_is_refused_when_the_account_is_opened(key: str) -> None:
    with pytest.raises(Misconfigured, match="verification_key="):
        ear(key)


def test_events_in_our_words() -> None:
    reports = ear().parse(signed())
    assert [(report.kind, report.reason) for report in reports] == [
        (Kind.SENT, None),
        (Kind.DEFERRED, Reason.TEMPORARY),
        (Kind.DELIVERED, None),
        (Kind.OPENED, None),
        (Kind.CLICKED, None),
        (Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE),
        (Kind.SOFT_BOUNCED, Reason.UNRECOGNISED),
        (Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE),
        (Kind.COMPLAINED, None),
        (Kind.UNSUBSCRIBED, None),
        (Kind.UNSUBSCRIBED, None),
    ]
    assert reports[4] == Reported(
        event_id="kCAi1KttyQdEKHhdC-nuEA==",
        kind=Kind.CLICKED,
        happened_at=datetime.fromtimestamp(1763640004, UTC),
        message_id="m-1",
        remote_id="14c5d75ce93.dfd.64b469",
        address="ann@example.com",
        link="http://www.example.com/",
    )
    assert {report.remote_id for report in reports} == {"14c5d75ce93.dfd.64b469", "euo2iKxdSayPF4YE4--I7A"}
    assert "ann@" not in repr(reports)


def event(**fields: Any) -> Reported:
    [report] = ear().parse(signed(json.dumps([{"event": "bounce", "timestamp": 1, **fields}]).encode()))
    return report


@pytest.mark.parametrize(
    ("classification", "kind", "reason"),
    [
        ("Invalid Address", Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE),
        ("Mailbox Unavailable", Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE),
        ("Unclassified", Kind.BOUNCED, Reason.UNRECOGNISED),
        ("Content", Kind.SOFT_BOUNCED, Reason.CONTENT_REFUSED),
        ("Reputation", Kind.SOFT_BOUNCED, Reason.POLICY_REFUSED),
        ("Technical Failure", Kind.SOFT_BOUNCED, Reason.TEMPORARY),
        ("Frequency or Volume Too High", Kind.SOFT_BOUNCED, Reason.THROTTLED),
        (None, Kind.BOUNCED, Reason.UNRECOGNISED),
    ],
)
def test_a_bounce_is_hard_only_where_the_address_is_to_blame(
    classification: str | None, kind: Kind, reason: Reason
) -> None:
    report = event(type="bounce", bounce_classification=classification)
    assert (report.kind, report.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("Bounced Address", Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE),
        ("Invalid", Kind.BOUNCED, Reason.INVALID_ADDRESS),
        ("Invalid SMTPAPI header", Kind.FAILED, Reason.CONTENT_REFUSED),
        ("Unsubscribed Address", Kind.UNSUBSCRIBED, Reason.POLICY_REFUSED),
        ("Spam Reporting Address", Kind.UNSUBSCRIBED, Reason.POLICY_REFUSED),
        ("Spam Content (if Spam Checker app is enabled)", Kind.FAILED, Reason.CONTENT_REFUSED),
        ("Recipient List over Package Quota", Kind.FAILED, Reason.THROTTLED),
        ("Something new", Kind.FAILED, Reason.UNRECOGNISED),
    ],
)
def test_every_reason_of_a_drop_has_a_meaning(text: str, kind: Kind, reason: Reason) -> None:
    report = event(event="dropped", reason=text)
    assert (report.kind, report.reason) == (kind, reason)


def test_an_event_without_an_id_gets_the_same_one_each_time() -> None:
    assert event(email="a@x.com").event_id == event(email="a@x.com").event_id
    assert event(email="a@x.com").event_id != event(email="b@x.com").event_id


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"timestamp": 1}]', b"[1]"])
def test_what_cannot_be_read_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        ear().parse(signed(body))
