"""Every provider that comes with Clarion passes the contract suite."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent, PushContent, SmsContent
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.in_app import ENTRY as IN_APP
from clarion.providers.sandbox import ENTRY as SANDBOX
from clarion.providers.smtp import ENTRY as SMTP
from clarion.providers.webhook import ENTRY as WEBHOOK
from clarion.providers.websocket import ENTRY as WEBSOCKET
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.smtp_sink import FEATURES, SmtpSink
from clarion.testing.webhook_sink import Answer, WebhookSink


class TestSmtp(ProviderSuite):
    channel = ChannelKey.EMAIL
    features = FEATURES

    @pytest.fixture(autouse=True)
    def sink(self) -> Iterator[None]:
        with SmtpSink(features=self.features, credentials=("clarion", "s3cret-password")) as self.smtp:
            self.smtp.replies[("RCPT", "nobody@example.com")] = "550 5.1.1 <nobody@example.com> unknown"
            yield

    def _open(self, password: str, port: int) -> Provider:
        url = f"smtp://clarion:{password}@127.0.0.1:{port}?auth_plaintext=yes&timeout=5"
        return SMTP.open(parse_account_url(url), self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open("s3cret-password", self.smtp.port)

    def unreachable_provider(self) -> Provider:
        return self._open("s3cret-password", free_port())

    def misconfigured_provider(self) -> Provider:
        return self._open("wr0ng-password", self.smtp.port)

    def good_message(self, number: int) -> Message:
        return messages.email(f"mail-{number}", to="ann@example.com")

    def bad_message(self, number: int) -> Message:
        return messages.email(f"bad-{number}", to="nobody@example.com")

    def effects(self) -> Mapping[str, int]:
        ids = (message_from_bytes(mail.source)["Message-ID"] for mail in self.smtp.taken)
        return Counter(identifier.strip("<>").partition("@")[0] for identifier in ids)

    def secrets(self) -> Sequence[str]:
        return ("s3cret-password", "wr0ng-password", "nobody@example.com")


class TestSmtpWithoutPipelining(TestSmtp):
    features = ("8BITMIME",)


class TestWebhook(ProviderSuite):
    channel = ChannelKey.WEBHOOK

    @pytest.fixture(autouse=True)
    def sink(self) -> Iterator[None]:
        with WebhookSink() as self.http:
            self.http.script("/gone", Answer(status=410))
            self.base = self.http.url("")
            yield

    def open_provider(self) -> Provider:
        return WEBHOOK.open(parse_account_url("webhook://?timeout=5"), self.channel, MemoryHost().host())

    def unreachable_provider(self) -> Provider:
        self.base = f"http://127.0.0.1:{free_port()}"
        return self.open_provider()

    def good_message(self, number: int) -> Message:
        return messages.webhook(f"hook-{number}", to=f"{self.base}/private-path")

    def bad_message(self, number: int) -> Message:
        return messages.webhook(f"bad-{number}", to=f"{self.base}/gone")

    def effects(self) -> Mapping[str, int]:
        return self.http.effects()

    def secrets(self) -> Sequence[str]:
        return (messages.SECRET, "private-path")


class TestInApp(ProviderSuite):
    channel = ChannelKey.IN_APP
    entry = IN_APP

    @pytest.fixture(autouse=True)
    def memory(self) -> None:
        self.house = MemoryHost()

    def open_provider(self) -> Provider:
        return self.entry.open(parse_account_url(f"{self.entry.scheme}://"), self.channel, self.house.host())

    def good_message(self, number: int) -> Message:
        return messages.inbox(f"item-{number}")

    def effects(self) -> Mapping[str, int]:
        return Counter(list(self.house.inbox.items))


class TestWebsocket(TestInApp):
    channel = ChannelKey.WEBSOCKET
    entry = WEBSOCKET

    def unreachable_provider(self) -> Provider:
        self.house.live.is_down = True
        return self.open_provider()


class TestSandboxEmail(ProviderSuite):
    channel = ChannelKey.EMAIL

    @pytest.fixture(autouse=True)
    def memory(self) -> None:
        self.house = MemoryHost()

    def open_provider(self) -> Provider:
        return SANDBOX.open(parse_account_url("sandbox://"), self.channel, self.house.host())

    def good_message(self, number: int) -> Message:
        return messages.email(f"mail-{number}")

    def bad_message(self, number: int) -> Message | None:
        return messages.email(f"bad-{number}", to="bounce@example.com")

    def effects(self) -> Mapping[str, int]:
        return Counter(list(self.house.outbox.entries))


class TestSandboxSms(TestSandboxEmail):
    channel = ChannelKey.SMS

    def good_message(self, number: int) -> Message:
        return messages.message(f"sms-{number}", to="+4915112345678", content=SmsContent(body="Hello"))

    def bad_message(self, number: int) -> Message:
        return messages.message(f"bad-{number}", to="+15005550001", content=SmsContent(body="Hello"))


class TestSandboxPush(TestSandboxEmail):
    channel = ChannelKey.PUSH

    def good_message(self, number: int) -> Message:
        return messages.message(f"push-{number}", to="token-123", content=PushContent(title="Hi", body="Hello"))

    def bad_message(self, number: int) -> Message:
        return messages.message(f"bad-{number}", to="gone-123", content=PushContent(title="Hi", body="Hello"))


class TestSandboxChat(TestSandboxEmail):
    channel = ChannelKey.CHAT

    def good_message(self, number: int) -> Message:
        return messages.message(f"chat-{number}", to="#orders", content=ChatContent(text="Hello"))

    def bad_message(self, number: int) -> Message:
        return messages.message(f"bad-{number}", to="#refuse", content=ChatContent(text="Hello"))


class TestSandboxWebhook(TestSandboxEmail):
    channel = ChannelKey.WEBHOOK

    def good_message(self, number: int) -> Message:
        return messages.webhook(f"hook-{number}", to="https://example.com/hooks/ok")

    def bad_message(self, number: int) -> Message:
        return messages.webhook(f"bad-{number}", to="https://example.com/hooks/bounce")


class TestSandboxInApp(TestSandboxEmail):
    channel = ChannelKey.IN_APP

    def good_message(self, number: int) -> Message:
        return messages.inbox(f"item-{number}")

    def bad_message(self, number: int) -> None:
        return None


class TestSandboxWebsocket(TestSandboxInApp):
    channel = ChannelKey.WEBSOCKET
