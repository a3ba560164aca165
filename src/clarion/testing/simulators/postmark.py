"""Postmark on loopback: one mail a call, and the server's own data. Written from its API reference; a peer for the
anymail bridge. Checks the token and what Postmark refuses about a mail.
"""

from collections.abc import Iterable

import msgspec
from aiohttp import web

from clarion.testing.simulators.simulator import Simulator

TOKEN = "00000000-simulated-0000-0000-token0000000"  # noqa: S105  of nobody
ID_KEY = "clarion_id"


class _Mail(msgspec.Struct):
    From: str
    To: str
    Subject: str = ""
    TextBody: str = ""
    HtmlBody: str = ""
    ReplyTo: str = ""
    Tag: str = ""
    Metadata: dict[str, str] = {}
    Headers: list[dict[str, str]] = []


class PostmarkSimulator(Simulator):
    """`inactive` addresses bounced before, so Postmark refuses them."""

    def __init__(self, *, token: str = TOKEN) -> None:
        super().__init__()
        self.token = token
        self.inactive: set[str] = set()
        self.taken: list[_Mail] = []

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.post("/email", self._send), web.get("/server", self._server))

    async def _server(self, request: web.Request) -> web.Response:
        return self._unknown(request) or web.json_response({"ID": 1, "Name": "simulated"})

    async def _send(self, request: web.Request) -> web.Response:
        unknown = self._unknown(request)
        if unknown is not None:
            return unknown
        try:
            mail = msgspec.json.decode(await request.read(), type=_Mail)
        except msgspec.DecodeError:
            return _refuse(402, "Invalid JSON")
        address = mail.To.rpartition("<")[2].rstrip(">")
        if "@-" in address:
            return _refuse(300, f"Invalid 'To' address: '{address}'.")
        if address in self.inactive:
            return _refuse(
                406,
                "You tried to send to recipient(s) that have been marked as inactive.\n"
                f"Found inactive addresses: {address}.\nInactive recipients have generated a hard bounce.",
            )
        self.taken.append(mail)
        self.accepted[mail.Metadata.get(ID_KEY, address)] += 1
        return web.json_response(
            {
                "To": mail.To,
                "SubmittedAt": "2026-11-20T12:00:00Z",
                "MessageID": f"b7bc2f4a-e38e-4336-af7d-{len(self.taken):012d}",
                "ErrorCode": 0,
                "Message": "OK",
            }
        )

    def _unknown(self, request: web.Request) -> web.Response | None:
        if request.headers.get("X-Postmark-Server-Token") == self.token:
            return None
        return _refuse(10, "No Account or Server API tokens were supplied in the HTTP headers.", status=401)


def _refuse(code: int, message: str, *, status: int = 422) -> web.Response:
    return web.json_response({"ErrorCode": code, "Message": message}, status=status)
