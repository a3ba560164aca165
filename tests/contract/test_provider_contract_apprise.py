"""The Apprise bridge passes the contract suite, with a JSON service on loopback as its peer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest
from aiohttp import web

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent
from clarion.contract.message import Message
from clarion.contract.provider import Provider
from clarion.providers.apprise import ENTRY
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.provider_suite import ProviderSuite
from clarion.testing.simulators.simulator import Simulator

SECRET = "s3cret-path"


class _Json(Simulator):
    def routes(self) -> Iterable[web.RouteDef]:
        async def take(request: web.Request) -> web.Response:
            said = await request.json()
            if said["message"].startswith("refuse"):
                return web.Response(status=404)
            self.accepted[said["message"]] += 1
            return web.Response()

        return [web.post("/{path:.*}", take)]


class TestApprise(ProviderSuite):
    channel = ChannelKey.CHAT

    @pytest.fixture(autouse=True)
    def peer(self) -> Iterator[None]:
        with _Json() as self.json:
            yield

    def _open(self, port: int) -> Provider:
        url = f"apprise://?url=json://127.0.0.1:{port}/{SECRET}&timeout=5"
        return ENTRY.open(parse_account_url(url), self.channel, MemoryHost().host())

    def open_provider(self) -> Provider:
        return self._open(self.json.port)

    def unreachable_provider(self) -> Provider:
        return self._open(free_port())

    def good_message(self, number: int) -> Message:
        return messages.message(f"chat-{number}", to="everybody", content=ChatContent(text=f"chat-{number}"))

    def bad_message(self, number: int) -> Message:
        return messages.message(f"bad-{number}", to="everybody", content=ChatContent(text="refuse"))

    def effects(self) -> Mapping[str, int]:
        return dict(self.json.accepted)

    def secrets(self) -> Sequence[str]:
        return (SECRET,)
