"""FCM passes the contract suite against its simulator."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.fcm import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.fcm import FcmSimulator


class TestFcm(ProviderSuite):
    channel = ChannelKey.PUSH

    @pytest.fixture(autouse=True)
    def vendor(self, tmp_path: Path) -> Iterator[None]:
        self.folder = tmp_path
        with FcmSimulator() as self.fcm:
            yield

    def _open(self, file: str, endpoint: str) -> Provider:
        url = parse_account_url(f"fcm://{file}?endpoint={endpoint}&timeout=15")
        return ENTRY.open(url, self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open(self.fcm.credentials, self.fcm.url)

    def unreachable_provider(self) -> Provider:
        return self._open(self.fcm.credentials, f"http://127.0.0.1:{free_port()}")

    def misconfigured_provider(self) -> Provider:
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._open(str(self.fcm.write_account(self.folder / "wrong.json", stranger)), self.fcm.url)

    def good_message(self, number: int) -> Message:
        content = PushContent(title="Hello", body=f"Number {number}")
        return messages.message(f"push-{number}", to="device-token-of-ann", content=content, token_kind="fcm_token")

    def bad_message(self, number: int) -> Message:
        content = PushContent(title="Hello", body=f"Number {number}")
        return messages.message(f"bad-{number}", to="gone-token-of-bob", content=content, token_kind="fcm_token")

    def effects(self) -> Mapping[str, int]:
        return self.fcm.accepted

    def secrets(self) -> Sequence[str]:
        return ("gone-token-of-bob", "PRIVATE KEY", "ya29.")
