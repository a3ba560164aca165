"""The unsubscribe headers travel whole through every email provider, over real sockets; DKIM signs both."""

import base64
import email
import re
from collections.abc import Callable
from datetime import timedelta
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent, SmsContent
from clarion.flows.delivery import flow, grouping
from clarion.flows.delivery.list_headers import with_unsubscribe
from clarion.flows.delivery.work import Work
from clarion.records import clock
from clarion.records.accounts import book
from clarion.records.categories.catalog import catalog
from clarion.records.consents.history import Answer
from clarion.records.consents.purposes import Purpose, Source
from clarion.records.digests.models import Window
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.consenting import record
from clarion.records.preferences.links import LinkPurpose
from clarion.records.preferences.models import GlobalPreference
from clarion.testing.scripted import ScriptedProvider
from clarion.testing.simulators.postmark import PostmarkSimulator
from clarion.testing.simulators.sendgrid import SendGridSimulator
from clarion.testing.simulators.ses import KEY_ID, SECRET, SesSimulator
from clarion.testing.smtp_sink import SmtpSink
from tests.conftest import Api, make_user
from tests.integration.conftest import Carry

Drain = Callable[[], int]
NAMES = ("List-Unsubscribe", "List-Unsubscribe-Post")


@pytest.fixture(autouse=True)
def _https(settings: Any) -> None:
    settings.PUBLIC_URL = "https://news.example.com"
    settings.UNSUBSCRIBE_MAILTO = "stop@news.example.com"


@pytest.fixture
def people(ground: None) -> list[User]:
    """Three who agreed to marketing."""
    found = [make_user(email=f"p{number}@example.com") for number in range(3)]
    now = clock.now()
    record(
        Answer(user_id=each.id, purpose=Purpose.MARKETING, given=True, source=Source.API, actor="system", at=now)
        for each in found
    )
    return found


def _deliver(url: str, api: Api, people: list[User], drain: Drain) -> None:
    """To each person one marketing mail and one about an order."""
    book.mirror({ChannelKey.EMAIL: [url]})
    for user in people:
        for category in ("marketing", "orders"):
            body = {"user_id": str(user.id), "channel": "email", "subject": category, "body": "x", "category": category}
            assert api.post("notifications/send", body).status_code == 201
    drain()
    for slot in (slot for slots in flow._slots.values() for slot in slots):
        slot.carriers.close()  # while their peer still listens


def _check(taken: dict[tuple[str, str], dict[str, str]], people: list[User]) -> None:
    """`taken`: the headers by recipient and subject."""
    assert len(taken) == 2 * len(people)
    for user in people:
        assert not set(taken[user.email, "orders"]) & set(NAMES)
        found = taken[user.email, "marketing"]
        assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        whole = re.fullmatch(
            r"<(https://\S+)>, <mailto:stop@news\.example\.com\?subject=(\S+)>", found["List-Unsubscribe"]
        )
        assert whole is not None
        token = parse_qs(urlsplit(whole[1]).query)["token"][0]
        assert token == whole[2]
        assert links.read(token, LinkPurpose.UNSUBSCRIBE, clock.now()).user_id == user.id


def _named(pairs: Any) -> dict[str, str]:
    return {name: value for name, value in pairs if name in NAMES}


def test_ses_in_bulk_calls(as_service: Api, people: list[User], drain: Drain) -> None:
    with SesSimulator() as ses:
        url = f"ses://{KEY_ID}:{SECRET.replace('/', '%2F')}@eu-west-1?endpoint={ses.url}&timeout=20&rate=1000/s"
        _deliver(url, as_service, people, drain)
        _check({(each.recipient, each.subject): _named(each.headers.items()) for each in ses.taken}, people)


def test_sendgrid(as_service: Api, people: list[User], drain: Drain) -> None:
    with SendGridSimulator() as sendgrid:
        _deliver(f"sendgrid://{sendgrid.key}@?endpoint={sendgrid.url}&timeout=20", as_service, people, drain)
        _check({(each.recipient, each.subject): _named(each.headers.items()) for each in sendgrid.taken}, people)


def test_anymail(as_service: Api, people: list[User], drain: Drain) -> None:
    with PostmarkSimulator() as postmark:
        url = f"anymail://postmark?server_token={postmark.token}&endpoint={postmark.url}/"
        _deliver(url, as_service, people, drain)
        taken = {
            (each.To, each.Subject): _named((pair["Name"], pair["Value"]) for pair in each.Headers)
            for each in postmark.taken
        }
        _check(taken, people)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def test_smtp_with_a_dkim_signature_over_both(
    tmp_path: Path, key: rsa.RSAPrivateKey, as_service: Api, people: list[User], drain: Drain
) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with SmtpSink() as smtp:
        signing = f"dkim_selector=s1&dkim_key={path}"
        _deliver(f"smtp://127.0.0.1:{smtp.port}?tls=none&{signing}", as_service, people, drain)

        sources = [each.source for each in smtp.taken]
        mails: list[Message] = [email.message_from_bytes(source, policy=default) for source in sources]
        _check({(str(each["To"]), str(each["Subject"])): _named(each.items()) for each in mails}, people)
        for source, mail in zip(sources, mails, strict=True):
            assert dkim.verify(source, dnsfunc=_record_of(key))
            signed = re.sub(r"\s", "", re.search(r"h=([^;]+);", str(mail["DKIM-Signature"]))[1]).split(":")  # type: ignore[index]
            covered = {name.lower() for name in NAMES} <= set(signed)
            assert covered is (mail["Subject"] == "marketing")
            if covered:
                changed = source.replace(b"One-Click", b"Two-Click", 1)
                assert not dkim.verify(changed, dnsfunc=_record_of(key))


def _record_of(key: rsa.RSAPrivateKey) -> Callable[..., bytes]:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
    return lambda name, timeout=5: text


def test_a_digest_has_them_too_and_they_stop_the_digests(
    carried_by: Carry, ann: User, as_service: Api, drain: Drain
) -> None:
    carrier = ScriptedProvider()
    carried_by(ChannelKey.EMAIL, carrier)
    GlobalPreference.objects.create(user=ann, digest={"frequency": "daily"})
    for number in range(2):
        body = {"user_id": str(ann.id), "channel": "email", "subject": f"s{number}", "body": "x", "category": "orders"}
        assert as_service.post("notifications/send", body).status_code == 201
    drain()
    Window.objects.update(closes_at=clock.now() - timedelta(seconds=1))
    grouping.send_groups()
    drain()

    (digest,) = carrier.given
    assert isinstance(digest.content, EmailContent)
    assert digest.content.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    uri = re.match(r"<([^>]+)>", digest.content.headers["List-Unsubscribe"])[1]  # type: ignore[index]
    path = uri.removeprefix("https://news.example.com")
    assert Client().post(path, data=b"List-Unsubscribe=One-Click", content_type="text/plain").status_code == 200
    assert GlobalPreference.objects.get(pk=ann.id).digest == {"frequency": "never"}


def test_headers_of_the_contents_own_win(settings: Any, ann: User) -> None:
    work = Work(
        id=ann.id,
        attempt=1,
        tries=1,
        abandoned=False,
        user_id=ann.id,
        channel=ChannelKey.EMAIL,
        category=catalog.find("marketing"),  # type: ignore[arg-type]
        version_id=None,
        priority=3,
        bypass=False,
        created_at=clock.now(),
        expires_at=None,
        scheduled_at=None,
        due_at=clock.now(),
        replayed_at=None,
        payload={},
        person=None,
    )
    own = EmailContent(subject="s", text="t", headers={"List-Unsubscribe": "<https://example.com/ours>"})

    assert with_unsubscribe(work, own, clock.now()) == own
    assert with_unsubscribe(work, SmsContent(body="x"), clock.now()) == SmsContent(body="x")
