"""The SES provider: bulk calls of up to 50 rendered mails, single calls for what a bulk call cannot carry."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry
from clarion.egress.errors import EgressError
from clarion.egress.mime_headers import MailRefused
from clarion.providers.ses import requests
from clarion.providers.ses.account import USUAL_RATE, read_account
from clarion.providers.ses.answers import check_account, judge, judge_bulk
from clarion.providers.ses.feedback import SesFeedback
from clarion.providers.ses.requests import Prepared
from clarion.providers.ses.signing import Signer
from clarion.providers.vendor_api import VendorApi, unanswered

CHANNELS = frozenset({ChannelKey.EMAIL})
MAX_BATCH = 500
MAX_BYTES = 10_000_000  # SES takes 40 MB, but slows down above ten
SINGLE = "/v2/email/outbound-emails"
BULK = "/v2/email/outbound-bulk-emails"
ACCOUNT = "/v2/email/account"

Told = list[tuple[str, Outcome]]


class SesProvider:
    """One AWS key in one region."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._account = account = read_account(url, host)
        self._api = VendorApi(url, home=account.home, concurrency=16, timeout=30.0)
        self._signer = Signer(
            key_id=account.key_id,
            secret=account.secret,
            session_token=account.session_token,
            region=account.region,
            base=self._api.base,
        )
        self.declaration = Declaration(
            name="ses",
            channels=CHANNELS,
            max_batch=MAX_BATCH,
            concurrency=self._api.concurrency,
            max_bytes=MAX_BYTES,
            reports_delivery=True,
            batch_call=account.entries > 1,
            default_rate=USUAL_RATE,
        )

    def __repr__(self) -> str:
        return f"<SesProvider {self._account.region}>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes call by call. Raises Unreachable or Misconfigured once what is known has been told."""
        ready: list[Prepared] = []
        for message in batch:
            prepared = requests.prepare(message, self._account)
            if isinstance(prepared, Rejected):
                yield message.id, prepared
            else:
                ready.append(prepared)
        faults: list[Misconfigured] = []
        spoiled: list[Prepared] = []

        async def carry(call: list[Prepared]) -> Told:
            if faults:
                return []
            return await (self._send_one(call[0]) if len(call) == 1 else self._send_bulk(call, faults, spoiled))

        for told in self._api.each(requests.in_calls(ready, self._account), carry):
            yield from told
        if faults:
            raise faults[0]
        # each a call of its own: when one meets a fault, what became of the others is told first
        for told in self._api.each(spoiled, self._send_one):
            yield from told

    async def _send_one(self, one: Prepared) -> Told:
        now = datetime.now(UTC)
        try:
            body = requests.single_body(one, self._account, now=now)
        except MailRefused as refused:
            return [(one.message.id, Rejected(why=Reason.CONTENT_REFUSED, detail=str(refused)))]
        try:
            response = await self._api.call(
                SINGLE, body=body, headers=self._signer.headers("POST", SINGLE, body, now=now)
            )
        except EgressError as error:
            return [(one.message.id, unanswered(error))]
        return [(one.message.id, judge(response, sender=self._account.sender.bare))]

    async def _send_bulk(self, call: list[Prepared], faults: list[Misconfigured], spoiled: list[Prepared]) -> Told:
        """What is known after a bulk call; what blames the account, and what was not sent, goes into the lists."""
        now = datetime.now(UTC)
        body = requests.bulk_body(call, self._account)
        try:
            response = await self._api.call(BULK, body=body, headers=self._signer.headers("POST", BULK, body, now=now))
        except EgressError as error:
            outcome = unanswered(error)
            return [(one.message.id, outcome) for one in call]
        outcomes = judge_bulk(response, count=len(call), sender=self._account.sender.bare)
        if outcomes is None:  # one entry spoils the call: asked one by one, SES says which
            spoiled.extend(call)
            return []
        faults.extend(outcome for outcome in outcomes if isinstance(outcome, Misconfigured))
        return [
            (one.message.id, outcome)
            for one, outcome in zip(call, outcomes, strict=True)
            if not isinstance(outcome, Misconfigured)
        ]

    def probe(self) -> None:
        """GetAccount: the key works, and the account may send."""
        headers = self._signer.headers("GET", ACCOUNT, b"", now=datetime.now(UTC))
        check_account(self._api.ask(ACCOUNT, headers=headers))

    def close(self) -> None:
        """Close the connections."""
        self._api.close()


ENTRY = Entry(scheme="ses", channels=CHANNELS, open=SesProvider, feedback=SesFeedback)
