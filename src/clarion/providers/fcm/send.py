"""The FCM provider: one call a message (v1 has no batches), many in flight over persistent connections."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent
from clarion.contract.faults import Unreachable
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry
from clarion.egress import loop
from clarion.egress.errors import EgressError
from clarion.egress.http import Response
from clarion.providers.fcm.account import read_options, read_service_account
from clarion.providers.fcm.answers import judge, require_ready
from clarion.providers.fcm.payload import ReservedKey, body, probe_body
from clarion.providers.fcm.tokens import AccessTokens
from clarion.providers.vendor_api import VendorApi, unanswered

CHANNELS = frozenset({ChannelKey.PUSH})
KINDS = frozenset({"fcm_token", "fid"})
HOME = "https://fcm.googleapis.com"
CALLS_AT_ONCE = 100


class FcmProvider:
    """One Firebase project. The access token is shared by all calls in flight."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._options = read_options(url)
        account = read_service_account(url)
        self._path = f"/v1/projects/{account.project}/messages:send"
        self._api = VendorApi(url, home=HOME, concurrency=CALLS_AT_ONCE)
        self._tokens = AccessTokens(url, account)
        self.declaration = Declaration(
            name="fcm",
            channels=CHANNELS,
            max_batch=500,
            concurrency=self._api.concurrency,
            max_bytes=4096,
            target_kinds=KINDS,
        )

    def __repr__(self) -> str:
        return "<FcmProvider>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes come as Google answers. Raises Unreachable or Misconfigured for the project as a whole."""
        return self._api.each(batch, self._deliver)

    async def _deliver(self, message: Message) -> tuple[str, Outcome]:
        content = message.content
        if not isinstance(content, PushContent) or message.target.kind not in KINDS | {""}:
            return message.id, Rejected(why=Reason.CONTENT_REFUSED, detail="not a push message for an FCM device")
        try:
            request = body(message, content, self._options, datetime.now(UTC))
        except ReservedKey:
            detail = "data has a key that FCM keeps for itself (from, message_type, google…, gcm…)"
            return message.id, Rejected(why=Reason.CONTENT_REFUSED, detail=detail)
        except (TypeError, ValueError):
            return message.id, Rejected(why=Reason.CONTENT_REFUSED, detail="the data cannot be written as JSON")
        try:
            outcome = judge(await self._post(request))
        except EgressError as error:
            return message.id, unanswered(error)
        if self._options.dry_run and isinstance(outcome, Sent):
            outcome = Sent(remote_id=outcome.remote_id, detail="checked by FCM and not delivered: dry_run=yes")
        return message.id, outcome

    async def _post(self, request: bytes) -> Response:
        """A call with a good token: one that Google does not know any more is replaced once."""
        token = await self._tokens.get()
        response = await self._call(request, token)
        if response.status == 401 and b"THIRD_PARTY_AUTH_ERROR" not in response.body:
            self._tokens.refused(token)
            response = await self._call(request, await self._tokens.get())
        return response

    async def _call(self, request: bytes, token: str) -> Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return await self._api.call(self._path, body=request, headers=headers)

    def probe(self) -> None:
        """Get a token and let Google check a message that goes to nobody."""
        try:
            response = loop.run(self._post(probe_body()))
            require_ready(response)
        except EgressError as error:
            raise Unreachable(str(error)) from error
        if isinstance(judge(response), Retry):
            raise Unreachable(f"FCM cannot be asked at the moment (HTTP {response.status})")

    def close(self) -> None:
        """Close the connections to FCM and to the token endpoint."""
        self._api.close()
        self._tokens.close()


ENTRY = Entry(scheme="fcm", channels=CHANNELS, open=FcmProvider, file_path=True)
