"""The Twilio provider: one call a message, many in flight. Twilio's Messages API (2010-04-01) has no batch call and no
idempotency key: https://www.twilio.com/docs/messaging/api/message-resource (read 2026-11-20)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import msgspec

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry
from clarion.egress.errors import EgressError
from clarion.egress.guard import is_forbidden
from clarion.egress.http import Response
from clarion.providers.twilio.account import HOME, parse
from clarion.providers.twilio.answers import judge, outcome_of
from clarion.providers.twilio.feedback import MESSAGE_ID, TwilioFeedback
from clarion.providers.vendor_api import VendorApi, by_status, unanswered

CHANNELS = frozenset({ChannelKey.SMS})
MAX_BATCH = 500
LONGEST_VALIDITY_SECONDS = 36_000
NEVER_SENT = frozenset({"failed", "undelivered", "canceled"})


class Answer(msgspec.Struct, frozen=True):
    """What we read of a message resource, or of an error."""

    sid: str = ""
    status: str | int = ""
    num_segments: str | int | None = None
    price: str | float | None = None
    price_unit: str | None = None
    error_code: int | None = None
    code: int = 0


_read = msgspec.json.Decoder(Answer)


class TwilioProvider:
    """Posts a form for each message."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        account = parse(url)
        self._api = VendorApi(url, home=HOME)
        self._messages = f"/2010-04-01/Accounts/{account.sid}/Messages.json"
        self._resource = f"/2010-04-01/Accounts/{account.sid}.json"
        self._login = {"Authorization": account.authorization}
        self._headers = {**self._login, "Content-Type": "application/x-www-form-urlencoded"}
        self._form = urlencode(account.sender)
        self._callback = _callback_prefix(host.callback_url, anywhere="endpoint" in url.options)
        self.declaration = Declaration(
            name="twilio",
            channels=CHANNELS,
            max_batch=MAX_BATCH,
            concurrency=self._api.concurrency,
            reports_delivery=True,
        )

    def __repr__(self) -> str:
        return "<TwilioProvider>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes come as Twilio answers. Raises Unreachable and Misconfigured."""
        return self._api.each(batch, self._deliver)

    async def _deliver(self, message: Message) -> tuple[str, Outcome]:
        content = message.content
        if not isinstance(content, SmsContent):
            return message.id, Rejected(why=Reason.CONTENT_REFUSED, detail="not an SMS")
        try:
            response = await self._api.call(
                self._messages, body=self._body(message, content).encode(), headers=self._headers
            )
        except EgressError as error:
            return message.id, unanswered(error)
        return message.id, _outcome(response)

    def _body(self, message: Message, content: SmsContent) -> str:
        form = f"{self._form}&To={quote_plus(message.target.value)}&Body={quote_plus(content.body)}"
        if self._callback:
            form += self._callback + quote(quote(message.id, safe=""), safe="")
        if message.expires_at is not None:
            left = int((message.expires_at - datetime.now(UTC)).total_seconds())
            form += f"&ValidityPeriod={min(max(left, 1), LONGEST_VALIDITY_SECONDS)}"
        return form

    def probe(self) -> None:
        """Fetch the account. Raises Unreachable, Misconfigured."""
        response = self._api.ask(self._resource, headers=self._login)
        if response.status == 404:
            raise Misconfigured("twilio: there is no such account: check the SID and endpoint=")
        if response.status != 200:
            if isinstance(by_status(response), Retry) and (response.status >= 500 or response.status == 429):
                raise Unreachable(f"Twilio does not answer as it should (HTTP {response.status})")
            raise Misconfigured(f"twilio: the account cannot be fetched (HTTP {response.status}): check endpoint=")
        status = _parsed(response).status
        if status != "active":
            raise Misconfigured("twilio: the account is not active; see the console")

    def close(self) -> None:
        """Close the session and its connections."""
        self._api.close()


def _callback_prefix(url: str, *, anywhere: bool) -> str:
    """`&StatusCallback=<our address>?message=`, encoded, to which each message adds its id. An address that Twilio
    cannot reach is left out, for it refuses the message then (21609); `anywhere`: a simulator reaches it."""
    if not url or not (anywhere or _is_public(url)):
        return ""
    return "&StatusCallback=" + quote(f"{url}{'&' if '?' in url else '?'}{MESSAGE_ID}=", safe="")


def _is_public(url: str) -> bool:
    """Whether the host is a name that may be public, or a public address."""
    host = urlsplit(url).hostname or ""
    named = any(char.isalpha() for char in host) and ":" not in host
    return "." in host and not host.endswith(".localhost") if named else not is_forbidden(host)


def _parsed(response: Response) -> Answer:
    try:
        return _read.decode(response.body)
    except msgspec.MsgspecError:
        return Answer()


def _outcome(response: Response) -> Outcome:
    answer = _parsed(response)
    if not 200 <= response.status < 300:
        return judge(answer.code, response)
    if answer.status in NEVER_SENT:
        known = outcome_of(answer.error_code or 0)
        return known or Retry(why=Reason.UNRECOGNISED, detail=f"status {answer.status}")
    if not answer.sid:
        return Unclear(why=Reason.UNRECOGNISED, detail="the answer is not a message resource")
    price = f"{str(answer.price).lstrip('-')} {answer.price_unit or ''}".strip() if answer.price else ""
    return Sent(remote_id=answer.sid, segments=_number(answer.num_segments), price=price)


def _number(value: str | int | None) -> int | None:
    """Twilio writes numbers as text; `0` means that a messaging service has not counted yet."""
    text = str(value)
    return int(text) or None if text.isascii() and text.isdigit() and len(text) < 5 else None


ENTRY = Entry(scheme="twilio", channels=CHANNELS, open=TwilioProvider, feedback=TwilioFeedback, credentials_only=True)
