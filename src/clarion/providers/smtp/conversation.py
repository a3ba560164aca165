"""Mail after mail over one connection, pipelined (RFC 2920) where the server allows it.

MAIL, RCPT and DATA go out in one write; the source of a mail and the envelope of the next one in another. So a mail
costs one round trip. A refused recipient leaves an open transaction behind, which RSET ends.
"""

from clarion.contract.faults import ProviderFault
from clarion.contract.outcome import Outcome
from clarion.contract.reasons import Reason
from clarion.providers.smtp.account import SmtpAccount
from clarion.providers.smtp.batch import Batch
from clarion.providers.smtp.connection import Connection, ConnectionLost, Reply, ReplyTimeout
from clarion.providers.smtp.envelope import Job, mail_command, rcpt_command
from clarion.providers.smtp.replies import Stage, accepted, classify

_SLOWEST_BYTES_PER_SECOND = 50_000
_TAKEN = frozenset({250, 251, 252})


class ClosingDown(Exception):
    """The server said 421 about a job that was not handed over: it will hear no more on this connection."""


_REASONS = {
    ConnectionLost: Reason.CONNECTION_LOST,
    ReplyTimeout: Reason.TIMEOUT,
    ClosingDown: Reason.THROTTLED,
}


class Conversation:
    """Carries a batch's jobs over one connection until none is left, the connection is used up, or it is lost."""

    def __init__(self, connection: Connection, account: SmtpAccount, batch: Batch) -> None:
        self._connection = connection
        self._account = account
        self._batch = batch
        self._pipelined = account.pipelining and "PIPELINING" in connection.features
        self._job: Job | None = None
        self._next: Job | None = None

    async def hold(self) -> None:
        """Carry on until there is nothing more to do here. Raises Misconfigured; the unhandled jobs are back then."""
        try:
            self._job = self._take()
            self._begin(self._job)
            while self._job is not None:
                await self._carry(self._job)
                self._job, self._next = self._next, None
        except (ConnectionLost, ReplyTimeout, ClosingDown) as error:
            self._connection.abort()
            self._give_back(_REASONS[type(error)])
        except ProviderFault:
            self._connection.abort()
            for job in (self._job, self._next):
                if job is not None:
                    self._batch.keep(job)
            raise
        except BaseException:
            self._connection.abort()
            raise

    def _take(self) -> Job | None:
        if self._connection.messages >= self._account.max_messages:
            return None
        job = self._batch.take(self._connection.features)
        self._connection.messages += job is not None
        return job

    def _begin(self, job: Job | None) -> None:
        """Write a job's whole envelope, when pipelining."""
        if job is not None and self._pipelined:
            self._connection.write(self._envelope(job))

    def _envelope(self, job: Job) -> bytes:
        account, features = self._account, self._connection.features
        return mail_command(job, account, features) + rcpt_command(job, account, features) + b"DATA\r\n"

    async def _carry(self, job: Job) -> None:
        refusal = await (self._pipelined_envelope() if self._pipelined else self._stepwise_envelope(job))
        if refusal is not None:
            self._batch.settle(job, refusal)
            self._job = None
            self._next = self._take()
            self._connection.write(
                b"RSET\r\n" + (self._envelope(self._next) if self._next and self._pipelined else b"")
            )
            await self._connection.reply()
            return
        await self._hand_over(job)

    async def _hand_over(self, job: Job) -> None:
        """Write the source, and behind it the next envelope; settle by the reply."""
        if self._connection.is_lost:
            raise ConnectionLost("lost before the source was written")
        self._next = self._take()
        following = self._envelope(self._next) if self._next and self._pipelined else b""
        job.handed_over = True
        self._connection.write(job.data + following)
        reply = await self._connection.reply(extra_seconds=len(job.data) / _SLOWEST_BYTES_PER_SECOND)
        job.handed_over = False
        outcome = accepted(reply) if reply.code // 100 == 2 else classify(Stage.DATA, reply)
        self._batch.settle(job, outcome)
        self._job = None
        if reply.code == 421:
            raise ClosingDown

    async def _pipelined_envelope(self) -> Outcome | None:
        """Read the three replies of an envelope that has been written; None means: go ahead with the source."""
        mail = await self._reply()
        rcpt = await self._reply()
        data = await self._reply()
        if mail.code // 100 != 2:
            await self._end_empty(data)
            return classify(Stage.MAIL, mail)
        if rcpt.code not in _TAKEN:
            await self._end_empty(data)
            return classify(Stage.RCPT, rcpt)
        return None if data.code == 354 else classify(Stage.DATA, data)

    async def _end_empty(self, data: Reply) -> None:
        # RFC 2920 3.1: a server may say 354 though it took no recipient; a single dot then ends it, with no effect.
        if data.code == 354:
            self._connection.write(b".\r\n")
            await self._connection.reply()

    async def _stepwise_envelope(self, job: Job) -> Outcome | None:
        """One command at a time, for servers without PIPELINING."""
        mail = mail_command(job, self._account, self._connection.features)
        rcpt = rcpt_command(job, self._account, self._connection.features)
        for stage, line in ((Stage.MAIL, mail), (Stage.RCPT, rcpt), (Stage.DATA, b"DATA\r\n")):
            self._connection.write(line)
            reply = await self._reply()
            if reply.code // 100 not in (2, 3):
                return classify(stage, reply)
        return None

    async def _reply(self) -> Reply:
        """A reply before the source; 421 ends the connection, not the job."""
        reply = await self._connection.reply()
        if reply.code == 421:
            raise ClosingDown
        return reply

    def _give_back(self, why: Reason) -> None:
        for job in (self._job, self._next):
            if job is not None:
                self._batch.give_back(job, why)
        self._job = self._next = None
