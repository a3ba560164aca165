"""SES' ear: events come through an SNS topic. The envelope is `sns`, what is in it `events`."""

from collections.abc import Sequence

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Unreachable
from clarion.contract.feedback import Callback, Forged, Reported
from clarion.contract.host import Host
from clarion.egress import loop
from clarion.egress.errors import EgressError
from clarion.egress.guard import Guard
from clarion.egress.http import HttpClient, Limits
from clarion.providers.ses import sns
from clarion.providers.ses.account import OPTIONS, read_topics
from clarion.providers.ses.events import parse_event

_LIMITS = Limits(total=10.0, body_bytes=65_536, connections=2)


class SesFeedback:
    """One account's ear. `fetch` gets a certificate or calls a confirmation; tests bring their own."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host, *, fetch: sns.Fetch | None = None) -> None:
        url.only(*OPTIONS)
        self._topics = read_topics(url)
        self._fetch = fetch or get_from_sns
        self._notary = sns.Notary(self._fetch)

    def verify(self, callback: Callback) -> None:
        """SNS signed it, for one of our topics. Raises Forged or Unreachable."""
        self._notary.verify(sns.read(callback), topics=self._topics, now=callback.received_at)

    def acknowledge(self, callback: Callback) -> None:
        """Confirm a subscription; to be repeated is harmless. Raises Unreachable."""
        envelope = sns.read(callback)
        if not envelope.is_subscription or envelope.TopicArn not in self._topics:
            return
        url = envelope.SubscribeURL or ""
        try:
            sns.check_subscribe_url(url, envelope.TopicArn)
        except Forged:
            return
        self._fetch(url)

    def parse(self, callback: Callback) -> Sequence[Reported]:
        """The event in the envelope; nothing in a confirmation. Raises Malformed."""
        envelope = sns.read(callback)
        if envelope.Type != "Notification":
            return ()
        return parse_event(envelope.Message, event_id=envelope.MessageId)


def get_from_sns(url: str) -> bytes:
    """GET from a host that was checked before. Raises Unreachable."""

    async def get() -> bytes:
        client = HttpClient(guard=Guard.strict(), limits=_LIMITS)
        try:
            response = await client.request("GET", url)
        finally:
            await client.close()
        if response.status != 200 or response.truncated:
            raise Unreachable(f"SNS answered HTTP {response.status}")
        return response.body

    try:
        return loop.run(get())
    except EgressError as error:
        raise Unreachable(str(error)) from error
