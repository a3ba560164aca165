"""The SendGrid provider: up to 1,000 rendered mails a call, several calls in flight."""

from collections.abc import Iterable, Iterator, Sequence

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected
from clarion.contract.provider import Declaration
from clarion.contract.registry import Entry
from clarion.egress.errors import EgressError
from clarion.providers.sendgrid import requests
from clarion.providers.sendgrid.account import read_account
from clarion.providers.sendgrid.answers import check_account, judge
from clarion.providers.sendgrid.feedback import SendGridFeedback
from clarion.providers.sendgrid.requests import Prepared
from clarion.providers.vendor_api import VendorApi, unanswered

CHANNELS = frozenset({ChannelKey.EMAIL})
MAX_BATCH = 1_000
MAX_BYTES = 20_000_000  # of 30 MB, for JSON writes some characters as two
SEND = "/v3/mail/send"
SCOPES = "/v3/scopes"

Told = list[tuple[str, Outcome]]


class SendGridProvider:
    """One API key."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._account = read_account(url, host)
        self._api = VendorApi(url, home=self._account.home, concurrency=16, timeout=30.0)
        self._headers = {"Authorization": f"Bearer {self._account.key}", "Content-Type": "application/json"}
        self.declaration = Declaration(
            name="sendgrid",
            channels=CHANNELS,
            max_batch=MAX_BATCH,
            concurrency=self._api.concurrency,
            max_bytes=MAX_BYTES,
            reports_delivery=True,
            batch_call=True,
        )

    def __repr__(self) -> str:
        return "<SendGridProvider>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes call by call. Raises Unreachable or Misconfigured once what is known has been told."""
        ready: list[Prepared] = []
        for message in batch:
            prepared = requests.prepare(message, self._account)
            if isinstance(prepared, Rejected):
                yield message.id, prepared
            else:
                ready.append(prepared)
        calls: Iterable[list[Prepared]] = requests.in_calls(ready)
        for narrow in (_without_the_refused, _one_by_one, _one_by_one):
            again: list[list[Prepared]] = []
            for call, told, rest in self._api.each(calls, self._send):
                yield from told
                again += narrow(call, rest)
            calls = again

    async def _send(self, call: list[Prepared]) -> tuple[list[Prepared], Told, list[Prepared]]:
        """The call, what is known after it, and which messages it did not send."""
        body = requests.body(call, self._account)
        try:
            response = await self._api.call(SEND, body=body, headers=self._headers)
        except EgressError as error:
            outcome = unanswered(error)
            return call, [(one.message.id, outcome) for one in call], []
        verdict = judge(response, count=len(call))
        told: Told = []
        rest: list[Prepared] = []
        for at, one in enumerate(call):
            outcome_of_it = verdict.named.get(at) or verdict.others
            if outcome_of_it is None:
                rest.append(one)
            else:
                told.append((one.message.id, outcome_of_it))
        return call, told, rest

    def probe(self) -> None:
        """The key's scopes: it is known, and may send."""
        check_account(self._api.ask(SCOPES, headers=self._headers))

    def close(self) -> None:
        """Close the connections."""
        self._api.close()


def _one_by_one(_call: list[Prepared], rest: list[Prepared]) -> list[list[Prepared]]:
    return [[one] for one in rest]


def _without_the_refused(call: list[Prepared], rest: list[Prepared]) -> list[list[Prepared]]:
    """Once more in one call, where it was said whom it was refused for."""
    return [rest] if 0 < len(rest) < len(call) else _one_by_one(call, rest)


ENTRY = Entry(
    scheme="sendgrid", channels=CHANNELS, open=SendGridProvider, feedback=SendGridFeedback, credentials_only=True
)
