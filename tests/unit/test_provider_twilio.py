"""Twilio: what is sent, what each of its codes means, and which callbacks are believed (held against Twilio's SDK)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.feedback import Callback, Forged, Kind, Malformed, Reported
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.twilio import ENTRY
from clarion.providers.twilio.answers import ACCOUNT, REJECTED, RETRY, judge, later, outcome_of
from clarion.providers.twilio.feedback import TwilioFeedback
from clarion.providers.twilio.send import TwilioProvider
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.simulator import Fault, Trick
from clarion.testing.simulators.twilio import SID, TOKEN, TwilioSimulator

RECORDED = Path(__file__).parents[1] / "recorded" / "twilio"
HOOK = "https://clarion.example.com/api/v1/hooks/twilio/t0ken"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def sms(key: str, *, to: str = "+255712345678", body: str = "Hello") -> Message:
    return messages.message(key, to=to, content=SmsContent(body=body))


@pytest.fixture
def vendor() -> Iterator[TwilioSimulator]:
    with TwilioSimulator(reports=False) as simulator:
        yield simulator


def opened(vendor: TwilioSimulator, query: str = "from=%2B15005550006", *, hook: str = HOOK) -> Provider:
    url = parse_account_url(f"twilio://{SID}:{TOKEN}@?{query}&endpoint={vendor.url}&timeout=2")
    return ENTRY.open(url, ChannelKey.SMS, replace(MemoryHost().host(), callback_url=hook))


def outcome(provider: Provider, message: Message) -> Outcome:
    ((key, found),) = provider.send([message])
    provider.close()
    assert key == message.id
    return found


def sent_form(vendor: TwilioSimulator) -> Mapping[str, list[str]]:
    return parse_qs(vendor.calls[-1].body.decode(), strict_parsing=True)


# sending


def test_a_message_is_a_form_with_our_id_in_the_status_callback(vendor: TwilioSimulator) -> None:
    body = "Größe: 5 € & mehr = 100%+ ünïcödé 🎉\nzwei"
    assert isinstance(outcome(opened(vendor), sms("id.with/odd&chars?", body=body)), Sent)
    assert sent_form(vendor) == {
        "From": ["+15005550006"],
        "To": ["+255712345678"],
        "Body": [body],
        "StatusCallback": [f"{HOOK}?message=id.with%2Fodd%26chars%3F"],
    }
    assert vendor.accepted == {"id.with/odd&chars?": 1}


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        ("https://clarion.example.com/h", True),
        ("https://8.8.8.8/h", True),
        ("http://127.0.0.1:8000/h", False),
        ("http://localhost:8000/h", False),
        ("https://clarion/h", False),
        ("https://10.0.0.7/h", False),
        ("https://[::1]/h", False),
        ("", False),
    ],
)
def test_a_callback_that_twilio_cannot_reach_is_left_out(hook: str, told: bool) -> None:
    url = parse_account_url(f"twilio://{SID}:{TOKEN}@?from=%2B15005550006")
    provider = TwilioProvider(url, ChannelKey.SMS, replace(MemoryHost().host(), callback_url=hook))
    form = provider._body(sms("a"), SmsContent(body="Hello"))
    provider.close()
    assert ("StatusCallback" in form) is told


def test_a_messaging_service_takes_the_place_of_the_number(vendor: TwilioSimulator) -> None:
    service = "MG" + "0" * 32
    found = outcome(opened(vendor, f"messaging_service={service}&max_price=0.05", hook=""), sms("a"))
    assert isinstance(found, Sent)
    assert found.segments is None
    assert sent_form(vendor) == {
        "MessagingServiceSid": [service],
        "MaxPrice": ["0.05"],
        "To": ["+255712345678"],
        "Body": ["Hello"],
    }


def test_what_expires_is_not_kept_by_twilio_any_longer(vendor: TwilioSimulator) -> None:
    outcome(opened(vendor), replace(sms("a"), expires_at=datetime.now(UTC) + timedelta(seconds=90)))
    assert 85 <= int(sent_form(vendor)["ValidityPeriod"][0]) <= 90
    outcome(opened(vendor), replace(sms("b"), expires_at=datetime.now(UTC) + timedelta(days=9)))
    assert sent_form(vendor)["ValidityPeriod"] == ["36000"]
    outcome(opened(vendor), replace(sms("c"), expires_at=NOW - timedelta(days=9)))
    assert sent_form(vendor)["ValidityPeriod"] == ["1"]


def test_segments_and_price_are_told(vendor: TwilioSimulator) -> None:
    vendor.script(Fault(status=201, body=(RECORDED / "queued.json").read_bytes()))
    assert outcome(opened(vendor), sms("a")) == Sent(
        remote_id="SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", segments=2, price="0.00750 USD"
    )


def test_a_refusal_keeps_the_code_and_nothing_of_its_text(vendor: TwilioSimulator) -> None:
    vendor.script(Fault(status=400, body=(RECORDED / "refused.json").read_bytes()))
    assert outcome(opened(vendor), sms("a")) == Rejected(
        why=Reason.INVALID_ADDRESS,
        suppress=True,
        detail="Twilio 21211, see https://www.twilio.com/docs/api/errors/21211",
    )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            Fault(status=429, headers={"Retry-After": "7"}, body=b'{"code": 20429}'),
            Retry(why=Reason.THROTTLED, after=timedelta(seconds=7), whole_account=True, detail="20429"),
        ),
        (Fault(status=429, body=b"{}"), Retry(why=Reason.THROTTLED, whole_account=True, detail="HTTP 429")),
        (Fault(status=500), Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 500")),
        (Fault(status=503, body=b"<html>"), Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503")),
        (Fault(status=504), Unclear(why=Reason.TIMEOUT, detail="HTTP 504")),
        (Fault(status=400, body=b'{"code": 99999}'), Retry(why=Reason.UNRECOGNISED, detail="99999")),
        (Fault(status=302, headers={"Location": "/x"}), Retry(why=Reason.UNRECOGNISED, detail="HTTP 302")),
        (Fault(status=201, body=b'{"sid": "SM1", "status": "failed", "error_code": 30007}'), 30007),
        (
            Fault(status=201, body=b'{"sid": "SM1", "status": "failed", "error_code": 39999}'),
            Retry(why=Reason.UNRECOGNISED, detail="status failed"),
        ),
        (
            Fault(status=201, body=b"{}"),
            Unclear(why=Reason.UNRECOGNISED, detail="the answer is not a message resource"),
        ),
        (
            Fault(trick=Trick.MALFORMED),
            Unclear(why=Reason.UNRECOGNISED, detail="the answer is not a message resource"),
        ),
    ],
)
def test_an_answer_is_classified(vendor: TwilioSimulator, fault: Fault, expected: Outcome | int) -> None:
    vendor.script(fault)
    found = outcome(opened(vendor), sms("a"))
    if isinstance(expected, int):
        assert found == outcome_of(expected)
        return
    if expected.detail.isdigit():
        expected = replace(
            expected, detail=f"Twilio {expected.detail}, see https://www.twilio.com/docs/api/errors/{expected.detail}"
        )
    assert found == expected


def test_a_reset_after_it_was_taken_and_silence_are_unclear(vendor: TwilioSimulator) -> None:
    vendor.script(Fault(trick=Trick.RESET_AFTER), Fault(trick=Trick.SLOW, seconds=3))
    provider = opened(vendor)
    found = [outcome for message in (sms("a"), sms("b")) for _, outcome in provider.send([message])]
    provider.close()
    assert [type(each) for each in found] == [Unclear, Unclear]
    assert vendor.accepted["a"] == 1


def test_one_wrong_number_does_not_disturb_three_hundred_others(vendor: TwilioSimulator) -> None:
    batch = [sms(f"m{place}", to="+15005550009" if place == 17 else "+255712345678") for place in range(300)]
    provider = opened(vendor)
    found = dict(provider.send(batch))
    provider.close()
    assert found["m17"] == outcome_of(21614)
    assert sum(isinstance(each, Sent) for each in found.values()) == 299


# codes


@pytest.mark.parametrize("code", sorted(REJECTED))
def test_every_refusal_is_of_one_message(code: int) -> None:
    reason, dead = REJECTED[code]
    found = outcome_of(code)
    assert isinstance(found, Rejected)
    assert (found.why, found.suppress) == (reason, dead)
    kind, why = later(code)
    assert why == reason
    assert kind == (Kind.UNSUBSCRIBED if code == 21610 else Kind.BOUNCED if dead else Kind.FAILED)


@pytest.mark.parametrize("code", sorted(RETRY))
def test_every_passing_trouble_is_tried_again(code: int) -> None:
    reason, whole = RETRY[code]
    found = outcome_of(code)
    assert isinstance(found, Retry)
    assert (found.why, found.whole_account) == (reason, whole)
    assert later(code)[0] == (Kind.SOFT_BOUNCED if code == 30003 else Kind.FAILED)


@pytest.mark.parametrize("code", sorted(ACCOUNT))
def test_every_fault_of_the_account_blames_nobody(code: int) -> None:
    with pytest.raises(Misconfigured, match=ACCOUNT[code].split(":")[0].replace("(", r"\(")):
        outcome_of(code)
    assert later(code) == (Kind.FAILED, Reason.MISCONFIGURED)


def test_no_code_stands_in_two_tables() -> None:
    assert not set(REJECTED) & set(RETRY)
    assert not set(REJECTED) & set(ACCOUNT)
    assert not set(RETRY) & set(ACCOUNT)


def test_a_code_that_is_not_in_the_tables_is_tried_again() -> None:
    assert outcome_of(12345) is None
    assert later(12345) == (Kind.FAILED, Reason.UNRECOGNISED)
    unknown = judge(12345, Response(status=400, headers={}, body=b""))
    assert isinstance(unknown, Retry)
    assert unknown.why is Reason.UNRECOGNISED


# the account


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"twilio://{SID}@?from=%2B1555", "auth token"),
        (f"twilio://{SID}:t@", "either from="),
        (f"twilio://{SID}:t@?from=%2B1555&messaging_service=MG{'0' * 32}", "either from="),
        (f"twilio://{SID}:t@?messaging_service=XY", "messaging_service="),
        (f"twilio://{SID}:t@?from=much-too-long-a-name", "from="),
        (f"twilio://{SID}:t@?from=%2B1555&max_price=cheap", "max_price="),
        ("twilio://AC12:t@?from=%2B1555", "32 hex digits"),
        (f"twilio://SK{'0' * 32}:t@?from=%2B1555", "account="),
        (f"twilio://{SID}:t@api.twilio.com?from=%2B1555", "no host"),
        (f"twilio://{SID}:t@?from=%2B1555&form=x", "unknown option form"),
    ],
)
def test_a_url_that_cannot_work_is_refused_with_what_to_write(url: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said) as refused:
        ENTRY.open(parse_account_url(url), ChannelKey.SMS, MemoryHost().host())
    assert SID not in str(refused.value)


def test_the_probe_tells_a_suspended_and_an_unknown_account_and_one_that_is_away(vendor: TwilioSimulator) -> None:
    provider = opened(vendor)
    provider.probe()
    vendor.script(Fault(status=200, body=b'{"sid": "AC", "status": "suspended"}'), Fault(status=404), Fault(status=503))
    with pytest.raises(Misconfigured, match="not active"):
        provider.probe()
    with pytest.raises(Misconfigured, match="no such account"):
        provider.probe()
    with pytest.raises(Unreachable, match="HTTP 503"):
        provider.probe()
    provider.close()


# callbacks


def ear(query: str = "from=%2B15017122661") -> TwilioFeedback:
    url = parse_account_url(f"twilio://{SID}:{TOKEN}@?{query}")
    return TwilioFeedback(url, ChannelKey.SMS, MemoryHost().host())


def form(name: str) -> bytes:
    return (RECORDED / f"{name}.form").read_bytes()


def callback(body: bytes, *, url: str = f"{HOOK}?message=n-1", **headers: str) -> Callback:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return Callback(url=url, headers={**content, **named}, body=body, received_at=NOW)


def signed(body: bytes, *, url: str = f"{HOOK}?message=n-1", token: str = TOKEN) -> Callback:
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return callback(body, url=url, x_twilio_signature=RequestValidator(token).compute_signature(url, fields))


def test_what_twilios_own_code_signs_is_believed() -> None:
    ear().verify(signed(form("undelivered")))
    for url in (f"{HOOK}?message=n-1", "https://clarion.example.com:443/api/v1/hooks/twilio/t0ken?message=n-1"):
        other = url.replace(":443", "") if ":443" in url else url.replace(".com/", ".com:443/")
        fields = dict(parse_qsl(form("reply").decode()))
        given = RequestValidator(TOKEN).compute_signature(other, fields)
        ear().verify(callback(form("reply"), url=url, x_twilio_signature=given))


FIELD = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12)


@given(st.dictionaries(FIELD.filter(bool), FIELD, max_size=8))
def test_any_form_that_twilios_own_code_signs_is_believed(fields: dict[str, str]) -> None:
    from urllib.parse import urlencode

    body = urlencode(fields).encode()
    given_signature = RequestValidator(TOKEN).compute_signature(HOOK, fields)
    ear().verify(callback(body, url=HOOK, x_twilio_signature=given_signature))
    assert RequestValidator(TOKEN).validate(HOOK, fields, given_signature)


def test_the_newer_shared_key_signature_is_believed() -> None:
    fields = dict(parse_qsl(form("undelivered").decode()))
    url = f"{HOOK}?message=n-1"
    given = RequestValidator("shared").compute_signature(url, fields, "HMAC_SHA256")
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    report = callback(form("undelivered"), x_twilio_signature=given, x_twilio_webhooks_signature_settings=settings)
    ear("from=%2B15017122661&signing_secret=shared").verify(report)
    with pytest.raises(Forged):
        ear().verify(report)
    with pytest.raises(Forged, match="not known"):
        ear().verify(
            callback(
                form("undelivered"), x_twilio_signature=given, x_twilio_webhooks_signature_settings="algorithm=MD5"
            )
        )


def test_a_json_body_is_proved_by_its_hash_in_the_signed_url() -> None:
    body = b'{"MessageSid": "SM1", "MessageStatus": "delivered"}'
    url = f"{HOOK}?message=n-1&bodySHA256={sha256(body).hexdigest()}"
    given = RequestValidator(TOKEN).compute_signature(url, {})
    assert RequestValidator(TOKEN).validate(url, body.decode(), given)
    report = callback(body, url=url, x_twilio_signature=given, content_type="application/json")
    ear().verify(report)
    assert [each.kind for each in ear().parse(report)] == [Kind.DELIVERED]
    with pytest.raises(Forged, match="bodySHA256"):
        ear().verify(replace(report, body=body.replace(b"SM1", b"SM2")))
    with pytest.raises(Forged, match="bodySHA256"):
        ear().verify(replace(report, url=HOOK))


def test_no_forged_callback_of_a_thousand_is_believed() -> None:
    real = signed(form("undelivered"))
    forged: list[Callback] = [
        replace(real, headers={}),
        replace(real, body=b""),
        replace(real, body=real.body + b"&x=1"),
        replace(real, url=real.url.replace("n-1", "n-2")),
        replace(real, url=real.url.replace("https", "http")),
        replace(real, url=real.url.replace("clarion.example.com", "evil.example.com")),
        replace(real, headers={**real.headers, "content-type": "application/json"}),
        replace(real, body=b"&".join([b"a=b"] * 500)),
        replace(real, body=b"\xff\xfe"),
        signed(form("undelivered"), token="another-token"),
        callback(form("undelivered"), x_twilio_signature="ünïcode"),
    ]
    for place in range(len(real.body)):
        forged.append(replace(real, body=real.body[:place]))
        changed = bytes([real.body[place] ^ 1])
        forged.append(replace(real, body=real.body[:place] + changed + real.body[place + 1 :]))
    believed = []
    for one in forged:
        try:
            ear().verify(one)
        except Forged:
            continue
        believed.append(one)
    assert believed == []
    assert len(forged) > 500


def test_without_an_auth_token_nothing_is_believed() -> None:
    url = parse_account_url(f"twilio://SK{'0' * 32}:{TOKEN}@?from=%2B1555&account={SID}")
    deaf = TwilioFeedback(url, ChannelKey.SMS, MemoryHost().host())
    with pytest.raises(Forged, match="auth_token="):
        deaf.verify(signed(form("undelivered")))


def reported(body: bytes, **changed: str) -> list[Reported]:
    fields: dict[str, Any] = {**dict(parse_qsl(body.decode())), **changed}
    from urllib.parse import urlencode

    return list(ear().parse(callback(urlencode({k: v for k, v in fields.items() if v}).encode())))


def test_an_unknown_handset_is_a_hard_bounce_of_our_message() -> None:
    assert reported(form("undelivered")) == [
        Reported(
            event_id="SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:undelivered",
            kind=Kind.BOUNCED,
            happened_at=datetime(2026, 11, 20, 9, 15, tzinfo=UTC),
            message_id="n-1",
            remote_id="SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            address="+15558675310",
            reason=Reason.ADDRESS_UNREACHABLE,
            detail="Twilio 30005, see https://www.twilio.com/docs/api/errors/30005",
        )
    ]


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        ("accepted", []),
        ("queued", []),
        ("sending", []),
        ("sent", [Kind.SENT]),
        ("delivered", [Kind.DELIVERED]),
        ("read", [Kind.OPENED]),
        ("canceled", [Kind.FAILED]),
    ],
)
def test_every_status_has_its_meaning(status: str, kinds: list[Kind]) -> None:
    found = reported(form("undelivered"), MessageStatus=status, ErrorCode="")
    assert [each.kind for each in found] == kinds


def test_a_status_that_twilio_does_not_have_and_a_missing_one_are_malformed() -> None:
    for changed in (
        {"MessageStatus": "teleported"},
        {"MessageStatus": "", "SmsStatus": ""},
        {"MessageSid": "", "SmsSid": ""},
    ):
        with pytest.raises(Malformed):
            reported(form("undelivered"), **changed)


def test_a_reply_tells_what_twilio_understood() -> None:
    (stop,) = reported(form("reply"))
    assert (stop.kind, stop.text, stop.address) == (Kind.REPLIED, "STOP", "+15558675310")
    assert stop.event_id == "SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb:received"
    (written,) = reported(form("reply"), OptOutType="", Body="Where is my order?")
    assert written.text == "Where is my order?"


def test_the_simulator_signs_its_reports_as_twilio_does(vendor: TwilioSimulator) -> None:
    from clarion.testing.simulators.twilio import sign

    fields = dict(parse_qsl(form("reply").decode()))
    assert sign(TOKEN, HOOK, fields) == RequestValidator(TOKEN).compute_signature(HOOK, fields)
