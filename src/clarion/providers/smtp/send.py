"""The SMTP provider: a batch over a few pipelined connections."""

import asyncio
from collections.abc import Iterator, Sequence

import structlog

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured, ProviderFault
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome
from clarion.contract.provider import Declaration
from clarion.contract.registry import Entry
from clarion.egress import loop
from clarion.providers.smtp.account import read_account
from clarion.providers.smtp.batch import Batch, Emit
from clarion.providers.smtp.conversation import Conversation
from clarion.providers.smtp.feedback import SmtpFeedback
from clarion.providers.smtp.pool import Pool

log = structlog.get_logger()

CHANNELS = frozenset({ChannelKey.EMAIL})
MAX_BATCH = 500


class SmtpProvider:
    """One account at one mail server."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._account = read_account(url, host)
        tls = self._account.tls_context()
        self._pool = loop.PerLoop(lambda: Pool(self._account, tls))
        self.declaration = Declaration(
            name="smtp",
            channels=CHANNELS,
            max_batch=MAX_BATCH,
            concurrency=self._account.connections,
            reports_delivery=bool(self._account.bounce_secret),
        )

    def __repr__(self) -> str:
        return f"<SmtpProvider {self._account.name}>"

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes come as the server replies. A lost connection is replaced; what its mails are is told by whether
        the final dot had been written. Raises Unreachable or Misconfigured when mails are left that nobody takes."""
        # A new connection costs some six round trips, a pipelined mail one: for few mails another does not pay.
        wanted = min(self._account.connections, -(-len(batch) // self._account.spread))

        async def produce(emit: Emit) -> None:
            shared = Batch(batch, self._account, emit)
            faults: list[ProviderFault] = []
            async with asyncio.TaskGroup() as group:
                for _ in range(wanted):
                    group.create_task(self._work(shared, faults))
            if faults and not shared.is_done:
                raise faults[0]

        return loop.pump(produce)

    async def _work(self, batch: Batch, faults: list[ProviderFault]) -> None:
        """Carry mails until none is left. A fault ends this worker; the others may still get through."""
        pool = self._pool.get()
        while not batch.is_done and not any(isinstance(fault, Misconfigured) for fault in faults):
            try:
                connection = await pool.acquire()
                await Conversation(connection, self._account, batch).hold()
            except ProviderFault as fault:
                log.warning("smtp_account_fault", account=self._account.name, fault=type(fault).__name__)
                faults.append(fault)
                return
            pool.release(connection)

    def probe(self) -> None:
        """Connect, greet, agree on TLS, check the password."""

        async def look() -> None:
            pool = self._pool.get()
            pool.release(await pool.acquire())

        loop.run(look())

    def close(self) -> None:
        """Say goodbye on all idle connections."""

        async def part() -> None:
            pool = self._pool.take()
            if pool is not None:
                pool.close()

        loop.run(part(), timeout=5)


ENTRY = Entry(
    scheme="smtp",
    channels=CHANNELS,
    open=SmtpProvider,
    feedback=SmtpFeedback,
    file_options=frozenset({"ca", "dkim_key"}),
)
