"""SES passes the contract suite, against its simulator."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.ses import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.ses import KEY_ID, SECRET, SesSimulator

WRONG = "wr0ngSecret"


class TestSes(ProviderSuite):
    channel = ChannelKey.EMAIL
    options = "rate=100/s"

    @pytest.fixture(autouse=True)
    def simulator(self) -> Iterator[None]:
        with SesSimulator() as self.ses:
            yield

    def _open(self, secret: str, port: int) -> Provider:
        quoted = secret.replace("/", "%2F")
        url = f"ses://{KEY_ID}:{quoted}@eu-west-1?endpoint=http://127.0.0.1:{port}&timeout=20&{self.options}"
        return ENTRY.open(parse_account_url(url), self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open(SECRET, self.ses.port)

    def unreachable_provider(self) -> Provider:
        return self._open(SECRET, free_port())

    def misconfigured_provider(self) -> Provider:
        return self._open(WRONG, self.ses.port)

    def good_message(self, number: int) -> Message:
        return messages.email(f"mail-{number}", to="ann@example.com")

    def bad_message(self, number: int) -> Message:
        return messages.email(f"bad-{number}", to="nobody@-example.com")

    def effects(self) -> Mapping[str, int]:
        return self.ses.accepted

    def secrets(self) -> Sequence[str]:
        return (SECRET, SECRET.replace("/", "%2F"), WRONG, KEY_ID, "nobody@-example.com")


class TestSesOneByOne(TestSes):
    options = "bulk=no"
