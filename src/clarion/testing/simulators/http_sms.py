"""An SMS gateway as many are: JSON in, JSON out, a bearer token. For the generic provider `httpsms://`.

Numbers that end in 0001 are refused. Reports go to the `callback` that the message names, when a test says so.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping

import aiohttp
from aiohttp import web

from clarion.testing.simulators.simulator import Simulator

TOKEN = "simulated-token"  # noqa: S105  everybody's
CALLBACK_SECRET = "simulated-callback-secret"  # noqa: S105
INVALID = "0001"


class HttpSmsSimulator(Simulator):
    """`messages` are what it took, by its own id."""

    def __init__(self, *, token: str = TOKEN) -> None:
        super().__init__()
        self.token = token
        self.messages: dict[str, Mapping[str, str]] = {}

    def routes(self) -> Iterable[web.RouteDef]:
        return [web.post("/v1/messages", self._send), web.get("/v1/account", self._account)]

    async def _account(self, request: web.Request) -> web.Response:
        return self._refuse_login(request) or web.json_response({"account": "active"})

    async def _send(self, request: web.Request) -> web.Response:
        if refusal := self._refuse_login(request):
            return refusal
        asked = await request.json()
        to, text = str(asked.get("to", "")), str(asked.get("text", ""))
        if not to.startswith("+") or to.endswith(INVALID):
            return _refusal("invalid_number", 422)
        if not text:
            return _refusal("empty_text", 422)
        identifier = f"gw-{len(self.messages) + 1}"
        self.messages[identifier] = {key: str(value) for key, value in asked.items()}
        self.accepted[str(asked.get("ref") or identifier)] += 1
        return web.json_response({"id": identifier, "status": "queued"}, status=202)

    def _refuse_login(self, request: web.Request) -> web.Response | None:
        wanted = f"Bearer {self.token}"
        return None if request.headers.get("Authorization") == wanted else _refusal("unauthorized", 401)

    def report(self, identifier: str, status: str) -> int:
        """Report on a message to its `callback`, signed; the HTTP status that was answered."""
        message = self.messages[identifier]
        told = {"id": identifier, "ref": message.get("ref", ""), "status": status, "to": message["to"]}
        body = json.dumps(told).encode()
        signature = hmac.new(CALLBACK_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Signature": f"sha256={signature}"}
        tell = self._tell(message["callback"], body, headers)
        return asyncio.run_coroutine_threadsafe(tell, self._loop).result(timeout=10)

    async def _tell(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
            return response.status


def _refusal(code: str, status: int) -> web.Response:
    return web.json_response({"error": {"code": code}}, status=status)
