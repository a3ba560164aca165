"""Beem passes the contract suite, against its simulator."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.beem import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.beem import KEY, SECRET, BeemSimulator


class TestBeem(ProviderSuite):
    channel = ChannelKey.SMS

    @pytest.fixture(autouse=True)
    def vendor(self) -> Iterator[None]:
        with BeemSimulator() as self.beem:
            yield

    def _open(self, secret: str, url: str) -> Provider:
        account = f"beem://{KEY}:{secret}@?sender=INFO&callback_token=c4llback&endpoint={url}&timeout=5"
        return ENTRY.open(parse_account_url(account), self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open(SECRET, self.beem.url)

    def unreachable_provider(self) -> Provider:
        return self._open(SECRET, f"http://127.0.0.1:{free_port()}")

    def misconfigured_provider(self) -> Provider:
        return self._open("wr0ng-secret", self.beem.url)

    def good_message(self, number: int) -> Message:
        to = f"+25571234{number:04d}" if number % 10_000 != 1 else "+255712349999"
        return messages.message(f"sms-{number}", to=to, content=SmsContent(body="The same for all"))

    def bad_message(self, number: int) -> Message:
        return messages.message(f"bad-{number}", to="+255712340001", content=SmsContent(body="The same for all"))

    def effects(self) -> Mapping[str, int]:
        return Counter(self.beem.accepted)

    def secrets(self) -> Sequence[str]:
        return (KEY, SECRET, "wr0ng-secret", "+255712340001", "c4llback")


class TestBeemWithATextForEach(TestBeem):
    def good_message(self, number: int) -> Message:
        message = super().good_message(number)
        return messages.message(message.id, to=message.target.value, content=SmsContent(body=f"For {number} alone"))
