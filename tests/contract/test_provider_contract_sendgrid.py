"""SendGrid passes the contract suite, against its simulator."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.sendgrid import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.sendgrid import KEY, SendGridSimulator

WRONG = "SG.wr0ng.key"


class TestSendGrid(ProviderSuite):
    channel = ChannelKey.EMAIL

    @pytest.fixture(autouse=True)
    def simulator(self) -> Iterator[None]:
        with SendGridSimulator() as self.sendgrid:
            yield

    def _open(self, key: str, port: int) -> Provider:
        url = f"sendgrid://{key}@?endpoint=http://127.0.0.1:{port}&timeout=20"
        return ENTRY.open(parse_account_url(url), self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open(KEY, self.sendgrid.port)

    def unreachable_provider(self) -> Provider:
        return self._open(KEY, free_port())

    def misconfigured_provider(self) -> Provider:
        return self._open(WRONG, self.sendgrid.port)

    def good_message(self, number: int) -> Message:
        return messages.email(f"mail-{number}", to=f"ann{number}@example.com")

    def bad_message(self, number: int) -> Message:
        return messages.email(f"bad-{number}", to="nobody@-example.com")

    def effects(self) -> Mapping[str, int]:
        return self.sendgrid.accepted

    def secrets(self) -> Sequence[str]:
        return (KEY, WRONG, "nobody@-example.com")


class TestSendGridToOneAddress(TestSendGrid):
    """SendGrid takes an address once a call, so these go one by one."""

    def good_message(self, number: int) -> Message:
        return messages.email(f"mail-{number}", to="ann@example.com")
