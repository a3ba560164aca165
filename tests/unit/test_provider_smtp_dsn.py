"""Asking for delivery reports, and reading them: ENVID there and back, complaints, what is not believed."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.feedback import Callback, Forged, Kind, Malformed, Reported
from clarion.contract.outcome import Sent
from clarion.contract.reasons import Reason
from clarion.providers.smtp import ENTRY
from clarion.providers.smtp.dsn import Dsn, from_xtext, mail_parameters, rcpt_parameters, xtext
from clarion.providers.smtp.feedback import SmtpFeedback
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import LoopbackServer
from clarion.testing.smtp_sink import SmtpSink

RECORDED = Path(__file__).parent.parent / "recorded" / "smtp"
BOUNCE = (RECORDED / "postfix-unknown-user.eml").read_bytes()
COMPLAINT = (RECORDED / "complaint.eml").read_bytes()
ID = "01999999-0000-7000-8000-000000000001"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class _Server(asyncio.Protocol):
    """A mail server in a few lines that offers these features and keeps MAIL and RCPT as they came."""

    def __init__(self, features: Sequence[str], lines: list[str]) -> None:
        self._features, self._lines = features, lines
        self._buffer, self._in_data = "", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._say("220 mx")

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data.decode()).split("\r\n")
        for line in lines:
            if not self._in_data or line == ".":
                self._obey(line)

    def _obey(self, line: str) -> None:
        verb = line[:4].upper()
        self._in_data = verb == "DATA"
        if verb == "EHLO":
            self._say("\r\n".join(["250-mx", *(f"250-{feature}" for feature in self._features), "250 HELP"]))
        elif verb == "QUIT":
            self._transport.close()
        else:
            self._lines.append(line)
            self._say("354 go" if self._in_data else "250 2.0.0 ok")

    def _say(self, text: str) -> None:
        self._transport.write(text.encode() + b"\r\n")


@pytest.mark.parametrize("features", [("DSN",), ("DSN", "PIPELINING")])
def test_a_server_that_offers_dsn_is_given_our_id(features: tuple[str, ...]) -> None:
    lines: list[str] = []
    with LoopbackServer(lambda: _Server(features, lines)) as server:
        url = parse_account_url(f"smtp://127.0.0.1:{server.port}?tls=none&timeout=5")
        with closing(ENTRY.open(url, ChannelKey.EMAIL, MemoryHost().host())) as provider:
            [(_, outcome)] = provider.send([messages.email(ID, to="a+b@example.com")])
    assert isinstance(outcome, Sent)
    assert f"MAIL FROM:<no-reply@example.com> RET=HDRS ENVID={ID}" in lines
    assert "RCPT TO:<a+b@example.com> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@example.com" in lines


def test_parameters_go_only_to_servers_that_know_them_and_where_they_are_wanted() -> None:
    assert mail_parameters(Dsn.FAILURE, ID, {}) == ""
    assert rcpt_parameters(Dsn.FAILURE, "a@b.c", {}) == ""
    assert mail_parameters(Dsn.NO, ID, {"DSN": ""}) == ""
    assert rcpt_parameters(Dsn.NO, "a@b.c", {"DSN": ""}) == ""
    assert rcpt_parameters(Dsn.SUCCESS, "a@b.c", {"DSN": ""}) == " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a@b.c"
    assert rcpt_parameters(Dsn.FAILURE, "jörg@b.c", {"DSN": ""}) == " NOTIFY=FAILURE"
    assert mail_parameters(Dsn.FAILURE, "x" * 101, {"DSN": ""}) == " RET=HDRS"


def test_an_unknown_wish_is_refused() -> None:
    with pytest.raises(Misconfigured, match="dsn="):
        ENTRY.open(parse_account_url("smtp://h?dsn=perhaps"), ChannelKey.EMAIL, MemoryHost().host())


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
def test_xtext_there_and_back(text: str) -> None:
    encoded = xtext(text)
    assert from_xtext(encoded) == text
    assert all(33 <= ord(char) <= 126 and char != "=" for char in encoded)


# the ear


def ear(options: str = "bounce_secret=s3cret") -> SmtpFeedback:
    return SmtpFeedback(parse_account_url(f"smtp://h?{options}"), ChannelKey.EMAIL, MemoryHost().host())


def callback(body: bytes, **headers: str) -> Callback:
    return Callback(url="https://x.example/hooks", headers=headers, body=body, received_at=NOW)


def test_the_pipe_proves_itself_by_the_secret() -> None:
    ear().verify(callback(BOUNCE, authorization="Bearer s3cret"))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "s3cret", "Basic s3cret", "Bearer s3cretx"])
def test_anybody_else_is_refused(header: str) -> None:
    with pytest.raises(Forged, match="bounce_secret"):
        ear().verify(callback(BOUNCE, authorization=header))


def test_without_a_secret_nobody_may_report() -> None:
    for header in ("", "Bearer "):
        with pytest.raises(Forged, match="no bounce_secret="):
            ear("tls=none").verify(callback(BOUNCE, authorization=header))


def test_a_bounce_names_our_message_and_no_address() -> None:
    [report] = ear().parse(callback(BOUNCE))
    assert report == Reported(
        event_id=report.event_id,
        kind=Kind.BOUNCED,
        happened_at=datetime(2026, 11, 20, 10, 0, 7, tzinfo=UTC),
        message_id=ID,
        reason=Reason.ADDRESS_UNREACHABLE,
        detail="5.1.1",
    )
    assert report.event_id == ear().parse(callback(BOUNCE))[0].event_id
    assert report.address == ""


def test_the_returned_message_id_serves_where_the_envelope_id_was_lost() -> None:
    without = BOUNCE.replace(b"Original-Envelope-Id: " + ID.encode() + b"\n", b"")
    [report] = ear().parse(callback(without))
    assert report.message_id == ID


def test_the_message_id_of_somebody_else_is_not_believed() -> None:
    without = BOUNCE.replace(b"Original-Envelope-Id: " + ID.encode() + b"\n", b"")
    assert ear().parse(callback(without.replace(b"@example.com>\n\n--", b"@example.net>\n\n--"))) == []


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "kind", "reason", "detail"),
    [
        ("failed", "5.2.2", "", Kind.SOFT_BOUNCED, Reason.MAILBOX_FULL, "5.2.2"),
        ("failed", "5.7.1", "", Kind.SOFT_BOUNCED, Reason.POLICY_REFUSED, "5.7.1"),
        ("failed", "5.0.0", "smtp; 550 5.1.1 unknown", Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE, "5.1.1"),
        ("failed", "5.0.0", "smtp; 550 no", Kind.SOFT_BOUNCED, Reason.UNRECOGNISED, "5.0.0"),
        ("failed", "4.4.7", "", Kind.SOFT_BOUNCED, Reason.TEMPORARY, "4.4.7"),
        ("failed", "4.3.1", "", Kind.SOFT_BOUNCED, Reason.TEMPORARY, "4.3.1"),
        ("failed", "5.1.10", "", Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE, "5.1.10"),
        ("delayed", "4.4.1", "", Kind.DEFERRED, Reason.TEMPORARY, "4.4.1"),
        ("delivered", "2.1.5", "", Kind.DELIVERED, None, "2.1.5"),
        ("relayed", "2.1.9", "", Kind.SENT, None, "2.1.9"),
        ("Expanded", "2.1.5", "", Kind.SENT, None, "2.1.5"),
    ],
)
def test_actions_and_statuses_in_our_words(
    action: str, status: str, diagnostic: str, kind: Kind, reason: Reason | None, detail: str
) -> None:
    source = BOUNCE.replace(b"Action: failed", f"Action: {action}".encode())
    source = source.replace(b"Status: 5.1.1", f"Status: {status}".encode())
    source = source.replace(
        b"Diagnostic-Code: smtp; 550 5.1.1 <ann@example.org>: Recipient address\n    rejected: User unknown\n",
        f"Diagnostic-Code: {diagnostic}\n".encode() if diagnostic else b"",
    )
    [report] = ear().parse(callback(source))
    assert (report.kind, report.reason, report.detail) == (kind, reason, detail)


def test_line_ends_of_a_pipe_and_of_the_wire_read_the_same() -> None:
    [plain], [wire] = ear().parse(callback(BOUNCE)), ear().parse(callback(BOUNCE.replace(b"\n", b"\r\n")))
    assert (plain.message_id, plain.kind) == (wire.message_id, wire.kind)


def test_a_complaint_is_one() -> None:
    [report] = ear().parse(callback(COMPLAINT))
    assert (report.kind, report.message_id, report.detail) == (Kind.COMPLAINED, ID, "abuse")
    assert report.happened_at == datetime(2026, 11, 20, 10, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "expected"), [("not-spam", []), ("opt-out", [Kind.UNSUBSCRIBED]), ("fraud", [Kind.COMPLAINED])]
)
def test_kinds_of_complaints(kind: str, expected: list[Kind]) -> None:
    source = COMPLAINT.replace(b"Feedback-Type: abuse", f"Feedback-Type: {kind}".encode())
    assert [report.kind for report in ear().parse(callback(source))] == expected


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"From: a@example.org\nSubject: I am on holiday\n\nBack on Monday\n",
        b"\xff\xfe\x00",
        BOUNCE.replace(b"report-type=delivery-status", b"report-type=disposition-notification"),
        BOUNCE.replace(ID.encode(), b"not ours \xc3\xa4"),
    ],
)
def test_other_mails_say_nothing(source: bytes) -> None:
    assert list(ear().parse(callback(source))) == []


@pytest.mark.parametrize(
    "source",
    [
        BOUNCE.replace(b"message/delivery-status", b"text/plain"),
        COMPLAINT.replace(b"message/feedback-report", b"text/plain"),
        BOUNCE.partition(b"Final-Recipient")[0],
    ],
)
def test_a_report_without_its_parts_is_malformed(source: bytes) -> None:
    with pytest.raises(Malformed):
        list(ear().parse(callback(source)))


def test_the_declaration_says_whether_reports_can_come() -> None:
    for options, expected in (("bounce_secret=x", True), ("tls=none", False)):
        provider = ENTRY.open(parse_account_url(f"smtp://h?{options}"), ChannelKey.EMAIL, MemoryHost().host())
        assert provider.declaration.reports_delivery is expected
        provider.close()


@pytest.mark.parametrize(("spread", "connections"), [(1, 4), (8, 2), (16, 1)])
def test_spread_says_how_many_mails_are_worth_another_connection(spread: int, connections: int) -> None:
    with SmtpSink() as sink:
        url = parse_account_url(f"smtp://127.0.0.1:{sink.port}?tls=none&spread={spread}")
        with closing(ENTRY.open(url, ChannelKey.EMAIL, MemoryHost().host())) as provider:
            outcomes = dict(provider.send([messages.email(f"m-{number}") for number in range(16)]))
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert sink.connections == connections
