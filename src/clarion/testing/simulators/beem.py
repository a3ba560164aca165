"""Beem Africa's SMS API on loopback: https://docs.beem.africa/index.html#api-SMS (read 2026-11-20 in copies of it).

Numbers that end in 0001 are invalid (left out of a call with others, refused alone), +254… has no route. Reports go to
`report_url`, as Beem sends them to the address set in its dashboard: when a test says so.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp import BasicAuth, web

from clarion.testing.simulators.simulator import Simulator

KEY, SECRET = "simulated-key", "simulated-secret"
INVALID = "0001"
NO_ROUTE = "254"
MOST_RECIPIENTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A call that was submitted: its text, and the recipients by id."""

    text: str = field(repr=False)
    encoding: str
    sender: str
    recipients: Mapping[str, str] = field(repr=False)


class BeemSimulator(Simulator):
    """One vendor account. `accepted` counts numbers; `requests` are the calls by request id. With `forgets_reports`
    nothing is known of any delivery."""

    def __init__(self, *, key: str = KEY, secret: str = SECRET, senders: Iterable[str] = ("INFO",)) -> None:
        super().__init__()
        self.key, self.secret, self.senders = key, secret, frozenset(senders)
        self.requests: dict[str, Taken] = {}
        self.report_url = ""
        self.report_token = ""
        self.forgets_reports = False
        self.balance = 1_000_000

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/v1/send", self._send),
            web.get("/public/v1/vendors/balance", self._balance),
            web.get("/public/v1/delivery-reports", self._report_of),
        ]

    async def _balance(self, request: web.Request) -> web.Response:
        return self._refuse_login(request) or web.json_response({"data": {"credit_balance": self.balance}})

    async def _report_of(self, request: web.Request) -> web.Response:
        taken = self.requests.get(request.query.get("request_id", ""))
        number = request.query.get("dest_addr", "")
        if refusal := self._refuse_login(request):
            return refusal
        if taken is None or self.forgets_reports or number not in taken.recipients.values():
            return web.json_response({"code": 404, "message": "No report"}, status=404)
        return web.json_response({"dest_addr": number, "request_id": request.query["request_id"], "status": "PENDING"})

    async def _send(self, request: web.Request) -> web.Response:
        if refusal := self._refuse_login(request):
            return refusal
        asked = await request.json()
        named = {str(each["recipient_id"]): str(each["dest_addr"]) for each in asked.get("recipients", [])}
        code = self._problem(asked, named)
        if code:
            return _refusal(code)
        good = {key: number for key, number in named.items() if not number.endswith(INVALID)}
        unique = {number: key for key, number in reversed(good.items())}
        taken = {key: number for number, key in unique.items()}
        request_id = str(35_918_915 + len(self.requests))
        self.requests[request_id] = Taken(
            text=asked["message"], encoding=str(asked["encoding"]), sender=asked["source_addr"], recipients=taken
        )
        self.accepted.update(taken.values())
        answer = {"successful": True, "request_id": int(request_id), "code": 100, "valid": len(taken)}
        counts = {"invalid": len(named) - len(good), "duplicates": len(good) - len(taken)}
        return web.json_response({**answer, "message": "Message Submitted Successfully", **counts})

    def _problem(self, asked: Mapping[str, object], named: Mapping[str, str]) -> int:
        """The code of what is wrong, 0 for nothing."""
        if not asked.get("message") or not named or not asked.get("source_addr") or len(named) > MOST_RECIPIENTS:
            return 104
        if asked["source_addr"] not in self.senders:
            return 111
        if self.balance < len(named):
            return 102
        if any(number.startswith(NO_ROUTE) for number in named.values()):
            return 106
        if all(number.endswith(INVALID) or not number.isdigit() for number in named.values()):
            return 101
        return 0

    def _refuse_login(self, request: web.Request) -> web.Response | None:
        try:
            login = BasicAuth.decode(request.headers.get("Authorization", ""))
        except ValueError:
            return _refusal(107, status=401)
        return None if (login.login, login.password) == (self.key, self.secret) else _refusal(108, status=401)

    def report(self, request_id: str, recipient_id: str, status: str) -> int:
        """Report on one recipient to `report_url`; the HTTP status that was answered."""
        number = self.requests[request_id].recipients[recipient_id]
        told = {"request_id": request_id, "recipient_id": recipient_id, "dest_addr": number, "status": status}
        return asyncio.run_coroutine_threadsafe(self._tell(told), self._loop).result(timeout=10)

    async def _tell(self, told: Mapping[str, str]) -> int:
        headers = {"beem-secure-token": self.report_token} if self.report_token else {}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.report_url, json=dict(told), headers=headers) as response,
        ):
            return response.status


MESSAGES = {
    101: "Invalid phone number",
    102: "Insufficient balance",
    104: "Please provide all required parameters",
    106: "No route mapping to your account",
    107: "No authorization headers",
    108: "Invalid token",
    111: "Invalid Sender Id",
}


def _refusal(code: int, *, status: int = 400) -> web.Response:
    return web.json_response({"successful": False, "code": code, "message": MESSAGES[code]}, status=status)
