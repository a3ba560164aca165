"""How a provider calls a vendor's HTTP API: one session an account over the egress loop, many calls in flight.

The vendor's own words (paths, bodies, what its codes mean) are the provider's. Vendor hosts are named by us or by the
operator (`endpoint=`), never by a recipient, so private addresses are open to an operator's own endpoint only.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.outcome import Outcome, Retry, Unclear
from clarion.contract.reasons import Reason
from clarion.egress import loop
from clarion.egress.errors import Blocked, Broken, ConnectFailed, EgressError, TimedOut
from clarion.egress.fan_out import fan_out
from clarion.egress.guard import Guard
from clarion.egress.http import HttpClient, Limits, Response
from clarion.egress.retry_after import parse_retry_after

T = TypeVar("T")
R = TypeVar("R")


class VendorApi:
    """An account's way to its vendor. `home` is the vendor's base URL, unless the account's `endpoint=` says otherwise;
    `timeout` in seconds for a whole call."""

    def __init__(self, url: AccountUrl, *, home: str, concurrency: int = 32, timeout: float = 15.0) -> None:
        self.base = (url.options.get("endpoint") or home).rstrip("/")
        self.concurrency = int(number(url, "concurrency", concurrency, low=1, high=512))
        limits = Limits(
            total=number(url, "timeout", timeout, low=0.05, high=120),
            connections=self.concurrency,
            body_bytes=1_048_576,
        )
        guard = Guard.private_allowed() if "endpoint" in url.options else Guard.strict()
        self._client = loop.PerLoop(lambda: HttpClient(guard=guard, limits=limits))

    async def call(
        self, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None, method: str = "POST"
    ) -> Response:
        """One call below the base URL. Raises EgressError."""
        return await self._client.get().request(method, self.base + path, body=body, headers=headers)

    def each(self, items: Iterable[T], work: Callable[[T], Awaitable[R]]) -> Iterator[R]:
        """Do `work` for every item, as many at once as the account allows; results as they come."""
        return fan_out(items, work, limit=self.concurrency)

    def ask(self, path: str, *, headers: Mapping[str, str] | None = None, method: str = "GET") -> Response:
        """One call from a plain thread, for `probe`. Raises Unreachable when no answer came."""
        try:
            return loop.run(self.call(path, headers=headers, method=method))
        except EgressError as error:
            raise Unreachable(str(error)) from error

    def close(self) -> None:
        """Close the session and its connections."""

        async def part() -> None:
            client = self._client.take()
            if client is not None:
                await client.close()

        loop.run(part(), timeout=5)


def unanswered(error: EgressError) -> Outcome:
    """The outcome of a call to a vendor that brought no answer. Raises Unreachable when no connection could be made,
    Misconfigured when the endpoint may not be spoken to: neither is a recipient's fault."""
    match error:
        case Blocked():
            raise Misconfigured(f"the endpoint cannot be used: {error}") from error
        case ConnectFailed():
            raise Unreachable(str(error)) from error
        case TimedOut(sent=sent):
            return _maybe_taken(Reason.TIMEOUT, error, sent=sent)
        case Broken(sent=sent):
            return _maybe_taken(Reason.CONNECTION_LOST, error, sent=sent)
    return Unclear(why=Reason.PROVIDER_ERROR, detail=type(error).__name__)


def _maybe_taken(why: Reason, error: EgressError, *, sent: bool) -> Outcome:
    if sent:
        return Unclear(why=why, detail=str(error))
    return Retry(why=why, detail=str(error), whole_account=True)


def by_status(response: Response, *, detail: str = "") -> Outcome:
    """What a vendor's answer other than 2xx means where its own table of codes has nothing to say. Raises
    Misconfigured for 401 and 403. Unknown codes are tried again, never held against the recipient."""
    status, detail = response.status, detail or f"HTTP {response.status}"
    after = wait_asked(response)
    if status in (401, 403):
        raise Misconfigured(f"the vendor refused the credentials ({detail}): check the key and its rights")
    if status == 429:
        return Retry(why=Reason.THROTTLED, after=after, whole_account=True, detail=detail)
    if status in (408, 425) or 500 <= status < 600:
        return Retry(why=Reason.TEMPORARY, after=after, whole_account=status >= 500, detail=detail)
    return Retry(why=Reason.UNRECOGNISED, after=after, detail=detail)


def wait_asked(response: Response) -> timedelta | None:
    """How long the vendor asks to be left alone (Retry-After, in seconds or as a date); None: it does not say."""
    return parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))


def number(url: AccountUrl, option: str, default: float, *, low: float, high: float) -> float:
    """A numeric option of an account's URL; raises Misconfigured outside `low` to `high`."""
    try:
        value = float(url.options.get(option, default))
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise Misconfigured(f"{url.scheme}: {option}= must be a number from {low:g} to {high:g}")
    return value
