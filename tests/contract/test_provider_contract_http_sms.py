"""The generic SMS provider passes the contract suite, against a gateway as many are."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.httpsms import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.http_sms import TOKEN, HttpSmsSimulator


class TestHttpSms(ProviderSuite):
    channel = ChannelKey.SMS

    @pytest.fixture(autouse=True)
    def vendor(self) -> Iterator[None]:
        with HttpSmsSimulator() as self.gateway:
            yield

    def _open(self, token: str, port: int) -> Provider:
        account = (
            f"httpsms://:{token}@127.0.0.1:{port}/v1/messages?tls=no&timeout=5&id=id&error=error.code&probe=/v1/account"
            "&headers=Authorization:Bearer%20{password}|X-Ref:{id}"
            '&body={"to":{to},"text":{text},"ref":{id}}&codes=invalid_number:address,unauthorized:account'
        )
        return ENTRY.open(parse_account_url(account), self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open(TOKEN, self.gateway.port)

    def unreachable_provider(self) -> Provider:
        return self._open(TOKEN, free_port())

    def misconfigured_provider(self) -> Provider:
        return self._open("wr0ng-token", self.gateway.port)

    def good_message(self, number: int) -> Message:
        return messages.message(f"sms-{number}", to="+255712345678", content=SmsContent(body=f"Hello {number}"))

    def bad_message(self, number: int) -> Message:
        return messages.message(f"bad-{number}", to="+255712340001", content=SmsContent(body="Hello"))

    def effects(self) -> Mapping[str, int]:
        return self.gateway.accepted

    def secrets(self) -> Sequence[str]:
        return (TOKEN, "wr0ng-token", "+255712340001")
