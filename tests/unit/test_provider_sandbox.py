"""The sandbox: what stands in the outbox, and the recipients that fail on purpose."""

import email
import email.policy
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent, EmailContent, InboxContent, PushContent, SmsContent
from clarion.contract.faults import Unreachable
from clarion.contract.host import OutboxEntry
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.providers.sandbox import ENTRY
from clarion.providers.sandbox.entries import SANDBOX_SECRET
from clarion.testing import messages
from clarion.testing.host import MemoryHost


def deliver(channel: ChannelKey, *batch: Message) -> tuple[dict[str, Outcome], dict[str, OutboxEntry]]:
    house = MemoryHost()
    provider = ENTRY.open(parse_account_url("sandbox://"), channel, house.host())
    return dict(provider.send(batch)), house.outbox.entries


def test_it_carries_every_channel() -> None:
    assert ENTRY.channels == frozenset(ChannelKey)


def test_a_mail_is_kept_with_its_source() -> None:
    content = EmailContent(subject="Grüße", text="Hallo", html="<p>Hallo</p>", headers={"List-Id": "<a.example>"})
    outcomes, entries = deliver(ChannelKey.EMAIL, messages.message("a", to="ann@example.com", content=content))
    assert outcomes == {"a": Sent(remote_id="sandbox-a")}
    entry = entries["a"]
    assert (entry.channel, entry.recipient, entry.title) == ("email", "ann@example.com", "Grüße")
    assert (entry.text, entry.html) == ("Hallo", "<p>Hallo</p>")
    assert entry.headers["List-Id"] == "<a.example>"
    parsed = email.message_from_string(entry.raw, policy=email.policy.default)
    assert (parsed["Subject"], parsed["To"], parsed["List-Id"]) == ("Grüße", "ann@example.com", "<a.example>")


@pytest.mark.parametrize(("secret", "used"), [(messages.SECRET, messages.SECRET), ("", SANDBOX_SECRET)])
def test_a_webhook_is_kept_as_the_signed_request_it_would_be(secret: str, used: str) -> None:
    message = messages.webhook("a", to="https://example.com/hook?x=1", secret=secret)
    entry = deliver(ChannelKey.WEBHOOK, message)[1]["a"]
    head, _, body = entry.raw.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    assert first == "POST /hook?x=1 HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers == dict(entry.headers)
    assert (headers["Host"], headers["Content-Length"]) == ("example.com", str(len(body)))
    assert Webhook(used).verify(body, headers)["data"] == {"key": "a"}
    assert entry.title == "order.shipped"


def test_the_other_channels_are_kept_as_they_are() -> None:
    sms = messages.message("a", to="+4915112345678", content=SmsContent(body="Hello"))
    assert deliver(ChannelKey.SMS, sms)[1]["a"].text == "Hello"
    push = messages.message("a", to="token", content=PushContent(title="T", body="B", link="/x", data={"k": 1}))
    entry = deliver(ChannelKey.PUSH, push)[1]["a"]
    assert (entry.title, entry.text, dict(entry.data)) == ("T", "B", {"k": 1, "image": "", "link": "/x"})
    item = messages.message("a", to="u", content=InboxContent(title="T", body="B", link="/x"))
    for channel in (ChannelKey.IN_APP, ChannelKey.WEBSOCKET):
        assert deliver(channel, item)[1]["a"].channel == channel.value
    chat = messages.message("a", to="#orders", content=ChatContent(text="Hello"))
    assert deliver(ChannelKey.CHAT, chat)[1]["a"].text == "Hello"


REJECTED = Rejected(why=Reason.ADDRESS_UNREACHABLE, suppress=True, detail="sandbox: bounce")


@pytest.mark.parametrize(
    ("to", "outcome"),
    [
        ("bounce@example.com", REJECTED),
        ("BOUNCE+tag@example.com", REJECTED),
        ("full@example.com", Rejected(why=Reason.MAILBOX_FULL, detail="sandbox: full")),
        ("unclear@example.com", Unclear(why=Reason.TIMEOUT, detail="sandbox: unclear")),
        (
            "throttle@example.com",
            Retry(why=Reason.THROTTLED, after=timedelta(seconds=1), detail="sandbox: throttled"),
        ),
        ("bouncer@example.com", Sent(remote_id="sandbox-a")),
    ],
)
def test_a_magic_mailbox_has_its_outcome_and_leaves_no_entry(to: str, outcome: Outcome) -> None:
    outcomes, entries = deliver(ChannelKey.EMAIL, messages.email("a", to=to))
    assert outcomes == {"a": outcome}
    assert list(entries) == (["a"] if isinstance(outcome, Sent) else [])


def test_retry_fails_twice_and_then_arrives() -> None:
    kinds = [
        type(deliver(ChannelKey.EMAIL, messages.email("a", to="retry@example.com", attempt=attempt))[0]["a"])
        for attempt in (1, 2, 3)
    ]
    assert kinds == [Retry, Retry, Sent]


def test_an_outage_is_a_fault_after_everybody_else_has_been_served() -> None:
    house = MemoryHost()
    provider = ENTRY.open(parse_account_url("sandbox://"), ChannelKey.EMAIL, house.host())
    results = provider.send([messages.email("a", to="outage@example.com"), messages.email("b")])
    assert next(results)[0] == "b"
    with pytest.raises(Unreachable):
        next(results)
    assert list(house.outbox.entries) == ["b"]


def test_content_a_real_carrier_would_refuse_is_refused_here_too() -> None:
    content = EmailContent(subject="Hi\r\nBcc: evil@example.net", text="x")
    outcomes, entries = deliver(ChannelKey.EMAIL, messages.message("a", to="ann@example.com", content=content))
    outcome = outcomes["a"]
    assert isinstance(outcome, Rejected)
    assert outcome.why is Reason.CONTENT_REFUSED
    assert entries == {}
