"""Twilio passes the contract suite, against its simulator."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.twilio import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.twilio import SID, TOKEN, TwilioSimulator


class TestTwilio(ProviderSuite):
    channel = ChannelKey.SMS

    @pytest.fixture(autouse=True)
    def vendor(self) -> Iterator[None]:
        with TwilioSimulator(reports=False) as self.twilio:
            yield

    def _open(self, token: str, url: str) -> Provider:
        account = f"twilio://{SID}:{token}@?from=%2B15005550006&endpoint={url}&timeout=5"
        host = replace(MemoryHost().host(), callback_url="https://clarion.example.com/api/v1/hooks/twilio/h00k-token")
        return ENTRY.open(parse_account_url(account), self.channel, host)

    def open_provider(self) -> Provider:
        return self._open(TOKEN, self.twilio.url)

    def unreachable_provider(self) -> Provider:
        return self._open(TOKEN, f"http://127.0.0.1:{free_port()}")

    def misconfigured_provider(self) -> Provider:
        return self._open("wr0ng-token", self.twilio.url)

    def good_message(self, number: int) -> Message:
        return messages.message(f"sms-{number}", to="+255712345678", content=SmsContent(body=f"Hello {number}"))

    def bad_message(self, number: int) -> Message:
        return messages.message(f"bad-{number}", to="+15005550001", content=SmsContent(body="Hello"))

    def effects(self) -> Mapping[str, int]:
        return self.twilio.accepted

    def secrets(self) -> Sequence[str]:
        return (TOKEN, "wr0ng-token", SID, "+15005550001", "h00k-token")
