"""The anymail bridge: every service can be opened and sends; answers; faults; callbacks with each service's proof."""

import asyncio
import hmac
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha1, sha256
from typing import Any
from urllib.parse import unquote_plus, urlencode

import pytest
from aiohttp import web
from standardwebhooks import Webhook

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
from clarion.providers.anymail import ENTRY, answers
from clarion.providers.anymail.feedback import AnymailFeedback
from clarion.providers.anymail.vendors import VENDORS
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.postmark import TOKEN, PostmarkSimulator
from clarion.testing.simulators.simulator import Fault, Simulator, Trick


def open_anymail(vendor: str, **options: str) -> Provider:
    url = f"anymail://{vendor}?{urlencode(options)}"
    return ENTRY.open(parse_account_url(url), ChannelKey.EMAIL, MemoryHost().host())


def open_postmark(simulator: Simulator, **options: str) -> Provider:
    return open_anymail("postmark", **{"server_token": TOKEN, "endpoint": simulator.url, "timeout": "20", **options})


def send(provider: Provider, *batch: Message) -> dict[str, Outcome]:
    with closing(provider):
        return dict(provider.send(batch))


def rich(key: str, *, to: str = "ann@example.com", **content: Any) -> Message:
    return Message(
        id=key,
        notification_id=key,
        user_id="u",
        target=Target(value=to),
        content=EmailContent(**{"subject": "S", "text": "T", **content}),
        category="orders",
        tags=("spring",),
        created_at=messages.CREATED_AT,
    )


@pytest.fixture
def postmark() -> Iterator[PostmarkSimulator]:
    with PostmarkSimulator() as simulator:
        yield simulator


# sending


def test_a_mail_arrives_as_rendered_with_our_id(postmark: PostmarkSimulator) -> None:
    message = rich(
        "m-1",
        subject="Grüße",
        html="<p>ünï</p>",
        reply_to="Help <help@example.com>",
        headers={"List-Unsubscribe": "<https://example.com/u>"},
    )
    assert send(open_postmark(postmark), message) == {
        "m-1": Sent(remote_id="b7bc2f4a-e38e-4336-af7d-000000000001", detail="sent")
    }
    [mail] = postmark.taken
    assert (mail.Subject, mail.TextBody, mail.HtmlBody) == ("Grüße", "T", "<p>ünï</p>")
    assert (mail.ReplyTo, mail.Tag, mail.Metadata) == ("Help <help@example.com>", "orders", {"clarion_id": "m-1"})
    assert {"Name": "Auto-Submitted", "Value": "auto-generated"} in mail.Headers
    assert {"Name": "List-Unsubscribe", "Value": "<https://example.com/u>"} in mail.Headers


def test_a_mail_without_text_is_html_only(postmark: PostmarkSimulator) -> None:
    send(open_postmark(postmark), rich("m-1", text="", html="<p>x</p>"))
    assert (postmark.taken[0].TextBody, postmark.taken[0].HtmlBody) == ("", "<p>x</p>")


class Patient(PostmarkSimulator):
    """Answers nobody before eight calls are in flight."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.enough = 0, asyncio.Event()

    async def _send(self, request: web.Request) -> web.Response:
        self.waiting += 1
        if self.waiting == 8:
            self.enough.set()
        await self.enough.wait()
        return await super()._send(request)


def test_many_calls_are_in_flight() -> None:
    with Patient() as service:
        outcomes = send(open_postmark(service, timeout="20"), *[rich(f"m-{number}") for number in range(8)])
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())


def test_recipients_the_service_refuses(postmark: PostmarkSimulator) -> None:
    postmark.inactive = {"gone@example.com"}
    outcomes = send(
        open_postmark(postmark), rich("a", to="gone@example.com"), rich("b", to="x@-example.com"), rich("c")
    )
    assert outcomes["a"] == Rejected(why=Reason.POLICY_REFUSED, detail="rejected")
    assert outcomes["b"] == Rejected(why=Reason.INVALID_ADDRESS, detail="invalid")
    assert isinstance(outcomes["c"], Sent)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (rich("m", to="nobody"), Reason.INVALID_ADDRESS),
        (rich("m", subject="a\nb"), Reason.CONTENT_REFUSED),
        (rich("m", reply_to="nobody"), Reason.CONTENT_REFUSED),
        (rich("m", text="\ud83d"), Reason.CONTENT_REFUSED),
        (rich("m", text=""), Reason.CONTENT_REFUSED),
        (rich("m", headers={"Bcc": "x@example.com"}), Reason.CONTENT_REFUSED),
        (rich("m", headers={"X-A": "x\r\nBcc: x@example.com"}), Reason.CONTENT_REFUSED),
    ],
)
def test_what_cannot_be_sent_is_refused_without_a_call(
    postmark: PostmarkSimulator, message: Message, reason: Reason
) -> None:
    [outcome] = send(open_postmark(postmark), message).values()
    assert isinstance(outcome, Rejected)
    assert outcome.why is reason
    assert postmark.calls == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=429, headers={"Retry-After": "7"}),
         Retry(why=Reason.THROTTLED, after=timedelta(seconds=7), whole_account=True, detail="HTTP 429")),
        (Fault(status=429), Retry(why=Reason.THROTTLED, whole_account=True, detail="HTTP 429")),
        (Fault(status=503), Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503")),
        (Fault(status=302, headers={"Location": "http://127.0.0.1:1/x"}),
         Retry(why=Reason.UNRECOGNISED, detail="HTTP 302")),
        (Fault(status=413), Rejected(why=Reason.TOO_LARGE, detail="HTTP 413")),
        (Fault(status=402), Retry(why=Reason.THROTTLED, after=timedelta(hours=1), whole_account=True,
                                  detail="quota or credits used up")),
        (Fault(status=422), Retry(why=Reason.UNRECOGNISED, detail="HTTP 422")),
        (Fault(trick=Trick.RESET_AFTER), Unclear(why=Reason.CONNECTION_LOST, detail="the connection broke")),
        (Fault(trick=Trick.MALFORMED),
         Unclear(why=Reason.UNRECOGNISED, detail="taken, with an answer that cannot be read")),
        (Fault(trick=Trick.SLOW, seconds=1.5), Unclear(why=Reason.TIMEOUT, detail="no answer in time")),
    ],
)  # fmt: skip
def test_faults_of_the_wire(postmark: PostmarkSimulator, fault: Fault, expected: Outcome) -> None:
    postmark.script(fault)
    timeout = "1" if fault.trick is Trick.SLOW else "20"
    assert send(open_postmark(postmark, timeout=timeout), rich("m")) == {"m": expected}


def test_a_fault_of_the_account_begins_no_further_call(postmark: PostmarkSimulator) -> None:
    provider = open_postmark(postmark, server_token="wrong", concurrency="2")
    with closing(provider), pytest.raises(Misconfigured, match="postmark"):
        list(provider.send([rich(f"m-{number}") for number in range(50)]))
    assert len(postmark.calls) <= 4


@pytest.mark.parametrize(("vendor", "code"), sorted(answers.CODES))
def test_every_code_in_the_table_has_its_outcome(vendor: str, code: str) -> None:
    body = json.dumps({"ErrorCode": int(code)} if code.isdigit() else {"name": code}).encode()
    response = Response(status=422, headers={}, body=body)
    expected = answers.CODES[vendor, code]
    if isinstance(expected, Misconfigured):
        with pytest.raises(Misconfigured, match=code):
            answers.by_refusal(vendor, response)
    else:
        assert answers.by_refusal(vendor, response) == expected


@pytest.mark.parametrize("status", sorted(answers.TAKEN))
def test_statuses_that_mean_taken(status: str) -> None:
    assert answers.by_recipient(status, "r") == Sent(remote_id="r", detail=status)


def test_other_statuses() -> None:
    for status, outcome in answers.STATUSES.items():
        assert answers.by_recipient(status, None) == outcome
    assert isinstance(answers.by_recipient("novel", None), Retry)


def test_probes(postmark: PostmarkSimulator) -> None:
    with closing(open_postmark(postmark)) as provider:
        provider.probe()
        postmark.script(Fault(status=503))
        with pytest.raises(Unreachable):
            provider.probe()
    assert [call.path for call in postmark.calls] == ["/server", "/server"]


# every service


class AnyService(Simulator):
    """Answers any POST as the service in question does, and keeps the call."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    def routes(self) -> Iterable[web.RouteDef]:
        async def take(request: web.Request) -> web.Response:
            return web.json_response(self.answer, headers={"X-Message-Id": "r-1"})

        return (web.post("/{path:.*}", take), web.get("/{path:.*}", take))


ADDRESS = "ann@example.com"
SERVICES: dict[str, tuple[dict[str, str], object]] = {
    "brevo": ({"api_key": "k"}, {"messageId": "<r-1>"}),
    "mailersend": ({"api_token": "k"}, {"message": "ok"}),
    "mailgun": ({"api_key": "k", "sender_domain": "example.com"}, {"id": "<r-1>", "message": "Queued. Thank you."}),
    "mailjet": (
        {"api_key": "k", "secret_key": "s"},
        {"Messages": [{"Status": "success", "To": [{"Email": ADDRESS, "MessageID": 1, "MessageUUID": "u"}]}]},
    ),
    "mailtrap": ({"api_token": "k"}, {"success": True, "message_ids": ["r-1"]}),
    "mandrill": ({"api_key": "k"}, [{"email": ADDRESS, "status": "queued", "_id": "r-1"}]),
    "postmark": ({"server_token": "k"}, {"To": ADDRESS, "MessageID": "r-1", "ErrorCode": 0, "Message": "OK"}),
    "resend": ({"api_key": "k"}, {"id": "r-1"}),
    "scaleway": (
        {"secret_key": "k", "project_id": "p"},
        {"emails": [{"id": "r-1", "rcpt_to": ADDRESS, "mail_rcpt": ADDRESS, "status": "new", "message_id": "r-1"}]},
    ),
    "sparkpost": (
        {"api_key": "k"},
        {"results": {"id": "r-1", "total_accepted_recipients": 1, "total_rejected_recipients": 0}},
    ),
}


def test_every_service_of_the_table_is_tried_here() -> None:
    assert set(SERVICES) == set(VENDORS)


@pytest.mark.parametrize("vendor", sorted(SERVICES))
def test_every_service_takes_a_mail_through_our_own_door(vendor: str) -> None:
    options, answer = SERVICES[vendor]
    with AnyService(answer) as service:
        provider = open_anymail(vendor, endpoint=f"{service.url}/base", **options)
        with closing(provider):
            outcomes = dict(provider.send([rich("m-1", html="<p>x</p>")]))
            provider.probe()
        [call] = [call for call in service.calls if call.method == "POST"]
    assert isinstance(outcomes["m-1"], Sent), outcomes
    assert call.path.startswith("/base/")
    assert call.headers["user-agent"] == "Clarion/1"
    assert (b"m-1" in call.body) == (vendor != "mailersend")  # which takes no metadata


@pytest.mark.parametrize("vendor", sorted(SERVICES))
def test_every_service_is_given_where_to_unsubscribe(vendor: str) -> None:
    options, answer = SERVICES[vendor]
    uri = "https://news.example.com/api/v1/preferences/unsubscribe?token=x"
    pair = {
        "List-Unsubscribe": f"<{uri}>, <mailto:stop@example.com?subject=x>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    with AnyService(answer) as service:
        outcomes = send(open_anymail(vendor, endpoint=f"{service.url}/base", **options), rich("m-1", headers=pair))
        [call] = [call for call in service.calls if call.method == "POST"]
    assert isinstance(outcomes["m-1"], Sent), outcomes
    said = unquote_plus(call.body.decode()).replace("\\/", "/")
    assert uri in said
    if vendor == "mailersend":  # custom headers are for enterprise accounts; this field is the service's own
        assert json.loads(call.body)["list_unsubscribe"] == f"<{uri}>"
        assert "headers" not in json.loads(call.body)
    else:
        assert "List-Unsubscribe-Post" in said


@pytest.mark.parametrize("answer", [{}, [], "odd", {"emails": []}, {"message": "something new"}])
@pytest.mark.parametrize("vendor", sorted(SERVICES))
def test_an_answer_that_nobody_understands_is_no_refusal(vendor: str, answer: object) -> None:
    with AnyService(answer) as service:
        [outcome] = send(
            open_anymail(vendor, endpoint=f"{service.url}/base", **SERVICES[vendor][0]), rich("m")
        ).values()
    assert isinstance(outcome, Sent | Unclear), outcome  # it was a 200: the service may have taken it
    with AnyService(answer) as service:
        service.script(Fault(status=422))
        [outcome] = send(
            open_anymail(vendor, endpoint=f"{service.url}/base", **SERVICES[vendor][0]), rich("m")
        ).values()
    assert outcome == Retry(why=Reason.UNRECOGNISED, detail="HTTP 422")


# the account


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("anymail://", "names no service"),
        ("anymail://carrier-pigeon?api_key=k", "names no service"),
        ("anymail://postmark", "needs server_token="),
        ("anymail://mailjet?api_key=k", "needs secret_key="),
        ("anymail://postmark?server_token=k&from=nobody", "from="),
        ("anymail://postmark?server_token=k&api_key=k", "unknown option api_key"),
    ],
)
def test_bad_urls_are_refused_with_what_to_write(url: str, expected: str) -> None:
    with pytest.raises(Misconfigured, match=expected):
        ENTRY.open(parse_account_url(url), ChannelKey.EMAIL, MemoryHost().host())


def test_private_addresses_are_open_to_an_operators_endpoint_only(postmark: PostmarkSimulator) -> None:
    from clarion.egress.errors import Blocked
    from clarion.providers.anymail.transport import Door

    door = Door(private=False, timeout=2, connections=1)
    with pytest.raises(Blocked):
        door.call("GET", postmark.url, body=None, headers={})
    door.close()
    assert postmark.calls == []


# feedback

NOW = datetime.now(UTC)
URL = "https://clarion.example/api/v1/hooks/anymail/t0ken"


def ear(vendor: str, **options: str) -> AnymailFeedback:
    given = {**SERVICES[vendor][0], **options}
    host = MemoryHost().host()
    return AnymailFeedback(parse_account_url(f"anymail://{vendor}?{urlencode(given)}"), ChannelKey.EMAIL, host)


def callback(body: bytes, **headers: str) -> Callback:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Callback(url=URL, headers={"content-type": "application/json", **named}, body=body, received_at=NOW)


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


POSTMARK_BOUNCE = {
    "RecordType": "Bounce",
    "ID": 42,
    "Type": "HardBounce",
    "TypeCode": 1,
    "MessageID": "00000000-0000-0000-0000-000000000000",
    "Metadata": {"clarion_id": "m-1"},
    "Email": ADDRESS,
    "BouncedAt": "2026-11-20T10:00:00Z",
    "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
}


def reports(vendor: str, body: object, listener: AnymailFeedback) -> list[Reported]:
    return list(listener.parse(callback(json.dumps(body).encode())))


def test_basic_authentication_is_the_proof_where_a_service_does_not_sign() -> None:
    listener = ear("postmark", webhook_secret="us:them")
    body = json.dumps(POSTMARK_BOUNCE).encode()
    listener.verify(callback(body, authorization=basic("us:them")))
    for header in ({}, {"authorization": basic("us:others")}, {"authorization": "Basic !"}):
        with pytest.raises(Forged, match="proof"):
            listener.verify(callback(body, **header))


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_without_its_proof_nobody_may_report(vendor: str) -> None:
    with pytest.raises(Forged, match="nobody may report"):
        ear(vendor).verify(callback(json.dumps(POSTMARK_BOUNCE).encode(), authorization=basic("a:b")))


def test_a_bounce_in_our_words() -> None:
    [report] = reports("postmark", POSTMARK_BOUNCE, ear("postmark", webhook_secret="us:them"))
    assert report == Reported(
        event_id="42",
        kind=Kind.BOUNCED,
        happened_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
        message_id="m-1",
        remote_id="00000000-0000-0000-0000-000000000000",
        address=ADDRESS,
        reason=Reason.ADDRESS_UNREACHABLE,
        detail="bounced bounced",
    )
    assert ADDRESS not in repr(report)


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"Type": "SoftBounce"}, Kind.SOFT_BOUNCED, Reason.ADDRESS_UNREACHABLE),
        ({"Type": "Transient"}, Kind.DEFERRED, Reason.TEMPORARY),
        ({"Type": "BadEmailAddress"}, Kind.BOUNCED, Reason.INVALID_ADDRESS),
        ({"Type": "Blocked"}, Kind.FAILED, Reason.POLICY_REFUSED),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, Kind.COMPLAINED, Reason.CONTENT_REFUSED),
        ({"RecordType": "Delivery", "DeliveredAt": "2026-11-20T10:00:00Z"}, Kind.DELIVERED, None),
        ({"RecordType": "Open"}, Kind.OPENED, None),
        ({"RecordType": "Click", "OriginalLink": "https://example.com"}, Kind.CLICKED, None),
    ],
)
def test_kinds(change: dict[str, str], kind: Kind, reason: Reason | None) -> None:
    [report] = reports("postmark", {**POSTMARK_BOUNCE, **change}, ear("postmark", webhook_secret="us:them"))
    assert (report.kind, report.reason) == (kind, reason)
    assert report.link == ("https://example.com" if kind is Kind.CLICKED else "")


def test_kinds_that_mean_nothing_to_us_say_nothing() -> None:
    event = {**POSTMARK_BOUNCE, "Type": "AutoResponder"}
    assert reports("postmark", event, ear("postmark", webhook_secret="us:them")) == []


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{"])
def test_what_cannot_be_read_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        ear("postmark", webhook_secret="us:them").parse(callback(body))


SECRET = "whsec_" + b64encode(b"0123456789abcdef01234567").decode()
RESEND = {
    "type": "email.bounced",
    "created_at": "2026-11-20T10:00:00.000Z",
    "data": {
        "email_id": "r-1",
        "to": [ADDRESS],
        "headers": [{"name": "X-Metadata", "value": '{"clarion_id": "m-1"}'}],
        "bounce": {"message": "no such user", "type": "Permanent", "subType": "General"},
    },
}


def test_resend_signs_as_svix_does() -> None:
    listener, body = ear("resend", signing_secret=SECRET), json.dumps(RESEND).encode()
    now = datetime.now(UTC)  # good for five minutes, and the suite may have begun before
    signature = Webhook(SECRET).sign("msg_1", now, body.decode())
    headers = {"svix_id": "msg_1", "svix_timestamp": str(int(now.timestamp())), "svix_signature": signature}
    listener.verify(callback(body, **headers))
    [report] = listener.parse(callback(body, **headers))
    assert (report.kind, report.message_id, report.event_id) == (Kind.BOUNCED, "m-1", "msg_1")
    for forged in (callback(body + b" ", **headers), callback(body), callback(body, **{**headers, "svix_id": "msg_2"})):
        with pytest.raises(Forged):
            listener.verify(forged)


def mailgun(*, key: str = "k3y", at: datetime = NOW) -> bytes:
    timestamp, token = str(int(at.timestamp())), "a" * 50
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), sha256).hexdigest()
    return json.dumps(
        {
            "signature": {"timestamp": timestamp, "token": token, "signature": signature},
            "event-data": {
                "event": "failed",
                "severity": "permanent",
                "reason": "bounce",
                "id": "e-1",
                "timestamp": NOW.timestamp(),
                "recipient": ADDRESS,
                "message": {"headers": {"message-id": "r-1"}},
                "delivery-status": {"code": 550, "message": "no such user"},
                "user-variables": {"clarion_id": "m-1"},
            },
        }
    ).encode()


def test_mailgun_signs_a_time_and_a_token() -> None:
    listener = ear("mailgun", webhook_signing_key="k3y")
    listener.verify(callback(mailgun()))
    [report] = listener.parse(callback(mailgun()))
    assert (report.kind, report.message_id, report.address) == (Kind.BOUNCED, "m-1", ADDRESS)
    stale = mailgun(at=NOW - timedelta(hours=27))
    deep = b'{"x":' + b"[" * 200_000
    for body in (mailgun(key="other"), stale, b"{}", b"token=x&timestamp=1&signature=y", deep):
        with pytest.raises(Forged):
            listener.verify(callback(body))


@pytest.mark.parametrize("content", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""])
def test_mailguns_old_form_is_refused_or_an_old_signature_could_be_used_for_ever(content: str) -> None:
    """A body that is JSON with a time of today, and a form with the signature and the event of whoever kept one."""
    old = str(int((NOW - timedelta(days=400)).timestamp()))
    signature = hmac.new(b"k3y", f"{old}t0ken".encode(), sha256).hexdigest()
    form = f"&timestamp={old}&token=t0ken&signature={signature}&event=bounced&recipient=ann%40example.com&y="
    body = json.dumps({"signature": {"timestamp": str(int(NOW.timestamp()))}, "x": form}).encode()
    listener = ear("mailgun", webhook_signing_key="k3y")
    with pytest.raises(Forged):
        listener.verify(callback(body, **{"content-type": content}))
    with pytest.raises(Forged):
        listener.verify(callback(mailgun(), **{"content-type": content}))


@pytest.mark.parametrize(
    ("vendor", "option", "header"),
    [("mailersend", "signing_secret", "signature"), ("mailtrap", "tracking_secret", "mailtrap_signature")],
)
def test_services_that_sign_the_body(vendor: str, option: str, header: str) -> None:
    listener, body = ear(vendor, **{option: "s3cret"}), b'{"events": []}'
    listener.verify(callback(body, **{header: hmac.new(b"s3cret", body, sha256).hexdigest()}))
    for forged in (callback(body), callback(body, **{header: hmac.new(b"other", body, sha256).hexdigest()})):
        with pytest.raises(Forged):
            listener.verify(forged)


def test_mandrill_signs_url_and_form() -> None:
    events = json.dumps([{"event": "hard_bounce", "ts": 1, "_id": "r-1", "msg": {"email": ADDRESS, "_id": "r-1"}}])
    body = urlencode({"mandrill_events": events}).encode()
    from dataclasses import replace

    host = replace(MemoryHost().host(), callback_url=URL)
    url = parse_account_url("anymail://mandrill?api_key=k&webhook_key=s3cret")
    listener = AnymailFeedback(url, ChannelKey.EMAIL, host)
    signature = b64encode(hmac.new(b"s3cret", (URL + "mandrill_events" + events).encode(), sha1).digest()).decode()
    form = {"content_type": "application/x-www-form-urlencoded"}
    listener.verify(callback(body, x_mandrill_signature=signature, **form))
    [report] = listener.parse(callback(body, **form))
    assert report.kind is Kind.BOUNCED
    with pytest.raises(Forged):
        listener.verify(callback(body + b"x", x_mandrill_signature=signature, **form))


@pytest.mark.parametrize(
    ("vendor", "hard", "soft"),
    [
        ("brevo", {"event": "hard_bounce"}, {"event": "soft_bounce"}),
        ("mailersend", {"type": "activity.hard_bounced"}, {"type": "activity.soft_bounced"}),
        (
            "mailgun",
            {"event-data": {"severity": "permanent", "reason": "bounce"}},
            {"event-data": {"severity": "permanent", "reason": "generic"}},
        ),
        ("mailjet", {"event": "bounce", "hard_bounce": True}, {"event": "bounce", "hard_bounce": False}),
        ("mailtrap", {"event": "bounce"}, {"event": "soft bounce"}),
        ("mandrill", {"event": "hard_bounce"}, {"event": "soft_bounce"}),
        ("postmark", {"Type": "HardBounce"}, {"Type": "SoftBounce"}),
        ("resend", {"data": {"bounce": {"type": "Permanent"}}}, {"data": {"bounce": {"type": "Transient"}}}),
        (
            "sparkpost",
            {"msys": {"message_event": {"bounce_class": "10"}}},
            {"msys": {"message_event": {"bounce_class": "22"}}},
        ),
    ],
)
def test_a_bounce_is_hard_only_where_the_service_says_so(vendor: str, hard: object, soft: object) -> None:
    from anymail.signals import AnymailTrackingEvent

    from clarion.providers.anymail.events import as_reported

    kinds = []
    for own in (hard, soft, None, "nonsense"):
        event = AnymailTrackingEvent(event_type="bounced", reject_reason="bounced", esp_event=own)
        report = as_reported(vendor, event, own_id="digest:0")
        assert report is not None
        assert report.event_id == "digest:0"
        kinds.append(report.kind)
    assert kinds == [Kind.BOUNCED, Kind.SOFT_BOUNCED, Kind.SOFT_BOUNCED, Kind.SOFT_BOUNCED]
