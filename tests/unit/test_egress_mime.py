"""A mail's source, read back with the standard library's parser."""

import email
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.egress.mime import Mail, build
from clarion.egress.mime_headers import MailRefused

NOW = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
LINE_BREAKS = ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


def mail(
    *,
    sender: str = "Clarion <no-reply@example.com>",
    recipient: str = "ann@example.org",
    subject: str = "Your order",
    text: str = "Hello",
    html: str = "<p>Hello</p>",
    reply_to: str = "",
    headers: dict[str, str] | None = None,
) -> Mail:
    return Mail(
        key="0190-abc",
        sender=sender,
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        reply_to=reply_to,
        headers=headers or {},
        date=NOW,
    )


def parse(source: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(source, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed


def body(parsed: EmailMessage, subtype: str) -> str:
    part = parsed.get_body((subtype,))
    assert isinstance(part, EmailMessage)
    assert part.defects == []
    content: str = part.get_content()
    return content.replace("\r\n", "\n").removesuffix("\n")


def assert_safe_on_the_wire(source: bytes) -> None:
    assert source.endswith(b"\r\n")
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", source) is None
    assert b"\0" not in source
    assert source.isascii()
    assert max(map(len, source.split(b"\r\n"))) <= 998


def test_a_plain_mail_reads_back_exactly() -> None:
    source = build(mail(reply_to="Help <help@example.com>"))
    parsed = parse(source.data)
    assert dict(parsed.items()) == {
        "From": "Clarion <no-reply@example.com>",
        "To": "ann@example.org",
        "Subject": "Your order",
        "Date": "Fri, 20 Nov 2026 09:30:15 +0000",
        "Message-ID": "<0190-abc@example.com>",
        "Reply-To": "Help <help@example.com>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": parsed["Content-Type"],
    }
    assert parsed.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert (body(parsed, "plain"), body(parsed, "html")) == ("Hello", "<p>Hello</p>")
    assert_safe_on_the_wire(source.data)


def test_the_same_mail_has_the_same_message_id_and_boundary_over_retries() -> None:
    assert build(mail()).data == build(mail()).data


@pytest.mark.parametrize(("text", "html", "kind"), [("Hello", "", "text/plain"), ("", "<p>Hi</p>", "text/html")])
def test_one_body_makes_one_part(text: str, html: str, kind: str) -> None:
    assert parse(build(mail(text=text, html=html)).data).get_content_type() == kind


@pytest.mark.parametrize(
    "subject",
    [
        "Größe für dich",
        "Привет, мир " * 20,
        "🎉" * 70,
        "a" * 900,
        "=?utf-8?q?not_a_word?=",
        " leading and trailing ",
        "words " * 40 + "end",
        "",
    ],
)
def test_any_subject_reads_back(subject: str) -> None:
    source = build(mail(subject=subject)).data
    assert parse(source)["Subject"] == subject
    assert_safe_on_the_wire(source)
    assert all(len(line) <= 78 for line in source.split(b"\r\n\r\n")[0].split(b"\r\n"))


@pytest.mark.parametrize(
    "name", ["Ann", "Ann Lee, Ltd.", 'Ann "A" Lee', "Änn Ö", "株式会社 " * 10, "Back\\slash", "x" * 120, "a@b"]
)
def test_any_sender_name_reads_back(name: str) -> None:
    shown = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    source = build(mail(sender=f"{shown} <shop@example.com>")).data
    # By RFC 2047: the structured parser of Python 3.11 puts blanks between neighbouring encoded words.
    raw = email.message_from_bytes(source)["From"]
    assert parseaddr(raw)[1] == "shop@example.com"
    decoded = str(make_header(decode_header(raw.rpartition(" <")[0].replace("\r\n", ""))))
    assert (parseaddr(f"{decoded} <a@b>")[0] if decoded.startswith('"') else decoded.strip()) == name.strip()
    assert_safe_on_the_wire(source)


def test_a_domain_outside_ascii_is_written_in_ascii() -> None:
    source = build(mail(recipient="ann@bücher.example"))
    assert parse(source.data)["To"] == "ann@xn--bcher-kva.example"
    assert not source.needs_smtputf8


def test_a_local_part_outside_ascii_needs_smtputf8() -> None:
    source = build(mail(recipient="jürgen@example.org"))
    assert source.needs_smtputf8
    assert "To: jürgen@example.org\r\n".encode() in source.data


TEXTS = st.text(max_size=400) | st.text(alphabet=".\r\n= \tFrom-_é", max_size=300)


@settings(max_examples=300)
@given(text=TEXTS, html=TEXTS)
def test_any_body_reads_back_and_is_safe_on_the_wire(text: str, html: str) -> None:
    source = build(mail(text="t" + text, html="h" + html)).data
    assert_safe_on_the_wire(source)
    parsed = parse(source)
    for subtype, given_text in (("plain", "t" + text), ("html", "h" + html)):
        expected = given_text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
        assert body(parsed, subtype) == expected


@pytest.mark.parametrize("unit", ["x", "é", "語"])
def test_very_long_lines_are_broken_on_the_wire_and_whole_again_when_read(unit: str) -> None:
    source = build(mail(text=unit * 50_000, html=f"<p>{unit * 5_000}</p>")).data
    assert_safe_on_the_wire(source)
    assert body(parse(source), "plain") == unit * 50_000


def test_a_body_that_quotes_the_boundary_does_not_break_the_parts() -> None:
    boundary = parse(build(mail()).data).get_boundary()
    forged = f"Hello\n--{boundary}\nContent-Type: text/html\n\n<b>forged</b>\n--{boundary}--"
    parsed = parse(build(mail(text=forged)).data)
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert body(parsed, "plain") == forged


@pytest.mark.parametrize("broken", LINE_BREAKS)
@pytest.mark.parametrize("field", ["subject", "sender", "reply_to", "recipient", "header", "name"])
def test_a_line_break_in_a_header_is_refused(field: str, broken: str) -> None:
    attack = f"a{broken}Bcc: victim@example.net"
    cases = {
        "subject": lambda: mail(subject=attack),
        "sender": lambda: mail(sender=f"{attack} <a@example.com>"),
        "reply_to": lambda: mail(reply_to=f"{attack} <a@example.com>"),
        "recipient": lambda: mail(recipient=f"a{broken}b@example.com"),
        "header": lambda: mail(headers={"X-Note": attack}),
        "name": lambda: mail(headers={f"X-Note{broken}Bcc": "victim@example.net"}),
    }
    with pytest.raises(MailRefused) as caught:
        build(cases[field]())
    assert "victim" not in str(caught.value)


@settings(max_examples=200)
@given(subject=st.text(max_size=120), note=st.text(max_size=120))
def test_no_text_adds_a_header(subject: str, note: str) -> None:
    try:
        source = build(mail(subject=subject, headers={"X-Note": note})).data
    except MailRefused:
        return
    names = [name.lower() for name in parse(source).keys()]  # noqa: SIM118  a message, not a dict
    assert names == [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "x-note",
        "auto-submitted",
        "mime-version",
        "content-type",
    ]
    assert_safe_on_the_wire(source)


@pytest.mark.parametrize("name", ["Bcc", "To", "From", "Content-Type", "Sender", "Return-Path", "DKIM-Signature", ""])
def test_a_header_that_is_not_on_the_list_is_refused(name: str) -> None:
    with pytest.raises(MailRefused):
        build(mail(headers={name: "x"}))


def test_unsubscribe_headers_are_written_whole() -> None:
    url = "https://example.com/u/" + "t" * 200
    headers = {
        "List-Unsubscribe": f"<mailto:u@example.com?subject=unsubscribe>, <{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    parsed = parse(build(mail(headers=headers)).data)
    assert parsed["List-Unsubscribe"].replace("\n", "") == headers["List-Unsubscribe"]
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "address", ["", "ann", "@example.com", "ann@", "a b@example.com", "<a@example.com>", "a@b@c", "a,b@example.com"]
)
def test_what_is_no_address_is_refused_as_an_address(address: str) -> None:
    with pytest.raises(MailRefused) as caught:
        build(mail(recipient=address))
    assert caught.value.is_address


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(MailRefused):
        build(mail(text="\ud800"))
