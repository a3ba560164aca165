"""The bridge: Anymail's backend for a service, one call a message, in threads over the egress loop."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from urllib.parse import urljoin

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import ProviderFault, Unreachable
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome
from clarion.contract.provider import Declaration
from clarion.egress.errors import EgressError
from clarion.providers.anymail.account import read_account
from clarion.providers.anymail.answers import check_account
from clarion.providers.anymail.carrier import Carrier
from clarion.providers.anymail.transport import Door
from clarion.providers.vendor_api import number

CHANNELS = frozenset({ChannelKey.EMAIL})
MAX_BATCH = 200
THREADS = 16

Told = tuple[str, Outcome]


class AnymailProvider:
    """One account at one service."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._account = account = read_account(url, host)
        self._threads = int(number(url, "concurrency", THREADS, low=1, high=64))
        timeout = number(url, "timeout", 30, low=0.05, high=120)
        self._door = Door(private=bool(account.endpoint), timeout=timeout, connections=self._threads)
        self._own = threading.local()
        self._pool: ThreadPoolExecutor | None = None
        self._carrier()  # settings Anymail cannot do with are told now
        self.declaration = Declaration(
            name="anymail",
            channels=CHANNELS,
            max_batch=MAX_BATCH,
            concurrency=self._threads,
            reports_delivery=bool(account.vendor.tracking),
        )

    def __repr__(self) -> str:
        return f"<AnymailProvider {self._account.name}>"

    def _carrier(self) -> Carrier:
        """This thread's, for Anymail's backends are not made to be shared."""
        carrier: Carrier | None = getattr(self._own, "carrier", None)
        if carrier is None:
            carrier = self._own.carrier = Carrier(self._account, self._door)
        return carrier

    def send(self, batch: Sequence[Message]) -> Iterator[Told]:
        """Outcomes as the service answers. After a fault no further call is begun; those in flight are told first."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="clarion-anymail")
        waiting = iter(batch)
        faults: list[ProviderFault] = []
        flying: set[Future[Told]] = set()
        try:
            while self._fill(flying, waiting, faults):
                landed, flying = wait(flying, return_when=FIRST_COMPLETED)
                for future in landed:
                    fault = future.exception()
                    if fault is None:
                        yield future.result()
                    elif isinstance(fault, ProviderFault):
                        faults.append(fault)
                    else:
                        raise fault
        finally:
            for future in flying:
                future.cancel()
        if faults:
            raise faults[0]

    def _fill(self, flying: set[Future[Told]], waiting: Iterator[Message], faults: list[ProviderFault]) -> bool:
        """Begin as many calls as there are threads; whether any is under way."""
        assert self._pool is not None
        while not faults and len(flying) < self._threads:
            message = next(waiting, None)
            if message is None:
                break
            flying.add(self._pool.submit(self._carry, message))
        return bool(flying)

    def _carry(self, message: Message) -> Told:
        return message.id, self._carrier().carry(message)

    def probe(self) -> None:
        """Ask the service for something that costs nothing, where it has such a thing."""
        vendor = self._account.vendor
        if not vendor.probe:
            return
        url = urljoin(self._account.endpoint.rstrip("/") + "/" if self._account.endpoint else vendor.home, vendor.probe)
        try:
            answer = self._door.call("GET", url, body=None, headers=self._account.probe_headers)
        except EgressError as error:
            raise Unreachable(str(error)) from error
        check_account(self._account.name, answer)

    def close(self) -> None:
        """End the threads, close the connections."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        self._door.close()
