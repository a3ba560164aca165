"""The anymail bridge passes the contract suite, with Postmark's simulator behind it."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.anymail import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.postmark import TOKEN, PostmarkSimulator

WRONG = "wr0ng-token"


class TestAnymail(ProviderSuite):
    channel = ChannelKey.EMAIL

    @pytest.fixture(autouse=True)
    def simulator(self) -> Iterator[None]:
        with PostmarkSimulator() as self.postmark:
            yield

    def _open(self, token: str, port: int) -> Provider:
        url = f"anymail://postmark?server_token={token}&endpoint=http://127.0.0.1:{port}&timeout=20"
        return ENTRY.open(parse_account_url(url), self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open(TOKEN, self.postmark.port)

    def unreachable_provider(self) -> Provider:
        return self._open(TOKEN, free_port())

    def misconfigured_provider(self) -> Provider:
        return self._open(WRONG, self.postmark.port)

    def good_message(self, number: int) -> Message:
        return messages.email(f"mail-{number}", to="ann@example.com")

    def bad_message(self, number: int) -> Message:
        return messages.email(f"bad-{number}", to="nobody@-example.com")

    def effects(self) -> Mapping[str, int]:
        return self.postmark.accepted

    def secrets(self) -> Sequence[str]:
        return (TOKEN, WRONG, "nobody@-example.com")
