"""The webhook provider: signed POSTs to addresses that users give, many in flight over one session."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
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
from clarion.egress.errors import Blocked, EgressError
from clarion.egress.guard import Guard
from clarion.egress.http import HttpClient, Limits
from clarion.egress.signing import BadSecret, SignedRequest, sign
from clarion.providers.webhook.answers import judge, judge_failure
from clarion.providers.webhook.hosts import Hosts
from clarion.providers.webhook.round import MOST_PARKED, Called, Emit, Parked, Round

CHANNELS = frozenset({ChannelKey.WEBHOOK})
MAX_BATCH = 500
MAX_BYTES = 262_144
PORTS = frozenset({443, 8443, 80, 8080})
PATIENCE_SECONDS = 3.0


@dataclass(slots=True)
class _Calls:
    """What belongs to one event loop: the session, and the calls that outlast their batch."""

    client: HttpClient
    parked: Parked = field(default_factory=Parked)


class WebhookProvider:
    """Posts to each message's own URL. Private targets are refused at connect time unless the host allows them."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        url.only("timeout", "patience", "plain_http")
        self._secret = url.password
        self._lenient = host.allow_private_targets
        self._plain_http = self._lenient or url.options.get("plain_http") == "yes"
        self._patience = _number(url, "patience", PATIENCE_SECONDS, low=0.05, high=120)
        concurrency = url.calls_at_once(32)
        total = _number(url, "timeout", 15, low=0.05, high=120)
        limits = Limits(total=total, connections=concurrency + MOST_PARKED)
        guard = Guard.private_allowed() if self._lenient else Guard.strict()
        self._hosts = Hosts()
        self._calls = loop.PerLoop(
            lambda: _Calls(HttpClient(guard=guard, limits=limits, user_agent="Clarion-Webhook/1"))
        )
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

        async def produce(emit: Emit) -> None:
            calls = self._calls.get()
            await Round(
                batch=batch,
                emit=emit,
                refuse=self._refuse,
                call=partial(self._deliver, calls.client),
                host_of=_host_of,
                hosts=self._hosts,
                parked=calls.parked,
                limit=self.declaration.concurrency,
                patience=self._patience,
            ).run()

        return loop.pump(produce)

    async def _deliver(self, client: HttpClient, message: Message) -> Called:
        request = self._request(message)
        if isinstance(request, Rejected):
            return Called(outcome=request, answered=True)
        try:
            response = await client.request("POST", message.target.value, body=request.body, headers=request.headers)
        except EgressError as error:
            return Called(outcome=judge_failure(error), answered=isinstance(error, Blocked))
        return Called(outcome=judge(response, now=datetime.now(UTC)), answered=True)

    def _refuse(self, message: Message) -> Rejected | None:
        return self._refuse_url(message.target.value)

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
                # what is sent again on request keeps the id its receiver may know
                message_id=message.target.extra.get("webhook_id") or message.id,
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
            calls = self._calls.take()
            if calls is not None:
                await calls.parked.stop()
                await calls.client.close()

        loop.run(part(), timeout=5)


@lru_cache(maxsize=4_096)
def _authority(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _host_of(message: Message) -> str:
    return _authority(message.target.value)


def _number(url: AccountUrl, option: str, default: float, *, low: float, high: float) -> float:
    try:
        value = float(url.options.get(option, default))
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        raise Misconfigured(f"webhook: {option}= must be a number from {low:g} to {high:g}")
    return value


ENTRY = Entry(scheme="webhook", channels=CHANNELS, open=WebhookProvider, credentials_only=True)
