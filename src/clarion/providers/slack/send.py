"""Slack: one call a message, many in flight. A channel that Slack throttles is left alone until it may go on."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent
from clarion.contract.faults import Unreachable
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry
from clarion.egress.errors import EgressError
from clarion.providers.slack.account import API, HOOKS, credentials, hook_path, is_place
from clarion.providers.slack.answers import judge, judge_hook, read, refuse_account
from clarion.providers.slack.blocks import BadMessage, message_of
from clarion.providers.vendor_api import VendorApi, unanswered

CHANNELS = frozenset({ChannelKey.CHAT})
MAX_BATCH = 200
CONCURRENCY = 8
MOST_WAITING = 10_000
EVENT_TYPE = "clarion_notification"


class SlackProvider:
    """A workspace's bot, and the incoming webhooks that people gave."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._token = credentials(url).token
        self._api = VendorApi(url, home=API, concurrency=CONCURRENCY)
        self._hooks = VendorApi(url, home=HOOKS, concurrency=CONCURRENCY)
        self._plain = {"Content-Type": "application/json; charset=utf-8"}
        self._headers = {**self._plain, "Authorization": f"Bearer {self._token}"}
        self._waits: dict[str, float] = {}
        # "several hundred messages a minute" for a workspace, 1 a second for a channel:
        # https://docs.slack.dev/apis/web-api/rate-limits (2026-11)
        self.declaration = Declaration(
            name="slack",
            channels=CHANNELS,
            max_batch=MAX_BATCH,
            concurrency=self._api.concurrency,
            default_rate="300/min",
        )

    def __repr__(self) -> str:
        return "<SlackProvider>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes as Slack answers. Raises Unreachable and Misconfigured."""
        return self._api.each(batch, self._deliver)

    async def _deliver(self, message: Message) -> tuple[str, Outcome]:
        target = message.target.value
        wait = self._waits.get(target, 0.0) - time.monotonic()
        if wait > 0:
            after = timedelta(seconds=wait)
            return message.id, Retry(why=Reason.THROTTLED, after=after, untried=True, detail="rate limited")
        path = hook_path(target)
        outcome = self._refuse(message, path) or await self._call(message, path)
        if isinstance(outcome, Retry) and outcome.why is Reason.THROTTLED and outcome.after:
            self._note_wait(target, outcome.after)
        return message.id, outcome

    def _refuse(self, message: Message, path: str) -> Rejected | None:
        if not isinstance(message.content, ChatContent):
            return Rejected(why=Reason.CONTENT_REFUSED, detail="not a chat message")
        if path:
            return None
        if not is_place(message.target.value):
            detail = "neither a channel nor an incoming webhook of hooks.slack.com"
            return Rejected(why=Reason.INVALID_ADDRESS, detail=detail)
        if not self._token:
            detail = "the account has no bot token: it carries incoming webhooks only"
            return Rejected(why=Reason.INVALID_ADDRESS, detail=detail)
        return None

    async def _call(self, message: Message, path: str) -> Outcome:
        try:
            body = self._body(message, webhook=bool(path))
        except BadMessage as error:
            return Rejected(why=Reason.CONTENT_REFUSED, detail=str(error))
        try:
            if path:
                return judge_hook(await self._hooks.call(path, body=body, headers=self._plain))
            return judge(await self._api.call("/chat.postMessage", body=body, headers=self._headers))
        except EgressError as error:
            return unanswered(error)

    @staticmethod
    def _body(message: Message, *, webhook: bool) -> bytes:
        content = message.content
        if not isinstance(content, ChatContent):
            raise BadMessage("not a chat message")
        fields = message_of(content, threads=not webhook)
        if not webhook:
            # https://docs.slack.dev/messaging/message-metadata: our id, so that a message can be found again
            payload = {"notification_id": message.notification_id}
            fields["metadata"] = {"event_type": EVENT_TYPE, "event_payload": payload}
            fields["channel"] = message.target.value
        return msgspec.json.encode(fields)

    def _note_wait(self, target: str, after: timedelta) -> None:
        now = time.monotonic()
        if len(self._waits) > MOST_WAITING:
            self._waits = {key: until for key, until in self._waits.items() if until > now}
        self._waits[target] = now + after.total_seconds()

    def probe(self) -> None:
        """auth.test says whether the token works. Without one there is nothing to ask: a webhook cannot be tried
        without posting. Raises Unreachable and Misconfigured."""
        if not self._token:
            return
        response = self._api.ask("/auth.test", headers=self._headers, method="POST")
        answer = read(response)
        if answer is None:
            raise Unreachable(f"Slack answered HTTP {response.status}")
        if not answer.ok:
            refuse_account(answer.error)
            raise Unreachable("Slack cannot tell at the moment whether the token works")

    def close(self) -> None:
        """Close the sessions and their connections."""
        self._api.close()
        self._hooks.close()


ENTRY = Entry(scheme="slack", channels=CHANNELS, open=SlackProvider, credentials_only=True)
