"""DKIM signatures of our own, verified by dkimpy."""

import re
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.outcome import Sent
from clarion.egress.mime import Mail, build
from clarion.providers.smtp import ENTRY
from clarion.providers.smtp.account import SmtpAccount, read_account
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.smtp_sink import SmtpSink

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    path.write_bytes(pem(KEY))
    return path


def account(options: str, sender: str = "Shop <no-reply@mail.example.com>") -> SmtpAccount:
    return read_account(parse_account_url(f"smtp://127.0.0.1:25?{options}"), MemoryHost().host(sender_email=sender))


def mail(**fields: object) -> bytes:
    values: Mapping[str, object] = {
        "key": "m-1",
        "sender": "Shop <no-reply@mail.example.com>",
        "recipient": "ann@example.org",
        "subject": "Hello",
        "text": "Hello",
        "date": NOW,
        **fields,
    }
    return build(Mail(**values)).data  # type: ignore[arg-type]


def record() -> bytes:
    der = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    from base64 import b64encode

    return b"v=DKIM1; k=rsa; p=" + b64encode(der)


def is_genuine(source: bytes) -> bool:
    """dkimpy's verdict, with the key record as DNS would give it."""

    def lookup(name: bytes | str, timeout: int = 5) -> bytes:
        assert name in (b"s1._domainkey.example.com.", b"s1._domainkey.mail.example.com.")
        return record()

    try:
        return bool(dkim.DKIM(source, minkey=1024, timeout=5).verify(dnsfunc=lookup))
    except dkim.ValidationError:
        return False


BODIES = [
    "Hello",
    "Hello\n\n\n",
    "  two  blanks\tand a tab \n trailing \n\n",
    ".\n..dots\n",
    "Grüße 😀 " * 30,
    "x" * 2_000,
    "=20 =\n",
]


@pytest.mark.parametrize("text", BODIES)
@pytest.mark.parametrize("html", ["", "<p>Grüße  <b>x</b> </p>\n\n"])
def test_what_we_sign_dkimpy_verifies(key_file: Path, text: str, html: str) -> None:
    signer = account(f"dkim_selector=s1&dkim_key={key_file}").signer
    assert signer is not None
    source = mail(
        text=text,
        html=html,
        subject="Grüße an alle, die sehr lange Betreffzeilen mögen und sie bis zum Ende lesen 😀",
        reply_to="Help Desk <help@example.com>",
        headers={
            "List-Unsubscribe": "<https://example.com/unsubscribe/a-token>, <mailto:unsubscribe@example.com?subject=x>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Campaign": "spring   sale",
        },
    )
    signed = signer.sign(source, now=NOW)
    assert signed.endswith(source)
    assert is_genuine(signed)


@settings(max_examples=60)
@given(st.text(alphabet="a .=\t\nü", max_size=60))
def test_any_text_is_signed_rightly(text: str) -> None:
    from clarion.providers.smtp.dkim import DkimSigner

    signer = DkimSigner(
        key=KEY, prefix=b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=example.com; s=s1;"
    )
    assert is_genuine(signer.sign(mail(text=text), now=NOW))


@pytest.mark.parametrize(
    "change",
    [
        (b"Subject: Hello", b"Subject: Hallo"),
        (b"\r\n\r\nHello", b"\r\n\r\nHallo"),
        (b"To: ann@", b"To: bob@"),
        (b"MIME-Version", b"Reply-To: evil@example.net\r\nMIME-Version"),
        (b"MIME-Version", b"Subject: another\r\nMIME-Version"),
    ],
)
def test_what_is_changed_or_added_on_the_way_breaks_the_signature(key_file: Path, change: tuple[bytes, bytes]) -> None:
    signer = account(f"dkim_selector=s1&dkim_key={key_file}").signer
    assert signer is not None
    signed = signer.sign(mail(), now=NOW)
    assert signed.count(change[0]) == 1
    assert not is_genuine(signed.replace(*change))


def test_lines_stay_short_and_the_header_says_what_it_should(key_file: Path) -> None:
    signer = account(f"dkim_selector=s1&dkim_key={key_file}&dkim_domain=example.com").signer
    assert signer is not None
    header = signer.sign(mail(), now=NOW).partition(b"\r\nFrom:")[0].decode()
    assert max(map(len, header.split("\r\n"))) <= 78
    plain = re.sub(r"\s+", "", header)
    assert plain.startswith("DKIM-Signature:v=1;a=rsa-sha256;c=relaxed/relaxed;d=example.com;s=s1;t=1795176000;h=from:")


def test_a_mail_is_signed_before_it_goes_out(key_file: Path) -> None:
    with SmtpSink() as sink:
        url = f"smtp://127.0.0.1:{sink.port}?dkim_selector=s1&dkim_key={key_file}&from=no-reply@example.com"
        with closing(ENTRY.open(parse_account_url(url), ChannelKey.EMAIL, MemoryHost().host())) as provider:
            [(_, outcome)] = provider.send([messages.email("m-1")])
    assert isinstance(outcome, Sent)
    assert is_genuine(sink.taken[0].source)


def test_without_options_nothing_is_signed() -> None:
    assert account("tls=none").signer is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("dkim_selector=s1", "dkim_key="),
        ("dkim_key={key}", "dkim_selector="),
        ("dkim_selector=s%201&dkim_key={key}", "dkim_selector="),
        ("dkim_selector=s1&dkim_key=/nowhere/key.pem", "no file"),
        ("dkim_selector=s1&dkim_key={text}", "PEM"),
        ("dkim_selector=s1&dkim_key={curve}", "RSA"),
        ("dkim_selector=s1&dkim_key={key}&dkim_domain=example.net", "dkim_domain="),
        ("dkim_selector=s1&dkim_key={key}&dkim_domain=ample.com", "dkim_domain="),
    ],
)
def test_options_that_cannot_work_are_refused(key_file: Path, tmp_path: Path, options: str, expected: str) -> None:
    (tmp_path / "text").write_text("s3cret text")
    (tmp_path / "curve").write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    filled = options.format(key=key_file, text=tmp_path / "text", curve=tmp_path / "curve")
    with pytest.raises(Misconfigured, match=expected) as caught:
        account(filled)
    assert "s3cret" not in str(caught.value)


def test_the_key_is_not_printed(key_file: Path) -> None:
    assert "rsa" not in repr(account(f"dkim_selector=s1&dkim_key={key_file}").signer).replace("rsa-sha256", "").lower()
