"""Amazon SES v2 on loopback: SendEmail, SendBulkEmail, GetAccount. Written from the API reference; checks signature,
required fields, limits. Keeps what it took, with templates filled in, as SES would have sent it.
"""

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
from aiohttp import web

from clarion.providers.ses.signing import Signer
from clarion.testing.simulators.simulator import Simulator

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105  the example of AWS' documentation
REGION = "eu-west-1"
CLOCK_SKEW = timedelta(minutes=5)
ID_TAG = "clarion_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A mail as SES took it: MIME for a single one, the filled-in template for one of a bulk call."""

    recipient: str
    tags: dict[str, str]
    raw: bytes = b""
    subject: str = ""
    text: str = ""
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    reply_to: str = ""
    configuration_set: str = ""


class _Tag(msgspec.Struct):
    Name: str
    Value: str


class _Destination(msgspec.Struct):
    ToAddresses: list[str]


class _Raw(msgspec.Struct):
    Data: str


class _Content(msgspec.Struct):
    Raw: _Raw


class _Single(msgspec.Struct):
    FromEmailAddress: str
    Destination: _Destination
    Content: _Content
    EmailTags: list[_Tag] = []
    ConfigurationSetName: str = ""


class _TemplateContent(msgspec.Struct):
    Subject: str
    Text: str = ""
    Html: str = ""


class _Template(msgspec.Struct):
    TemplateContent: _TemplateContent
    TemplateData: str


class _DefaultContent(msgspec.Struct):
    Template: _Template


class _ReplacementTemplate(msgspec.Struct):
    ReplacementTemplateData: str


class _ReplacementContent(msgspec.Struct):
    ReplacementTemplate: _ReplacementTemplate


class _Entry(msgspec.Struct):
    Destination: _Destination
    ReplacementEmailContent: _ReplacementContent
    ReplacementTags: list[_Tag] = []
    ReplacementHeaders: list[_Tag] = []


class _Bulk(msgspec.Struct):
    FromEmailAddress: str
    DefaultContent: _DefaultContent
    BulkEmailEntries: list[_Entry]
    DefaultEmailTags: list[_Tag] = []
    ReplyToAddresses: list[str] = []
    ConfigurationSetName: str = ""


class SesSimulator(Simulator):
    """`entry_status` gives recipients of bulk calls a status of their own; `sending_enabled` is the account's."""

    def __init__(self, *, key_id: str = KEY_ID, secret: str = SECRET, region: str = REGION) -> None:
        super().__init__()
        self.key_id, self.secret, self.region = key_id, secret, region
        self.taken: list[Taken] = []
        self.entry_status: dict[str, str] = {}
        self.sending_enabled = True
        self._signers: dict[str, Signer] = {}
        self._serial = 0

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.post("/v2/email/outbound-emails", self._single),
            web.post("/v2/email/outbound-bulk-emails", self._bulk),
            web.get("/v2/email/account", self._account),
        )

    async def _account(self, request: web.Request) -> web.Response:
        return await self._forged(request) or _json(
            {
                "SendingEnabled": self.sending_enabled,
                "EnforcementStatus": "HEALTHY",
                "ProductionAccessEnabled": True,
                "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0},
            }
        )

    async def _single(self, request: web.Request) -> web.Response:
        forged = await self._forged(request)
        if forged is not None:
            return forged
        try:
            call = msgspec.json.decode(await request.read(), type=_Single)
        except msgspec.DecodeError as error:
            return _error("BadRequestException", str(error))
        recipient = call.Destination.ToAddresses[0]
        if not _is_legal(recipient):
            return _error("BadRequestException", "Illegal address")
        taken = Taken(
            recipient=recipient,
            tags={tag.Name: tag.Value for tag in call.EmailTags},
            raw=b64decode(call.Content.Raw.Data, validate=True),
            configuration_set=call.ConfigurationSetName,
        )
        return _json({"MessageId": self._take(taken)})

    async def _bulk(self, request: web.Request) -> web.Response:
        forged = await self._forged(request)
        if forged is not None:
            return forged
        body = await request.read()
        try:
            call = msgspec.json.decode(body, type=_Bulk)
        except msgspec.DecodeError as error:
            return _error("BadRequestException", str(error))
        if len(body) > 1_000_000 or not 1 <= len(call.BulkEmailEntries) <= 50:
            return _error("BadRequestException", "the call is too large")
        if not all(_is_legal(address) for entry in call.BulkEmailEntries for address in entry.Destination.ToAddresses):
            return _error("BadRequestException", "Illegal address")
        return _json({"BulkEmailEntryResults": [self._entry(entry, call) for entry in call.BulkEmailEntries]})

    def _entry(self, entry: _Entry, call: _Bulk) -> dict[str, str]:
        recipient = entry.Destination.ToAddresses[0]
        status = self.entry_status.get(recipient, "SUCCESS")
        if status != "SUCCESS":
            return {"Status": status, "Error": f"{status} for {recipient}"}
        template = call.DefaultContent.Template.TemplateContent
        data = msgspec.json.decode(
            entry.ReplacementEmailContent.ReplacementTemplate.ReplacementTemplateData, type=dict[str, str]
        )
        tags = {tag.Name: tag.Value for tag in [*call.DefaultEmailTags, *entry.ReplacementTags]}
        taken = Taken(
            recipient=recipient,
            tags=tags,
            subject=_fill(template.Subject, data),
            text=_fill(template.Text, data),
            html=_fill(template.Html, data),
            headers={header.Name: header.Value for header in entry.ReplacementHeaders},
            reply_to=",".join(call.ReplyToAddresses),
            configuration_set=call.ConfigurationSetName,
        )
        return {"Status": "SUCCESS", "MessageId": self._take(taken)}

    def _take(self, taken: Taken) -> str:
        self._serial += 1
        self.taken.append(taken)
        self.accepted[taken.tags.get(ID_TAG, taken.recipient)] += 1
        return f"0102018c{self._serial:08x}-simulated-000000"

    async def _forged(self, request: web.Request) -> web.Response | None:
        """The refusal of a call whose signature is wrong or old."""
        try:
            signed_at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            given = request.headers["authorization"]
        except (KeyError, ValueError):
            return _error("MissingAuthenticationTokenException", "Missing Authentication Token", status=403)
        if f"Credential={self.key_id}/" not in given:
            return _error("UnrecognizedClientException", "The security token is invalid.", status=403)
        if abs(datetime.now(UTC) - signed_at) > CLOCK_SKEW:
            return _error("InvalidSignatureException", "Signature expired", status=403)
        host = request.headers.get("Host", "")
        if host not in self._signers:
            base = f"http://{host}"
            self._signers[host] = Signer(key_id=self.key_id, secret=self.secret, region=self.region, base=base)
        body = await request.read()
        expected = self._signers[host].headers(request.method, request.path, body, now=signed_at)["authorization"]
        if given != expected:
            return _error("InvalidSignatureException", "The request signature does not match.", status=403)
        return None


def _is_legal(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    return bool(local) and address.isascii() and not domain.startswith("-") and "." in domain


def _fill(template: str, data: dict[str, str]) -> str:
    """Simple substitution: one pass, nothing escaped; our templates are one variable each."""
    name = template.removeprefix("{{").removesuffix("}}")
    return data.get(name, "") if template else ""


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _error(code: str, message: str, *, status: int = 400) -> web.Response:
    return web.Response(
        status=status,
        headers={"x-amzn-ErrorType": code},
        body=msgspec.json.encode({"message": message}),
        content_type="application/json",
    )
