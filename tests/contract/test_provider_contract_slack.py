"""Slack passes the contract suite, by its bot and by incoming webhooks."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.slack import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.slack import TOKEN, SlackSimulator


class TestSlackBot(ProviderSuite):
    channel = ChannelKey.CHAT
    good = "C0123456789"
    bad = "C0000000404"

    @pytest.fixture(autouse=True)
    def simulator(self) -> Iterator[None]:
        with SlackSimulator() as self.slack:
            self.slack.hook_answers["/services/T0/B0/gone"] = (404, "no_service")
            yield

    def _open(self, token: str, endpoint: str) -> Provider:
        url = f"slack://{token}@?endpoint={endpoint}&timeout=5"
        return ENTRY.open(parse_account_url(url), self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open(TOKEN, self.slack.url)

    def unreachable_provider(self) -> Provider:
        return self._open(TOKEN, f"http://127.0.0.1:{free_port()}")

    def misconfigured_provider(self) -> Provider | None:
        return self._open("xoxb-wrong-token", self.slack.url)

    def good_message(self, number: int) -> Message:
        return messages.message(f"chat-{number}", to=self.good, content=ChatContent(text="Hello"))

    def bad_message(self, number: int) -> Message:
        return messages.message(f"bad-{number}", to=self.bad, content=ChatContent(text="Hello"))

    def effects(self) -> Mapping[str, int] | None:
        return dict(self.slack.accepted)

    def secrets(self) -> Sequence[str]:
        return (TOKEN, "xoxb-wrong-token", self.good, self.bad)


class TestSlackWebhook(TestSlackBot):
    good = "https://hooks.slack.com/services/T0/B0/works"
    bad = "https://hooks.slack.com/services/T0/B0/gone"

    def misconfigured_provider(self) -> None:
        return None

    def effects(self) -> Mapping[str, int] | None:  # a webhook takes no id
        return None
