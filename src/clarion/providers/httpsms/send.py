"""The generic SMS provider: one request a message, many in flight, as the account's template describes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clarion.channels.sms_segments import count_segments
from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry
from clarion.egress.errors import EgressError
from clarion.providers.httpsms.account import parse
from clarion.providers.httpsms.answers import judge
from clarion.providers.httpsms.feedback import HttpSmsFeedback
from clarion.providers.vendor_api import VendorApi, unanswered

CHANNELS = frozenset({ChannelKey.SMS})
MAX_BATCH = 500


class HttpSmsProvider:
    """One gateway. Its host is the operator's choice, so private addresses are open to it."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._gateway = parse(url)
        base = self._gateway.base
        self._api = VendorApi(replace(url, options={**url.options, "endpoint": base}), home=base)
        self._known = {**self._gateway.known, "callback": host.callback_url}
        self.declaration = Declaration(
            name="httpsms",
            channels=CHANNELS,
            max_batch=MAX_BATCH,
            concurrency=self._api.concurrency,
            reports_delivery=bool(self._gateway.reading.reports.status),
        )

    def __repr__(self) -> str:
        return "<HttpSmsProvider>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes come as the gateway answers. Raises Unreachable and Misconfigured."""
        return self._api.each(batch, self._deliver)

    async def _deliver(self, message: Message) -> tuple[str, Outcome]:
        if not isinstance(message.content, SmsContent):
            return message.id, Rejected(why=Reason.CONTENT_REFUSED, detail="not an SMS")
        values = self._values(message, message.content.body)
        gateway = self._gateway
        body = gateway.body.fill(values).encode() if gateway.body else None
        headers = {name: template.fill(values) for name, template in gateway.headers}
        try:
            response = await self._api.call(
                gateway.path.fill(values), body=body, headers=headers, method=gateway.method
            )
        except EgressError as error:
            return message.id, unanswered(error)
        return message.id, judge(response, gateway.reading)

    def _values(self, message: Message, text: str) -> Mapping[str, str]:
        counted = count_segments(text)
        return {
            **self._known,
            "to": message.target.value,
            "to_digits": message.target.value.lstrip("+"),
            "text": text,
            "id": message.id,
            "encoding": counted.encoding,
            "segments": str(counted.segments),
        }

    def probe(self) -> None:
        """Ask the path of `probe=`, with the same headers; without one there is nothing to ask that would not send."""
        gateway = self._gateway
        if not gateway.probe:
            return
        values = {**self._known, "to": "", "to_digits": "", "text": "", "id": "", "encoding": "", "segments": ""}
        headers = {name: template.fill(values) for name, template in gateway.headers if name != "Content-Type"}
        response = self._api.ask(gateway.probe, headers=headers)
        if 200 <= response.status < 300:
            return
        if response.status >= 500 or response.status == 429:
            raise Unreachable(f"the gateway does not answer as it should (HTTP {response.status})")
        raise Misconfigured(f"httpsms: probe= was answered with HTTP {response.status}: check it and the credentials")

    def close(self) -> None:
        """Close the session and its connections."""
        self._api.close()


ENTRY = Entry(
    scheme="httpsms",
    channels=CHANNELS,
    open=HttpSmsProvider,
    feedback=HttpSmsFeedback,
    file_options=frozenset({"template"}),
)
