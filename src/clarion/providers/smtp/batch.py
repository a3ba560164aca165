"""One batch on its way: what waits, what came back from a lost connection, what has been told."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Unclear
from clarion.contract.reasons import Reason
from clarion.providers.smtp.account import SmtpAccount
from clarion.providers.smtp.envelope import Job, prepare, refused_by_features

Emit = Callable[[tuple[str, Outcome]], None]
MOST_TRIES = 2


class Batch:
    """Shared by the connections of one `send`; lives on the loop, so it needs no lock."""

    def __init__(self, messages: Sequence[Message], account: SmtpAccount, emit: Emit) -> None:
        self._waiting = deque(messages)
        self._returned: deque[Job] = deque()
        self._account = account
        self._emit = emit

    @property
    def is_done(self) -> bool:
        return not self._waiting and not self._returned

    def take(self, features: Mapping[str, str]) -> Job | None:
        """The next job this server can take; those it cannot are told off on the way."""
        while not self.is_done:
            job = self._returned.popleft() if self._returned else prepare_next(self._waiting, self._account, self._emit)
            if job is None:
                continue
            refusal = refused_by_features(job, features)
            if refusal is None:
                return job
            self.settle(job, refusal)
        return None

    def settle(self, job: Job, outcome: Outcome) -> None:
        self._emit((job.id, outcome))

    def give_back(self, job: Job, why: Reason) -> None:
        """The connection is gone under this job. Handed over: nobody knows. Else it may go over another one."""
        if job.handed_over:
            self.settle(job, Unclear(why=why, detail="no reply after the final dot"))
            return
        job.tries += 1
        if job.tries > MOST_TRIES:
            whole_account = why is Reason.THROTTLED
            self.settle(
                job, Retry(why=why, whole_account=whole_account, detail="no connection lasted to the final dot")
            )
        else:
            self._returned.append(job)

    def keep(self, job: Job) -> None:
        """Put a job back untried: the account failed under it, the engine is to judge it by the fault."""
        self._returned.append(job)


def prepare_next(waiting: "deque[Message]", account: SmtpAccount, emit: Emit) -> Job | None:
    """The next message as a job; None when it was refused, which has been told then."""
    message = waiting.popleft()
    job = prepare(message, account)
    if isinstance(job, Rejected):
        emit((message.id, job))
        return None
    return job
