"""The webhook provider: signed POSTs to addresses that users give, many in flight over one session."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import WebhookContent
from clarion.contract.faults import Misconfigured
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry
from clarion.egress import loop
from clarion.egress.errors import EgressError
from clarion.egress.fan_out import fan_out
from clarion.egress.guard import Guard
from clarion.egress.http import HttpClient, Limits
from clarion.egress.signing import BadSecret, SignedRequest, sign
from clarion.providers.webhook.answers import judge, judge_failure

CHANNELS = frozenset({ChannelKey.WEBHOOK})
MAX_BATCH = 500
MAX_BYTES = 262_144
PORTS = frozenset({443, 8443, 80, 8080})


class WebhookProvider:
    """Posts to each message's own URL. Private targets are refused at connect time unless the host allows them."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        url.only("timeout", "plain_http")
        self._secret = url.password
        self._lenient = host.allow_private_targets
        self._plain_http = self._lenient or url.options.get("plain_http") == "yes"
        concurrency = url.calls_at_once(32)
        limits = Limits(total=_number(url, "timeout", 15, low=0.05, high=120), connections=concurrency)
        guard = Guard.private_allowed() if self._lenient else Guard.strict()
        self._client = loop.PerLoop(lambda: HttpClient(guard=guard, limits=limits, user_agent="Clarion-Webhook/1"))
        # The spec makes webhook-id the receiver's idempotency key, so a second call under it has no second effect.
        self.declaration = Declaration(
            name="webhook",
            channels=CHANNELS,
            max_batch=MAX_BATCH,
            concurrency=concurrency,
            max_bytes=MAX_BYTES,
            idempotent=True,
        )

    def __repr__(self) -> str:
        return "<WebhookProvider>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes come as the endpoints answer. Raises nothing: each endpoint is one recipient."""
        return fan_out(batch, self._deliver, limit=self.declaration.concurrency)

    async def _deliver(self, message: Message) -> tuple[str, Outcome]:
        refusal = self._refuse_url(message.target.value)
        if refusal is not None:
            return message.id, refusal
        request = self._request(message)
        if isinstance(request, Rejected):
            return message.id, request
        try:
            response = await self._client.get().post(message.target.value, body=request.body, headers=request.headers)
        except EgressError as error:
            return message.id, judge_failure(error)
        return message.id, judge(response, now=datetime.now(UTC))

    def _refuse_url(self, url: str) -> Rejected | None:
        """Plain HTTP and odd ports are refused where targets are public: no eavesdropping, no port scanning."""
        if self._lenient:
            return None
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return Rejected(why=Reason.FORBIDDEN_TARGET, detail="the URL is not valid")
        if parts.scheme == "http" and not self._plain_http:
            return Rejected(why=Reason.FORBIDDEN_TARGET, detail="webhooks must be https (plain_http=yes allows http)")
        if port is not None and port not in PORTS:
            return Rejected(why=Reason.FORBIDDEN_TARGET, detail="webhooks go to ports 443, 8443, 80 or 8080 only")
        return None

    def _request(self, message: Message) -> SignedRequest | Rejected:
        """The signed request, or why there can be none."""
        content = message.content
        if not isinstance(content, WebhookContent):
            return Rejected(why=Reason.CONTENT_REFUSED, detail="not a webhook")
        try:
            request = sign(
                secrets=message.target.extra.get("secret") or self._secret,
                message_id=message.id,
                event=content.event,
                data=content.data,
                happened_at=message.created_at,
                now=datetime.now(UTC),
            )
        except BadSecret as error:
            return Rejected(why=Reason.INVALID_ADDRESS, detail=str(error))
        except (TypeError, ValueError):
            return Rejected(why=Reason.CONTENT_REFUSED, detail="the data cannot be written as JSON")
        if len(request.body) > MAX_BYTES:
            return Rejected(why=Reason.TOO_LARGE, detail=f"above {MAX_BYTES} bytes")
        return request

    def probe(self) -> None:
        """There is no server of ours to ask: the configuration was checked when the account was opened."""

    def close(self) -> None:
        """Close the session and its connections."""

        async def part() -> None:
            client = self._client.take()
            if client is not None:
                await client.close()

        loop.run(part(), timeout=5)


def _number(url: AccountUrl, option: str, default: float, *, low: float, high: float) -> float:
    try:
        value = float(url.options.get(option, default))
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        raise Misconfigured(f"webhook: {option}= must be a number from {low:g} to {high:g}")
    return value


ENTRY = Entry(scheme="webhook", channels=CHANNELS, open=WebhookProvider)
