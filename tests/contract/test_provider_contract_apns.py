"""APNs passes the contract suite against an HTTP/2 stand-in."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.apns import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.apns import KEY_ID, TEAM_ID, TOPIC, ApnsSimulator

ALIVE, DEAD = "ab" * 32, "dead" * 16


class TestApns(ProviderSuite):
    channel = ChannelKey.PUSH

    @pytest.fixture(autouse=True)
    def vendor(self, tmp_path: Path) -> Iterator[None]:
        self.folder = tmp_path
        with ApnsSimulator() as self.apns:
            yield

    def _open(self, file: str, endpoint: str) -> Provider:
        options = f"key_id={KEY_ID}&team_id={TEAM_ID}&topic={TOPIC}&endpoint={endpoint}&timeout=15"
        return ENTRY.open(parse_account_url(f"apns://{file}?{options}"), self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open(self.apns.credentials, self.apns.url)

    def unreachable_provider(self) -> Provider:
        return self._open(self.apns.credentials, f"http://127.0.0.1:{free_port()}")

    def misconfigured_provider(self) -> Provider:
        stranger = ec.generate_private_key(ec.SECP256R1())
        return self._open(str(self.apns.write_key(self.folder / "wrong.p8", stranger)), self.apns.url)

    def good_message(self, number: int) -> Message:
        content = PushContent(title="Hello", body=f"Number {number}")
        return messages.message(f"push-{number}", to=ALIVE, content=content, token_kind="apns")

    def bad_message(self, number: int) -> Message:
        content = PushContent(title="Hello", body=f"Number {number}")
        return messages.message(f"bad-{number}", to=DEAD, content=content, token_kind="apns")

    def effects(self) -> Mapping[str, int]:
        return self.apns.accepted

    def secrets(self) -> Sequence[str]:
        return (DEAD, "PRIVATE KEY", "bearer ", "eyJ")
