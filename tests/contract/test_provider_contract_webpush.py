"""Web Push passes the contract suite against a simulated browser and push service."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.webpush import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.webpush import WebPushSimulator


class TestWebPush(ProviderSuite):
    channel = ChannelKey.PUSH

    @pytest.fixture(autouse=True)
    def vendor(self) -> Iterator[None]:
        with WebPushSimulator() as self.push:
            self.key = self.push.credentials
            self.browser = self.push.subscribe()
            self.deserted = self.push.subscribe()
            self.deserted.gone = True
            yield

    def _open(self, endpoint: str) -> Provider:
        subject = "mailto:ops@example.com"
        url = f"webpush://?private_key={self.key}&subject={subject}&endpoint={endpoint}&timeout=15"
        return ENTRY.open(parse_account_url(url), self.channel, MemoryHost().host(allow_private=False))

    def open_provider(self) -> Provider:
        return self._open(self.push.url)

    def unreachable_provider(self) -> Provider:
        return self._open(f"http://127.0.0.1:{free_port()}")

    def good_message(self, number: int) -> Message:
        content = PushContent(title="Hello", body=f"Number {number}")
        return messages.message(f"push-{number}", to=self.browser.written(), content=content, token_kind="webpush")

    def bad_message(self, number: int) -> Message:
        content = PushContent(title="Hello", body=f"Number {number}")
        return messages.message(f"bad-{number}", to=self.deserted.written(), content=content, token_kind="webpush")

    def effects(self) -> Mapping[str, int]:
        return self.push.accepted

    def secrets(self) -> Sequence[str]:
        return (self.key, self.browser.id, self.deserted.id, "Bearer", "vapid t=")
