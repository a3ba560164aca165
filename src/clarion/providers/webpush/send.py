"""The Web Push provider: encrypts each message for its browser and posts it to the browser's push service."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from clarion.channels.device_token import Subscription, parse_subscription
from clarion.channels.errors import InvalidValue
from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent
from clarion.contract.faults import Misconfigured
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Sent
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry
from clarion.egress import loop
from clarion.egress.errors import EgressError
from clarion.egress.fan_out import fan_out
from clarion.egress.guard import Guard
from clarion.egress.http import HttpClient, Limits, Response
from clarion.providers.webpush.account import read_options, read_vapid
from clarion.providers.webpush.answers import SERVICES, doubtful, judge, judge_failure, refuses_key
from clarion.providers.webpush.encryption import MOST_PLAIN, encrypt
from clarion.providers.webpush.payload import body, headers
from clarion.providers.webpush.standing import Standing
from clarion.providers.webpush.vapid import Signatures

CHANNELS = frozenset({ChannelKey.PUSH})
KINDS = frozenset({"webpush"})
CALLS_AT_ONCE = 64
FIXED = {"Content-Type": "application/octet-stream", "Content-Encoding": "aes128gcm"}


class WebPushProvider:
    """Posts to each subscription's own endpoint. Endpoints come from users: public https only, checked at connect time,
    unless the host allows private targets. `endpoint=` takes the place of every push service (simulators)."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._options = read_options(url)
        vapid = read_vapid(url)
        self._signatures = Signatures(vapid)
        self._lenient = host.allow_private_targets
        private = self._lenient or bool(self._options.endpoint)
        concurrency = url.calls_at_once(CALLS_AT_ONCE)
        limits = Limits(total=self._options.timeout, connections=concurrency)
        guard = Guard.private_allowed() if private else Guard.strict()
        self._client = loop.PerLoop(lambda: HttpClient(guard=guard, limits=limits))
        self._standing = Standing(lambda origin: bool(self._options.endpoint) or origin.endswith(SERVICES))
        self.declaration = Declaration(
            name="webpush",
            channels=CHANNELS,
            max_batch=500,
            concurrency=concurrency,
            max_bytes=MOST_PLAIN,
            target_kinds=KINDS,
            public_key=vapid.public,
        )

    def __repr__(self) -> str:
        return "<WebPushProvider>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes come as the push services answer. Raises Misconfigured when one that never took our key refuses it
        for several people."""
        return fan_out(batch, self._deliver, limit=self.declaration.concurrency)

    async def _deliver(self, message: Message) -> tuple[str, Outcome]:
        content = message.content
        if not isinstance(content, PushContent):
            return message.id, Rejected(why=Reason.CONTENT_REFUSED, detail="not a push message")
        try:
            subscription = parse_subscription(message.target.value)
        except InvalidValue as error:
            return message.id, Rejected(why=Reason.INVALID_ADDRESS, suppress=True, detail=str(error))
        origin, path = _parts(subscription.endpoint)
        if not (self._lenient or origin.startswith("https://")):
            return message.id, Rejected(why=Reason.FORBIDDEN_TARGET, detail="push services are https")
        sealed = _sealed(message, content, subscription)
        if isinstance(sealed, Rejected):
            return message.id, sealed
        now = datetime.now(UTC)
        sent = FIXED | headers(message, content, ttl=self._options.ttl, now=now)
        sent["Authorization"] = self._signatures.authorization(origin)
        try:
            response = await self._client.get().post(
                (self._options.endpoint or origin) + path, body=sealed, headers=sent
            )
        except EgressError as error:
            return message.id, judge_failure(error)
        return message.id, self._judge(response, origin, message.user_id, now)

    def _judge(self, response: Response, origin: str, person: str, now: datetime) -> Outcome:
        """A subscription belongs for life to the key it was made with. A service that takes our key refuses it for the
        sake of a subscription that is older than the key; one that never took it may be refusing the key itself."""
        outcome = judge(response, now=now)
        if isinstance(outcome, Sent):
            self._standing.note_taken(origin)
        if not refuses_key(response) or not self._standing.is_open(origin):
            return outcome
        if self._standing.is_refused(origin, person):
            raise Misconfigured(f"webpush: a push service refused the VAPID key or subject (HTTP {response.status})")
        return doubtful(response)

    def probe(self) -> None:
        """There is no server of ours to ask: the key was checked when the account was opened."""

    def close(self) -> None:
        """Close the session and its connections."""

        async def part() -> None:
            client = self._client.take()
            if client is not None:
                await client.close()

        loop.run(part(), timeout=5)


def _parts(endpoint: str) -> tuple[str, str]:
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}", endpoint[len(parts.scheme) + 3 + len(parts.netloc) :]


def _sealed(message: Message, content: PushContent, to: Subscription) -> bytes | Rejected:
    """The encrypted body, or why there can be none."""
    try:
        plain = body(message, content)
    except (TypeError, ValueError):
        return Rejected(why=Reason.CONTENT_REFUSED, detail="the data cannot be written as JSON")
    if len(plain) > MOST_PLAIN:
        return Rejected(why=Reason.TOO_LARGE, detail=f"above {MOST_PLAIN} bytes")
    try:
        return encrypt(plain, receiver=to.p256dh, auth=to.auth)
    except ValueError:
        return Rejected(why=Reason.INVALID_ADDRESS, suppress=True, detail="the browser's key is not on the curve")


ENTRY = Entry(scheme="webpush", channels=CHANNELS, open=WebPushProvider, credentials_only=True)
