"""Twilio's Messages API on loopback: https://www.twilio.com/docs/messaging/api/message-resource (read 2026-11-20).

The numbers of Twilio's test credentials (+15005550001 …) are refused as there. Reports go to the StatusCallback that
the message names, signed as Twilio signs: at once with `reports`, else when a test says so (`report`, `reply`).
"""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import uuid4

import aiohttp
from aiohttp import BasicAuth, web

from clarion.channels.sms_segments import count_segments
from clarion.testing.simulators.simulator import Simulator

SID = "AC00000000000000000000000000000001"
TOKEN = "simulated-token"  # noqa: S105  everybody's
REFUSED: Mapping[str, tuple[int, str]] = {
    "+15005550001": (21211, "The 'To' number is not a valid phone number."),
    "+15005550002": (21612, "The 'To' phone number is not currently reachable via SMS"),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region"),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "'To' number is not a valid mobile number"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that was accepted: the form's fields."""

    sid: str
    form: Mapping[str, str]


class TwilioSimulator(Simulator):
    """One account, `sid` and `token`. With `reports`, every message is reported as sent and delivered."""

    def __init__(self, *, sid: str = SID, token: str = TOKEN, reports: bool = True) -> None:
        super().__init__()
        self.sid, self.token, self.reports = sid, token, reports
        self.messages: dict[str, Taken] = {}
        self.answers: list[int] = []
        self._reporting: set[asyncio.Task[None]] = set()

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/2010-04-01/Accounts/{sid}/Messages.json", self._create),
            web.get("/2010-04-01/Accounts/{sid}.json", self._account),
        ]

    async def _account(self, request: web.Request) -> web.Response:
        refusal = self._refuse_login(request)
        return refusal or web.json_response({"sid": self.sid, "status": "active", "type": "Full"})

    async def _create(self, request: web.Request) -> web.Response:
        refusal = self._refuse_login(request)
        if refusal is not None:
            return refusal
        form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
        problem = _problem(form)
        if problem is not None:
            return _error(400, *problem)
        taken = Taken(sid=f"SM{uuid4().hex}", form=form)
        self.messages[taken.sid] = taken
        self.accepted[our_id(form) or taken.sid] += 1
        if self.reports and form.get("StatusCallback"):
            task = asyncio.get_running_loop().create_task(self._report_all(taken))
            self._reporting.add(task)
            task.add_done_callback(self._reporting.discard)
        return web.json_response(_resource(self.sid, taken), status=201)

    def _refuse_login(self, request: web.Request) -> web.Response | None:
        try:
            login = BasicAuth.decode(request.headers.get("Authorization", ""))
        except ValueError:
            return _error(401, 20003, "Authenticate")
        if (login.login, login.password) != (self.sid, self.token):
            return _error(401, 20003, "Authenticate")
        if request.match_info["sid"] != self.sid:
            return _error(404, 20404, "The requested resource was not found")
        return None

    async def _report_all(self, taken: Taken) -> None:
        for status in ("sent", "delivered"):
            await self._tell(taken.form["StatusCallback"], self._fields(taken, status))

    def _fields(self, taken: Taken, status: str, code: int = 0) -> dict[str, str]:
        fields = {"AccountSid": self.sid, "MessageSid": taken.sid, "SmsSid": taken.sid, "ApiVersion": "2010-04-01"}
        fields |= {"MessageStatus": status, "SmsStatus": status, "To": taken.form["To"]}
        fields |= {"From": taken.form["From"]} if "From" in taken.form else {}
        return fields | ({"ErrorCode": str(code)} if code else {})

    def report(self, sid: str, status: str, code: int = 0) -> int:
        """Report a status to the message's StatusCallback; the HTTP status that was answered."""
        taken = self.messages[sid]
        return self._post(taken.form["StatusCallback"], self._fields(taken, status, code))

    def reply(self, url: str, *, sender: str, text: str, kind: str = "") -> int:
        """Somebody writes back; `kind` is STOP, START or HELP where Twilio understands it so."""
        sid = f"SM{uuid4().hex}"
        fields = {"AccountSid": self.sid, "MessageSid": sid, "SmsMessageSid": sid, "SmsSid": sid, "NumSegments": "1"}
        fields |= {"SmsStatus": "received", "From": sender, "To": "+15005550006", "Body": text}
        return self._post(url, fields | ({"OptOutType": kind} if kind else {}))

    def _post(self, url: str, fields: Mapping[str, str]) -> int:
        return asyncio.run_coroutine_threadsafe(self._tell(url, fields), self._loop).result(timeout=10)

    async def _tell(self, url: str, fields: Mapping[str, str]) -> int:
        headers = {"X-Twilio-Signature": sign(self.token, url, fields), "I-Twilio-Idempotency-Token": str(uuid4())}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=fields, headers=headers, allow_redirects=False) as response,
        ):
            self.answers.append(response.status)
            return response.status


def sign(token: str, url: str, fields: Mapping[str, str]) -> str:
    """Twilio's signature of a form."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def our_id(form: Mapping[str, str]) -> str:
    """The id that Clarion put into the StatusCallback; empty without one."""
    return parse_qs(urlsplit(form.get("StatusCallback", "")).query).get("message", [""])[0]


def _problem(form: Mapping[str, str]) -> tuple[int, str] | None:
    if not form.get("To"):
        return 21604, "The destination 'To' phone number is required to send an SMS"
    if not (form.get("From") or form.get("MessagingServiceSid")):
        return 21603, "A 'From' or 'MessagingServiceSid' parameter is required to send a message"
    if not form.get("Body"):
        return 21602, "Message body is required."
    if len(form["Body"]) > 1600:
        return 21617, "The concatenated message body exceeds the 1600 character limit"
    if form.get("StatusCallback") and urlsplit(form["StatusCallback"]).scheme not in ("http", "https"):
        return 21609, "The StatusCallback URL is not a valid URL."
    if not 1 <= int(form.get("ValidityPeriod", "1")) <= 36_000:
        return 21624, "Invalid validity period value"
    if not (form["To"].startswith("+") and form["To"][1:].isdigit()):
        return REFUSED["+15005550001"]
    return REFUSED.get(form["To"])


def _error(status: int, code: int, message: str) -> web.Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return web.json_response({"code": code, "message": message, "more_info": more, "status": status}, status=status)


def _resource(account: str, taken: Taken) -> dict[str, object]:
    by_service = "MessagingServiceSid" in taken.form
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": taken.form["Body"],
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": taken.form.get("From"),
        "messaging_service_sid": taken.form.get("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": "0" if by_service else str(count_segments(taken.form["Body"]).segments),
        "price": None,
        "price_unit": "USD",
        "sid": taken.sid,
        "status": "accepted" if by_service else "queued",
        "to": taken.form["To"],
    }
