"""The Beem provider: recipients of the same text go in one call. https://docs.beem.africa/index.html#api-SMS

Beem has no idempotency key, and of a call it took in part it says how many, not which: those are asked for one by one.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry
from clarion.egress.errors import EgressError
from clarion.egress.http import Response
from clarion.providers.beem.account import HOME, REPORTS_HOME, parse
from clarion.providers.beem.answers import SPLITS, SUBMITTED, judge
from clarion.providers.beem.calls import Batch, batches, body, remote_id
from clarion.providers.beem.feedback import BeemFeedback
from clarion.providers.vendor_api import VendorApi, by_status, unanswered

CHANNELS = frozenset({ChannelKey.SMS})
MAX_BATCH = 500  # Beem takes 1,000 recipients a call; the engine hands over 500 at a time
ASKED_AT_ONCE = 8
SEND = "/v1/send"
BALANCE = "/public/v1/vendors/balance"
REPORTS = "/public/v1/delivery-reports"
Found = list[tuple[str, Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What we read of an answer. `left_out`: recipients that were not taken, invalid or named twice."""

    code: int = 0
    request_id: str = ""
    successful: bool = False
    left_out: int = 0


class BeemProvider:
    """Posts JSON, one call for each text."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        account = parse(url)
        self._sender = account.sender
        self._api = VendorApi(url, home=HOME)
        self._reports = VendorApi(url, home=REPORTS_HOME)
        self._login = {"Authorization": account.authorization, "Accept": "application/json"}
        self._headers = {**self._login, "Content-Type": "application/json"}
        self.declaration = Declaration(
            name="beem",
            channels=CHANNELS,
            max_batch=MAX_BATCH,
            concurrency=self._api.concurrency,
            reports_delivery=True,
            batch_call=True,
        )

    def __repr__(self) -> str:
        return "<BeemProvider>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes come call by call. Raises Unreachable and Misconfigured."""
        texts = [message for message in batch if isinstance(message.content, SmsContent)]
        for message in batch:
            if not isinstance(message.content, SmsContent):
                yield message.id, Rejected(why=Reason.CONTENT_REFUSED, detail="not an SMS")
        for found in self._api.each(batches(texts, MAX_BATCH), self._deliver):
            yield from found

    async def _deliver(self, batch: Batch) -> Found:
        try:
            response = await self._api.call(SEND, body=body(batch, self._sender), headers=self._headers)
        except EgressError as error:
            return _all(batch, unanswered(error))
        answer = _parsed(response)
        code = answer.code
        if code == SUBMITTED or (not code and answer.successful):
            return await self._submitted(batch, answer)
        if code in SPLITS and len(batch.messages) > 1:
            return await self._deliver_parts(*batch.halves())
        if not code and 200 <= response.status < 300:
            return _all(batch, Unclear(why=Reason.UNRECOGNISED, detail="the answer is not Beem's"))
        return _all(batch, judge(code, response))

    async def _deliver_parts(self, first: Batch, second: Batch) -> Found:
        """Two calls instead of one that was refused. A fault in the second must not hide what the first did."""
        found = await self._deliver(first)
        try:
            return found + await self._deliver(second)
        except (Unreachable, Misconfigured) as fault:
            return found + _all(second, Retry(why=Reason.UNREACHABLE, whole_account=True, detail=str(fault)))

    async def _submitted(self, batch: Batch, answer: Answer) -> Found:
        """Beem took the call, though perhaps not all its recipients."""
        request, left_out = answer.request_id, answer.left_out
        if left_out == 0:
            return _taken(batch, request, range(1, len(batch.messages) + 1))
        if left_out >= len(batch.messages):
            return _all(batch, Rejected(why=Reason.INVALID_ADDRESS, detail="Beem counts it as invalid"))
        gate = asyncio.Semaphore(ASKED_AT_ONCE)
        known = await asyncio.gather(*(self._is_known(request, message, gate) for message in batch.messages))
        places = [place for place, is_known in enumerate(known, start=1) if is_known]
        found = _taken(batch, request, places)
        if len(batch.messages) - len(places) == left_out:
            rest: Outcome = Rejected(why=Reason.INVALID_ADDRESS, detail="Beem counts it as invalid")
        else:
            detail = f"Beem left out {left_out} of {len(batch.messages)} and does not say which"
            rest = Unclear(why=Reason.UNRECOGNISED, detail=detail)
        return found + [(m.id, rest) for m, is_known in zip(batch.messages, known, strict=True) if not is_known]

    async def _is_known(self, request: str, message: Message, gate: asyncio.Semaphore) -> bool:
        """Whether Beem has a delivery report for the number, in whatever state."""
        query = urlencode({"dest_addr": message.target.value.lstrip("+"), "request_id": request})
        async with gate:
            try:
                response = await self._reports.call(f"{REPORTS}?{query}", headers=self._login, method="GET")
                told = msgspec.json.decode(response.body) if response.status == 200 else None
            except (EgressError, msgspec.MsgspecError):
                return False
        first = told[0] if isinstance(told, list) and told else told
        return isinstance(first, dict) and bool(first.get("status"))

    def probe(self) -> None:
        """Ask for the balance. Raises Unreachable, Misconfigured."""
        response = self._api.ask(BALANCE, headers=self._login)
        code = _parsed(response).code
        if response.status == 200 and code in (0, SUBMITTED):
            return
        if response.status >= 500 or response.status == 429:
            raise Unreachable(f"Beem does not answer as it should (HTTP {response.status})")
        judge(code, response) if code else by_status(response)
        raise Misconfigured(f"beem: the balance cannot be asked for (HTTP {response.status}): check endpoint=")

    def close(self) -> None:
        """Close both sessions and their connections."""
        self._api.close()
        self._reports.close()


def _all(batch: Batch, outcome: Outcome) -> Found:
    return [(message.id, outcome) for message in batch.messages]


def _taken(batch: Batch, request: str, places: Sequence[int]) -> Found:
    return [
        (batch.messages[place - 1].id, Sent(remote_id=remote_id(request, place) if request else "")) for place in places
    ]


def _parsed(response: Response) -> Answer:
    """Numbers come as numbers or as texts, and some versions wrap the answer in `data`."""
    try:
        told = msgspec.json.decode(response.body)
    except msgspec.MsgspecError:
        return Answer()
    if isinstance(told, dict) and "code" not in told and isinstance(told.get("data"), dict):
        told = told["data"]
    if not isinstance(told, dict):
        return Answer()
    return Answer(
        code=_number(told.get("code")),
        request_id=str(told.get("request_id") or ""),
        successful=told.get("successful") is True,
        left_out=_number(told.get("invalid")) + _number(told.get("duplicates")),
    )


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


ENTRY = Entry(scheme="beem", channels=CHANNELS, open=BeemProvider, feedback=BeemFeedback, credentials_only=True)
