"""Beem: who goes together in a call, what becomes of each recipient, and which reports are believed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

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
from clarion.providers.beem import ENTRY
from clarion.providers.beem.answers import ACCOUNT, REJECTED, RETRY, judge
from clarion.providers.beem.feedback import SILENT, STATUSES, BeemFeedback
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.beem import KEY, SECRET, BeemSimulator
from clarion.testing.simulators.simulator import Fault, Trick

RECORDED = Path(__file__).parents[1] / "recorded" / "beem"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
INVALID = Rejected(why=Reason.INVALID_ADDRESS, detail="Beem counts it as invalid")


def sms(key: str, *, to: str = "+255712345678", body: str = "Hello") -> Message:
    return messages.message(key, to=to, content=SmsContent(body=body))


@pytest.fixture
def vendor() -> Iterator[BeemSimulator]:
    with BeemSimulator() as simulator:
        yield simulator


def opened(vendor: BeemSimulator, query: str = "sender=INFO") -> Provider:
    url = parse_account_url(f"beem://{KEY}:{SECRET}@?{query}&endpoint={vendor.url}&timeout=2")
    return ENTRY.open(url, ChannelKey.SMS, MemoryHost().host())


def sent(vendor: BeemSimulator, *batch: Message) -> dict[str, Outcome]:
    provider = opened(vendor)
    try:
        found = list(provider.send(batch))
    finally:
        provider.close()
    assert len(found) == len({key for key, _ in found})
    return dict(found)


def asked(vendor: BeemSimulator) -> list[dict[str, object]]:
    return [json.loads(call.body) for call in vendor.calls if call.path == "/v1/send"]


# sending


def test_recipients_of_one_text_go_in_one_call_with_a_place_for_each(vendor: BeemSimulator) -> None:
    found = sent(vendor, sms("a", to="+255712345671"), sms("b", to="+255712345672"))
    assert found == {"a": Sent(remote_id="35918915:1"), "b": Sent(remote_id="35918915:2")}
    assert asked(vendor) == [
        {
            "source_addr": "INFO",
            "schedule_time": "",
            "encoding": "0",
            "message": "Hello",
            "recipients": [
                {"recipient_id": "1", "dest_addr": "255712345671"},
                {"recipient_id": "2", "dest_addr": "255712345672"},
            ],
        }
    ]


def test_each_text_is_a_call_of_its_own_and_says_its_encoding(vendor: BeemSimulator) -> None:
    found = sent(vendor, sms("a", body="Habari"), sms("b", body="Привет"))
    assert all(isinstance(outcome, Sent) for outcome in found.values())
    assert {call["message"]: call["encoding"] for call in asked(vendor)} == {"Habari": "0", "Привет": "8"}


def test_the_same_text_to_the_same_number_twice_is_two_calls_so_that_none_is_lost(vendor: BeemSimulator) -> None:
    found = sent(vendor, sms("a"), sms("b"), sms("c", to="+255712345679"))
    assert {type(outcome) for outcome in found.values()} == {Sent}
    assert sorted(len(each["recipients"]) for each in asked(vendor)) == [1, 2]  # type: ignore[arg-type]
    assert vendor.accepted["255712345678"] == 2


def test_of_a_call_taken_in_part_the_reports_tell_who_was_left_out(vendor: BeemSimulator) -> None:
    found = sent(vendor, sms("a", to="+255712345671"), sms("bad", to="+255712340001"), sms("c", to="+255712345672"))
    assert found == {"a": Sent(remote_id="35918915:1"), "bad": INVALID, "c": Sent(remote_id="35918915:3")}


def test_where_the_reports_cannot_tell_it_is_unclear_and_nobody_is_blamed(vendor: BeemSimulator) -> None:
    vendor.forgets_reports = True
    found = sent(vendor, sms("a", to="+255712345671"), sms("bad", to="+255712340001"))
    detail = "Beem left out 1 of 2 and does not say which"
    assert set(found.values()) == {Unclear(why=Reason.UNRECOGNISED, detail=detail)}


def test_a_call_refused_for_one_recipient_is_taken_apart(vendor: BeemSimulator) -> None:
    batch = [sms(f"m{place}", to=f"+2557123456{place:02d}") for place in range(20)]
    found = sent(vendor, *batch, sms("kenya", to="+254712345678"))
    assert found.pop("kenya") == Rejected(why=Reason.POLICY_REFUSED, detail="Beem 106")
    assert {type(outcome) for outcome in found.values()} == {Sent}
    assert set(vendor.accepted.values()) == {1}


def test_a_fault_half_way_through_such_a_call_does_not_hide_what_was_sent(vendor: BeemSimulator) -> None:
    good = json.loads((RECORDED / "submitted.json").read_bytes())
    vendor.script(
        Fault(status=400, body=b'{"code": 106}'),
        Fault(status=200, body=json.dumps(good).encode()),
        Fault(status=401, body=b'{"code": 108}'),
    )
    found = sent(vendor, sms("a", to="+255712345671"), sms("b", to="+255712345672"))
    assert found["a"] == Sent(remote_id="35918915:1")
    assert isinstance(found["b"], Retry)
    assert found["b"].whole_account


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=503), Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503")),
        (Fault(status=429), Retry(why=Reason.THROTTLED, whole_account=True, detail="HTTP 429")),
        (Fault(status=400, body=b'{"code": 103}'), Retry(why=Reason.TEMPORARY, whole_account=True, detail="Beem 103")),
        (Fault(status=200, body=b'{"code": 999}'), Retry(why=Reason.UNRECOGNISED, detail="Beem 999")),
        (Fault(status=400, body=b"<html>"), Retry(why=Reason.UNRECOGNISED, detail="HTTP 400")),
        (Fault(trick=Trick.MALFORMED), Unclear(why=Reason.UNRECOGNISED, detail="the answer is not Beem's")),
        (Fault(status=200, body=b'{"successful": true, "request_id": 7}'), Sent(remote_id="7:1")),
        (Fault(status=200, body=b'{"data": {"code": 100, "request_id": 7}}'), Sent(remote_id="7:1")),
        (Fault(status=200, body=b'{"code": 100, "request_id": 7, "valid": 0, "invalid": 1}'), INVALID),
        (Fault(status=200, body=b'{"code": "100", "request_id": "7", "invalid": "0"}'), Sent(remote_id="7:1")),
        (Fault(status=200, body=b"[]"), Unclear(why=Reason.UNRECOGNISED, detail="the answer is not Beem's")),
    ],
)
def test_an_answer_is_classified(vendor: BeemSimulator, fault: Fault, expected: Outcome) -> None:
    vendor.script(fault)
    assert sent(vendor, sms("a")) == {"a": expected}


def test_a_reset_after_it_was_taken_makes_the_whole_call_unclear(vendor: BeemSimulator) -> None:
    vendor.script(Fault(trick=Trick.RESET_AFTER))
    found = sent(vendor, sms("a", to="+255712345671"), sms("b", to="+255712345672"))
    assert {type(outcome) for outcome in found.values()} == {Unclear}
    assert vendor.accepted.total() == 2


def test_an_empty_balance_is_the_accounts_fault(vendor: BeemSimulator) -> None:
    vendor.script(Fault(status=400, body=(RECORDED / "balance.json").read_bytes()))
    with pytest.raises(Misconfigured, match="top it up"):
        sent(vendor, sms("a"))
    assert vendor.accepted == {}


# codes


def answer(code: int) -> Outcome:
    return judge(code, Response(status=400, headers={}, body=b""))


@pytest.mark.parametrize("code", sorted(REJECTED))
def test_every_refusal_has_its_reason(code: int) -> None:
    assert answer(code) == Rejected(why=REJECTED[code], detail=f"Beem {code}")


@pytest.mark.parametrize("code", sorted(RETRY))
def test_every_passing_trouble_is_tried_again(code: int) -> None:
    reason, whole = RETRY[code]
    assert answer(code) == Retry(why=reason, whole_account=whole, detail=f"Beem {code}")


@pytest.mark.parametrize("code", sorted(ACCOUNT))
def test_every_fault_of_the_account_blames_nobody(code: int) -> None:
    with pytest.raises(Misconfigured, match=f"Beem {code}"):
        answer(code)


# the account


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("beem://key@?sender=INFO", "beem://KEY:SECRET"),
        ("beem://key:secret@host?sender=INFO", "beem://KEY:SECRET"),
        ("beem://key:secret@", "sender="),
        ("beem://key:secret@?sender=MuchTooLongAName", "sender="),
        ("beem://key:secret@?sender=INFO&source=x", "unknown option source"),
    ],
)
def test_a_url_that_cannot_work_is_refused_with_what_to_write(url: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said) as refused:
        ENTRY.open(parse_account_url(url), ChannelKey.SMS, MemoryHost().host())
    assert "secret" not in str(refused.value).replace("SECRET", "").replace("key and secret percent", "")


def test_the_probe_asks_for_the_balance(vendor: BeemSimulator) -> None:
    provider = opened(vendor)
    provider.probe()
    vendor.script(Fault(status=502), Fault(status=404), Fault(status=401, body=b'{"code": 108}'))
    with pytest.raises(Unreachable, match="HTTP 502"):
        provider.probe()
    with pytest.raises(Misconfigured, match="endpoint="):
        provider.probe()
    with pytest.raises(Misconfigured, match="wrong"):
        provider.probe()
    provider.close()


# reports


def ear(query: str = "sender=INFO") -> BeemFeedback:
    return BeemFeedback(parse_account_url(f"beem://key:secret@?{query}"), ChannelKey.SMS, MemoryHost().host())


def report(body: bytes, **headers: str) -> Callback:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"content-type": "application/json"}
    url = "https://clarion.example.com/api/v1/hooks/beem/t0ken"
    return Callback(url=url, headers={**content, **named}, body=body, received_at=NOW)


def recorded(name: str) -> bytes:
    return (RECORDED / f"{name}.json").read_bytes()


def test_a_delivery_report_names_the_recipient_of_the_call() -> None:
    assert ear().parse(report(recorded("delivered"))) == [
        Reported(
            event_id="35918915:2:delivered",
            kind=Kind.DELIVERED,
            happened_at=datetime(2026, 11, 20, 9, 15, tzinfo=UTC),
            remote_id="35918915:2",
            address="+255712345678",
            detail="Beem delivered",
        )
    ]


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_every_status_has_its_meaning(status: str) -> None:
    body = json.dumps({**json.loads(recorded("delivered")), "status": status.upper()}).encode()
    (found,) = ear().parse(report(body))
    assert (found.kind, found.reason) == STATUSES[status]


def test_steps_in_between_say_nothing_and_unknown_ones_are_kept_for_later() -> None:
    for status in SILENT:
        assert ear().parse(report(json.dumps({"request_id": 1, "status": status}).encode())) == []
    for body in (b'{"request_id": 1, "status": "TELEPORTED"}', b'{"request_id": 1}', b'{"status": "DELIVERED"}'):
        with pytest.raises(Malformed):
            ear().parse(report(body))


def test_a_report_may_be_a_form_or_a_list_and_lack_the_recipients_id() -> None:
    form = report(
        b"request_id=7&dest_addr=255712345678&status=FAILED", content_type="application/x-www-form-urlencoded"
    )
    (failed,) = ear().parse(form)
    assert (failed.remote_id, failed.kind, failed.address) == ("7", Kind.FAILED, "+255712345678")
    assert "2557" not in failed.event_id
    two = report(b"[" + recorded("delivered") + b"," + recorded("reply") + b"]")
    assert [each.kind for each in ear().parse(two)] == [Kind.DELIVERED, Kind.REPLIED]


def test_a_reply_is_told_with_its_text() -> None:
    assert ear().parse(report(recorded("reply"))) == [
        Reported(
            event_id="tx-1",
            kind=Kind.REPLIED,
            happened_at=datetime(2026, 11, 20, 9, 15, tzinfo=UTC),
            address="+255712345678",
            text="STOP",
        )
    ]


def test_a_report_without_the_agreed_token_or_cut_off_is_not_believed() -> None:
    ear().verify(report(recorded("delivered")))
    strict = ear("sender=INFO&callback_token=agreed")
    strict.verify(report(recorded("delivered"), beem_secure_token="agreed"))
    for wrong in ({}, {"beem_secure_token": ""}, {"beem_secure_token": "Agreed"}, {"beem_secure_token": "agrééd"}):
        with pytest.raises(Forged):
            strict.verify(report(recorded("delivered"), **wrong))
    with pytest.raises(Forged):
        ear().verify(report(b'{"x":' + b"[" * 200_000))
    body = recorded("delivered").strip()
    for place in range(len(body)):
        with pytest.raises(Forged):
            ear().verify(replace(report(body), body=body[:place]))
