"""The generic SMS provider: placeholders that cannot break out, answers read by description, reports by proof."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.account import AccountUrl, parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.feedback import Callback, Forged, Kind, Malformed, Reported
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.httpsms import ENTRY
from clarion.providers.httpsms.answers import judge
from clarion.providers.httpsms.feedback import HttpSmsFeedback
from clarion.providers.httpsms.reading import MEANINGS, at, decoded, parse_reading
from clarion.providers.httpsms.template import Form, compile_template
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.http_sms import CALLBACK_SECRET, TOKEN, HttpSmsSimulator
from clarion.testing.simulators.simulator import Fault, Trick

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def sms(key: str, *, to: str = "+255712345678", body: str = "Hello") -> Message:
    return messages.message(key, to=to, content=SmsContent(body=body))


def account(**options: str) -> AccountUrl:
    host = options.pop("host", "gateway.example.com/send")
    options.setdefault("body", '{"to":{to},"text":{text}}')
    return parse_account_url(f"httpsms://ann:s3cret@{host}?{urlencode({k: v for k, v in options.items() if v})}")


@pytest.fixture
def gateway() -> Iterator[HttpSmsSimulator]:
    with HttpSmsSimulator() as simulator:
        yield simulator


def opened(gateway: HttpSmsSimulator, **options: str) -> Provider:
    given_options = {
        "tls": "no",
        "timeout": "2",
        "id": "id",
        "error": "error.code",
        "headers": f"Authorization: Bearer {TOKEN}",
    }
    url = account(host=f"127.0.0.1:{gateway.port}{options.pop('path', '/v1/messages')}", **{**given_options, **options})
    return ENTRY.open(url, ChannelKey.SMS, MemoryHost().host())


def outcome(provider: Provider, message: Message) -> Outcome:
    ((_, found),) = provider.send([message])
    provider.close()
    return found


# placeholders


@given(TEXT)
def test_a_value_cannot_break_out_of_json(value: str) -> None:
    template = compile_template('{"a": {text}, "b": "{x y}"}', Form.JSON, option="body")
    assert json.loads(template.fill({"text": value})) == {"a": value, "b": "{x y}"}


@given(TEXT, TEXT)
def test_a_value_cannot_break_out_of_a_form(value: str, other: str) -> None:
    template = compile_template("to={to}&text={text}&x=1", Form.FORM, option="body")
    found = parse_qs(template.fill({"to": value, "text": other}), keep_blank_values=True)
    assert found == {"to": [value], "text": [other], "x": ["1"]}


@given(TEXT)
def test_a_value_cannot_break_out_of_a_url(value: str) -> None:
    template = compile_template("/a/{text}/b?text={text}", Form.URL, option="query")
    url = urlsplit("https://host" + template.fill({"text": value}))
    assert url.path == f"/a/{quote(value, safe='')}/b"
    assert parse_qs(url.query, keep_blank_values=True) == {"text": [value]}


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40))
def test_a_value_cannot_break_out_of_xml(value: str) -> None:
    template = compile_template('<sms to="{to}"><text>{text}</text></sms>', Form.XML, option="body")
    root = ET.fromstring(template.fill({"to": value, "text": value}))
    assert [child.tag for child in root] == ["text"]
    assert {value.replace("\ufffe", "").replace("\uffff", "")} >= {root[0].text or ""}


def test_control_characters_leave_xml_and_line_breaks_leave_headers() -> None:
    assert compile_template("<t>{text}</t>", Form.XML, option="body").fill({"text": "a\x00\x08b\nc"}) == "<t>ab\nc</t>"
    assert compile_template("x {id}", Form.HEADER, option="headers").fill({"id": "1\r\nEvil: 1"}) == "x 1Evil: 1"


# requests


def test_a_request_is_as_the_template_says(gateway: HttpSmsSimulator) -> None:
    body = '{"to":{to},"plain":{to_digits},"text":{text},"ref":{id},"from":{from},"parts":{segments},"abc":{encoding}}'
    text = 'He said "no"\n€ 🎉'
    found = outcome(opened(gateway, body=body, **{"from": "SHOP"}), sms("n-1", body=text))
    assert found == Sent(remote_id="gw-1")
    assert gateway.messages["gw-1"] == {
        "to": "+255712345678",
        "plain": "255712345678",
        "text": text,
        "ref": "n-1",
        "from": "SHOP",
        "parts": "1",
        "abc": "ucs-2",
    }


def test_a_gateway_may_want_everything_in_the_url(gateway: HttpSmsSimulator) -> None:
    provider = opened(
        gateway, path="/v1/{id}", body="", method="GET", query="u={username}&p={password}&to={to}&text={text}"
    )
    outcome(provider, sms("a/b", body="1+1=2 & more"))
    call = gateway.calls[-1]
    assert (call.method, call.path) == ("GET", "/v1/a/b")
    assert dict(call.query) == {"u": "ann", "p": "s3cret", "to": "+255712345678", "text": "1+1=2 & more"}
    assert call.body == b""


def test_a_form_with_basic_auth(gateway: HttpSmsSimulator) -> None:
    gateway.script(Fault(status=200))
    outcome(opened(gateway, type="form", body="to={to}&text={text}", auth="basic", headers=""), sms("a"))
    call = gateway.calls[-1]
    assert call.body == b"to=%2B255712345678&text=Hello"
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert call.headers["authorization"] == "Basic YW5uOnMzY3JldA=="


def test_the_description_may_stand_in_a_file_and_the_url_comes_first(gateway: HttpSmsSimulator, tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(
        "body = '''{\"to\": {to}, \"text\": {text}, \"ref\": {id}}'''\nid = 'nowhere'\ntls = 'no'\n", "utf-8"
    )
    found = outcome(opened(gateway, template=str(file), body="", tls=""), sms("from-a-file"))
    assert found == Sent(remote_id="gw-1")
    assert gateway.accepted == {"from-a-file": 1}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"body": '{"to":{to}}'}, r"\{text\}"),
        ({"body": '{"to":{to},"text":{text},"x":{secret}}'}, r"no place \{secret\}"),
        ({"body": '{"to":"{to}","text":{text}}'}, "own quotes"),
        ({"body": '{"to":{to},"text":{text}'}, "own quotes"),
        ({"type": "yaml"}, "type="),
        ({"method": "DELETE"}, "method="),
        ({"tls": "maybe"}, "tls="),
        ({"auth": "digest"}, "auth="),
        ({"headers": "no colon here"}, "headers="),
        ({"headers": "X: a\nY: b"}, "headers="),
        ({"ok": "status"}, "ok="),
        ({"codes": "13"}, "codes="),
        ({"codes": "13:shrug"}, "knows no shrug"),
        ({"callback_statuses": "DELIVRD:arrived"}, "knows no arrived"),
        ({"query": "a b"}, "percent-encoded"),
        ({"template": "/nowhere/at/all.toml"}, "cannot be read"),
        ({"colour": "red"}, "unknown option colour"),
    ],
)
def test_a_description_that_cannot_work_is_refused_with_what_to_write(options: dict[str, str], said: str) -> None:
    with pytest.raises(Misconfigured, match=said) as refused:
        ENTRY.open(account(**options), ChannelKey.SMS, MemoryHost().host())
    assert "s3cret" not in str(refused.value)


def test_a_file_with_other_things_than_texts_or_with_unknown_names_is_refused(tmp_path: Path) -> None:
    for content, said in (
        ("body = 1", "texts only"),
        ("colour = 'red'", "unknown option"),
        ("template = '/etc/passwd'", "unknown option"),
        ("= no toml", "cannot be read"),
    ):
        file = tmp_path / "gateway.toml"
        file.write_text(content, "utf-8")
        with pytest.raises(Misconfigured, match=said) as refused:
            ENTRY.open(account(template=str(file)), ChannelKey.SMS, MemoryHost().host())
        assert "colour" not in str(refused.value)  # the file may be somebody else's


# answers

READING = parse_reading(
    {
        "ok": "result.status:queued,sent*",
        "id": "result.id",
        "error": "errors.0.code",
        "codes": "13:address,14:dead,15:content,16:policy,17:throttled,18:retry,19:account,"
        "http402:account,http418:retry",
    }
)


def read(status: int, told: object, **headers: str) -> Outcome:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return judge(Response(status=status, headers=headers, body=body), READING)


def error(code: object) -> dict[str, object]:
    return {"errors": [{"code": code}]}


def test_success_wants_its_condition_and_names_the_id() -> None:
    assert read(200, {"result": {"status": "queued", "id": 77}}) == Sent(remote_id="77")
    assert read(202, {"result": {"status": "sent-later"}}) == Sent()
    detail = "neither ok= nor a code of codes= fits the answer"
    assert read(200, {"result": {"status": "odd"}}) == Unclear(why=Reason.UNRECOGNISED, detail=detail)
    assert read(200, b"<html>") == Unclear(why=Reason.UNRECOGNISED, detail=detail)


def test_each_meaning_is_an_outcome() -> None:
    assert set(MEANINGS) == {"address", "dead", "content", "policy", "throttled", "retry", "account"}
    assert read(200, error(13)) == Rejected(why=Reason.INVALID_ADDRESS, detail="code 13")
    assert read(400, error("14")) == Rejected(why=Reason.ADDRESS_UNREACHABLE, suppress=True, detail="code 14")
    assert read(400, error(15)) == Rejected(why=Reason.CONTENT_REFUSED, detail="code 15")
    assert read(400, error(16)) == Rejected(why=Reason.POLICY_REFUSED, detail="code 16")
    throttled = read(400, error(17), **{"Retry-After": "5"})
    assert throttled == Retry(why=Reason.THROTTLED, after=timedelta(seconds=5), whole_account=True, detail="code 17")
    assert read(400, error(18)) == Retry(why=Reason.TEMPORARY, detail="code 18")
    assert read(418, {}) == Retry(why=Reason.TEMPORARY, detail="HTTP 418")
    for status, told in ((400, error(19)), (402, {})):
        with pytest.raises(Misconfigured):
            read(status, told)


def test_what_is_not_described_is_tried_again_and_blames_nobody() -> None:
    assert read(200, error(99)) == Retry(why=Reason.UNRECOGNISED, detail="code 99")
    assert read(400, error("odd_code")) == Retry(why=Reason.UNRECOGNISED, detail="code odd_code")
    assert read(503, {}) == Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503")
    with pytest.raises(Misconfigured):
        read(401, {})


def test_a_code_that_repeats_the_number_is_not_kept() -> None:
    for code in ("no such number +255712345678", "255712345678", "x" * 50):
        found = read(400, error(code))
        assert found == Retry(why=Reason.UNRECOGNISED, detail="a code that is not shown")


def test_plain_text_answers_can_be_read() -> None:
    reading = parse_reading({"ok": "text:OK*", "id": "text", "codes": "ERR 13:address", "error": "text"})
    assert judge(Response(status=200, headers={}, body=b"OK 4711\n"), reading) == Sent(remote_id="OK 4711")
    refused = judge(Response(status=200, headers={}, body=b"ERR 13"), reading)
    assert isinstance(refused, Rejected)


@given(
    st.recursive(
        st.none() | st.booleans() | TEXT | st.integers(),
        lambda c: st.lists(c, max_size=3) | st.dictionaries(TEXT, c, max_size=3),
    ),
    TEXT,
)
def test_no_answer_and_no_path_breaks_the_reading(told: object, path: str) -> None:
    assert isinstance(at(told, path), str)
    assert at(decoded(b"\xff\x00"), "text") == "\ufffd\x00"


def test_a_reset_after_it_was_taken_is_unclear(gateway: HttpSmsSimulator) -> None:
    gateway.script(Fault(trick=Trick.RESET_AFTER))
    assert isinstance(outcome(opened(gateway), sms("a")), Unclear)
    assert gateway.accepted.total() == 1


def test_the_probe_asks_what_it_was_told_to_and_else_nothing(gateway: HttpSmsSimulator) -> None:
    silent, asking = opened(gateway), opened(gateway, probe="/v1/account")
    silent.probe()
    assert gateway.calls == []
    asking.probe()
    gateway.script(Fault(status=500), Fault(status=404))
    with pytest.raises(Unreachable, match="HTTP 500"):
        asking.probe()
    with pytest.raises(Misconfigured, match="HTTP 404"):
        asking.probe()
    silent.close()
    asking.close()


# reports

MAPPING = {
    "callback_id": "id",
    "callback_ref": "ref",
    "callback_status": "status",
    "callback_to": "to",
    "callback_statuses": "DELIVRD:delivered,UNDELIV:bounced,ACCEPTD:ignored",
}


def ear(**options: str) -> HttpSmsFeedback:
    return HttpSmsFeedback(account(**{**MAPPING, **options}), ChannelKey.SMS, MemoryHost().host())


def report(
    body: bytes, *, url: str = "https://c.example/hooks/httpsms/t", method: str = "POST", **headers: str
) -> Callback:
    named = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Callback(url=url, headers=named, body=body, received_at=NOW, method=method)


DELIVERED = b'{"id": "gw-1", "ref": "n-1", "status": "DELIVRD", "to": "+255712345678"}'


def test_a_report_is_read_by_the_mapping() -> None:
    expected = Reported(
        event_id="gw-1:delivrd", kind=Kind.DELIVERED, message_id="n-1", remote_id="gw-1", address="+255712345678"
    )
    assert ear().parse(report(DELIVERED)) == [expected]
    form = report(
        b"id=gw-1&ref=n-1&status=DELIVRD&to=%2B255712345678", content_type="application/x-www-form-urlencoded"
    )
    assert ear().parse(form) == [expected]
    query = report(b"", url="https://c.example/h?id=gw-1&ref=n-1&status=DELIVRD&to=%2B255712345678", method="GET")
    assert ear().parse(query) == [expected]
    assert ear().parse(report(DELIVERED.replace(b"DELIVRD", b"ACCEPTD"))) == []
    (bounced,) = ear().parse(report(b"[" + DELIVERED.replace(b"DELIVRD", b"UNDELIV") + b"]"))
    assert (bounced.kind, bounced.reason) == (Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE)


def test_what_the_mapping_does_not_know_is_kept_for_later() -> None:
    for body in (DELIVERED.replace(b"DELIVRD", b"ODD"), b'{"status": "DELIVRD"}', b"{", b"7", b"[" * 200_000):
        with pytest.raises(Malformed):
            ear().parse(report(body))


def test_a_report_without_the_agreed_proof_is_not_believed() -> None:
    strict = ear(callback_secret=CALLBACK_SECRET, callback_signature="X-Signature")
    signature = hmac.new(CALLBACK_SECRET.encode(), DELIVERED, hashlib.sha256).hexdigest()
    strict.verify(report(DELIVERED, x_signature=f"sha256={signature}"))
    strict.verify(report(DELIVERED, x_signature=signature.upper()))
    for forged in (
        report(DELIVERED),
        report(DELIVERED + b" ", x_signature=signature),
        report(DELIVERED[:-1], x_signature=signature),
        report(DELIVERED, x_signature="é"),
    ):
        with pytest.raises(Forged):
            strict.verify(forged)
    nothing = hmac.new(CALLBACK_SECRET.encode(), b"", hashlib.sha256).hexdigest()  # what signs any empty body
    query = "https://c.example/h?id=gw-1&ref=n-1&status=UNDELIV"
    for method in ("GET", "POST"):
        with pytest.raises(Forged, match="query"):
            strict.verify(report(b"", url=query, method=method, x_signature=nothing))
    with pytest.raises(Forged, match="query"):
        strict.verify(report(DELIVERED, url=query, method="GET", x_signature=signature))
    bearer = ear(callback_secret="agreed")
    bearer.verify(report(DELIVERED, authorization="Bearer agreed"))
    for value in ("", "Bearer ", "Bearer other", "agreed"):
        with pytest.raises(Forged):
            bearer.verify(report(DELIVERED, authorization=value))
    ear().verify(report(DELIVERED))
    with pytest.raises(Misconfigured, match="callback_secret="):
        ear(callback_signature="X-Signature")
