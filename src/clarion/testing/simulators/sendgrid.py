"""SendGrid v3 on loopback: mail/send and scopes. Written from the API reference; checks the key, required fields, the
limits of a call. Keeps what it took, with substitutions made, as SendGrid would have sent it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from secrets import token_urlsafe

import msgspec
from aiohttp import web

from clarion.testing.simulators.simulator import Simulator

KEY = "SG.simulated.key"
MOST_SUBSTITUTED = 10_000
ID_ARG = "clarion_id"
RESERVED = frozenset({"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "to", "from", "subject"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One mail as SendGrid would send it."""

    recipient: str
    subject: str
    text: str
    html: str
    headers: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    reply_to: str = ""


class _Address(msgspec.Struct):
    email: str
    name: str = ""


class _Personalization(msgspec.Struct):
    to: list[_Address]
    subject: str = ""
    headers: dict[str, str] = {}
    substitutions: dict[str, str] = {}
    custom_args: dict[str, str] = {}


class _Content(msgspec.Struct):
    type: str
    value: str


class _Call(msgspec.Struct):
    personalizations: list[_Personalization]
    sender: _Address = msgspec.field(name="from")
    content: list[_Content]
    reply_to: _Address | None = None
    categories: list[str] = []
    mail_settings: dict[str, dict[str, bool]] = {}


class SendGridSimulator(Simulator):
    """`unverified` senders are refused with 403."""

    def __init__(self, *, key: str = KEY) -> None:
        super().__init__()
        self.key = key
        self.scopes = ["mail.send", "user.profile.read"]
        self.unverified: set[str] = set()
        self.taken: list[Taken] = []

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.post("/v3/mail/send", self._send), web.get("/v3/scopes", self._scopes))

    async def _scopes(self, request: web.Request) -> web.Response:
        return self._unknown(request) or web.json_response({"scopes": self.scopes})

    async def _send(self, request: web.Request) -> web.Response:
        unknown = self._unknown(request)
        if unknown is not None:
            return unknown
        try:
            call = msgspec.json.decode(await request.read(), type=_Call)
        except msgspec.DecodeError:
            return _refuse(400, ("Bad Request", None))
        errors = [*_errors_of_call(call), *_errors_of_each(call)]
        if errors:
            return _refuse(400, *errors)
        if call.sender.email in self.unverified:
            return _refuse(403, ("The from address does not match a verified Sender Identity.", "from"))
        if call.mail_settings.get("sandbox_mode", {}).get("enable"):
            return web.Response(status=200)
        for one in call.personalizations:
            self._take(one, call)
        return web.Response(status=202, headers={"X-Message-Id": token_urlsafe(16)})

    def _take(self, one: _Personalization, call: _Call) -> None:
        bodies = {part.type: part.value for part in call.content}
        for key, value in one.substitutions.items():
            bodies = {kind: text.replace(key, value) for kind, text in bodies.items()}
        self.taken.append(
            Taken(
                recipient=one.to[0].email,
                subject=one.subject,
                text=bodies.get("text/plain", ""),
                html=bodies.get("text/html", ""),
                headers=one.headers,
                arguments=one.custom_args,
                categories=tuple(call.categories),
                reply_to=call.reply_to.email if call.reply_to else "",
            )
        )
        self.accepted[one.custom_args.get(ID_ARG, one.to[0].email)] += 1

    def _unknown(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Bearer {self.key}":
            return None
        return _refuse(401, ("The provided authorization grant is invalid, expired, or revoked", None))


def _errors_of_call(call: _Call) -> Iterable[tuple[str, str | None]]:
    addresses = [address.email.lower() for one in call.personalizations for address in one.to]
    if not 1 <= len(call.personalizations) <= 1_000 or len(addresses) > 1_000:
        yield "The personalization block is limited to 1000 personalizations per API request.", "personalizations"
    if len(set(addresses)) < len(addresses):
        yield (
            "Each unique email address in the personalizations array should only be included once.",
            "personalizations",
        )
    if not call.content or not all(part.value for part in call.content):
        yield "The content value must be a string at least one character in length.", "content.0.value"
    if [part.type for part in call.content] not in (["text/plain"], ["text/html"], ["text/plain", "text/html"]):
        yield "If present, text/plain must be first, followed by text/html.", "content"
    if len(call.categories) > 10 or len(set(call.categories)) < len(call.categories):
        yield "There is a limit of 10 unique categories.", "categories"


def _errors_of_each(call: _Call) -> Iterable[tuple[str, str | None]]:
    for at, one in enumerate(call.personalizations):
        here = f"personalizations.{at}"
        if not _is_address(one.to[0].email):
            yield "Does not contain a valid address.", f"{here}.to.0.email"
        if not one.subject:
            yield "The subject is required.", f"{here}.subject"
        if sum(len((key + value).encode()) for key, value in one.substitutions.items()) > MOST_SUBSTITUTED:
            yield "The substitutions may not exceed 10000 bytes.", f"{here}.substitutions"
        if RESERVED & {name.lower() for name in one.headers}:
            yield "The header is reserved.", f"{here}.headers"


def _is_address(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return bool(local) and text.isascii() and "." in domain and not domain.startswith(("-", "."))


def _refuse(status: int, *errors: tuple[str, str | None]) -> web.Response:
    return web.json_response(
        {"errors": [{"message": text, "field": name, "help": None} for text, name in errors]}, status=status
    )
