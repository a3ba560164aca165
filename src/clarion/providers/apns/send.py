"""The APNs provider: one request a device, hundreds at once over one HTTP/2 connection that stays open."""

import re
from collections.abc import Iterator, Sequence

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent
from clarion.contract.faults import Unreachable
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
from clarion.egress.http import Limits, Response
from clarion.egress.http2 import Http2Client
from clarion.providers.apns.account import read_key, read_options
from clarion.providers.apns.answers import EXPIRED_TOKEN, judge, reason_of
from clarion.providers.apns.payload import (
    PAYLOAD_BYTES,
    Header,
    ReservedKey,
    apns_id,
    body,
    fixed,
    varied,
)
from clarion.providers.apns.tokens import ProviderTokens
from clarion.providers.vendor_api import unanswered

CHANNELS = frozenset({ChannelKey.PUSH})
KINDS = frozenset({"apns"})
CALLS_AT_ONCE = 200
TOKEN = re.compile(r"[0-9a-fA-F]{32,400}")
NOBODY = "0" * 64


class ApnsProvider:
    """One signing key in one environment, for the apps named by `topic=`."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._options = read_options(url)
        self._tokens = ProviderTokens(read_key(url))
        concurrency = url.calls_at_once(CALLS_AT_ONCE)
        limits = Limits(total=self._options.timeout, connections=1)
        guard = Guard.private_allowed() if "endpoint" in url.options else Guard.strict()
        self._client = loop.PerLoop(lambda: Http2Client(self._options.origin, guard=guard, limits=limits))
        self.declaration = Declaration(
            name="apns",
            channels=CHANNELS,
            max_batch=500,
            concurrency=concurrency,
            max_bytes=PAYLOAD_BYTES,
            target_kinds=KINDS,
        )

    def __repr__(self) -> str:
        return "<ApnsProvider>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes come as Apple answers. Raises Unreachable or Misconfigured for the account as a whole."""
        return fan_out(batch, self._deliver, limit=self.declaration.concurrency)

    async def _deliver(self, message: Message) -> tuple[str, Outcome]:
        content = message.content
        if not isinstance(content, PushContent):
            return message.id, Rejected(why=Reason.CONTENT_REFUSED, detail="not a push message")
        if not TOKEN.fullmatch(message.target.value):
            detail = "an APNs token is the device token's bytes in hex"
            return message.id, Rejected(why=Reason.INVALID_ADDRESS, suppress=True, detail=detail)
        payload = self._payload(message, content)
        if isinstance(payload, Rejected):
            return message.id, payload
        try:
            response = await self._post(message, payload, varied(message, content))
        except EgressError as error:
            return message.id, unanswered(error)
        return message.id, judge(response, apns_id(message))

    def _payload(self, message: Message, content: PushContent) -> bytes | Rejected:
        """The payload, or why there can be none."""
        try:
            payload = body(message, content, self._options)
        except ReservedKey:
            return Rejected(why=Reason.CONTENT_REFUSED, detail="data has the key aps, which is Apple's")
        except (TypeError, ValueError):
            return Rejected(why=Reason.CONTENT_REFUSED, detail="the data cannot be written as JSON")
        if len(payload) > PAYLOAD_BYTES:
            return Rejected(why=Reason.TOO_LARGE, detail=f"above {PAYLOAD_BYTES} bytes")
        return payload

    async def _post(self, message: Message, payload: bytes, own: Sequence[Header]) -> Response:
        """A call with a good token: one that Apple calls stale is replaced once, if it is not young."""
        path = f"/3/device/{message.target.value}"
        token = self._tokens.get()
        client = self._client.get()
        response = await client.post(path, body=payload, fixed=fixed(message, self._options, token), varied=own)
        if response.status == 403 and reason_of(response) == EXPIRED_TOKEN and self._tokens.stale(token):
            token = self._tokens.get()
            response = await client.post(path, body=payload, fixed=fixed(message, self._options, token), varied=own)
        return response

    def probe(self) -> None:
        """Ask Apple to send to a device that cannot be: key, team and topic are looked at before the device is."""
        try:
            response = loop.run(self._ask())
        except EgressError as error:
            raise Unreachable(str(error)) from error
        judge(response, "")
        if response.status >= 429:
            raise Unreachable(f"APNs cannot be asked at the moment (HTTP {response.status})")

    async def _ask(self) -> Response:
        token = self._tokens.get()
        headers = [
            (b"authorization", b"bearer " + token.encode()),
            (b"apns-topic", self._options.topics[0].encode()),
            (b"apns-push-type", b"background"),
            (b"apns-priority", b"5"),
        ]
        payload = b'{"aps":{"content-available":1}}'
        return await self._client.get().post(f"/3/device/{NOBODY}", body=payload, fixed=headers)

    def close(self) -> None:
        """Say goodbye to Apple."""

        async def part() -> None:
            client = self._client.take()
            if client is not None:
                await client.close()

        loop.run(part(), timeout=5)


ENTRY = Entry(scheme="apns", channels=CHANNELS, open=ApnsProvider, file_path=True)
