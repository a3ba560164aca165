"""The Apprise bridge: each message to the account's services, or to the one that the recipient's address names.

Apprise blocks, so calls run in threads, `concurrency=` of them. A message for several services is sent when all took
it; on a repeat those that took it are passed over, as far as this process remembers.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from apprise import NotifyBase

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent
from clarion.contract.faults import Misconfigured
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.providers.apprise.calls import REFUSED_TOKEN, Answer, Services, has_link_local_host
from clarion.providers.apprise.schemes import (
    LINK_LOCAL_REFUSED,
    Refused,
    check_operators,
    check_persons,
    scheme_of,
    split_urls,
)
from clarion.providers.vendor_api import number

CHANNELS = frozenset({ChannelKey.CHAT})
MAX_BATCH = 100
CONCURRENCY = 8
MOST_THREADS = 64
MOST_REMEMBERED = 10_000
PATIENCE_SECONDS = 30.0


class AppriseProvider:
    """Services named in the account (`url=`), or, without any, those that people's addresses name."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        url.only("url", "timeout")
        self._services = Services()
        self._urls = tuple(split_urls(url.options.get("url", "")))
        self._timeout = number(url, "timeout", PATIENCE_SECONDS, low=0.1, high=120)
        for each in self._urls:
            self._check_operators(each)
        concurrency = url.calls_at_once(CONCURRENCY, MOST_THREADS)
        self._threads = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="apprise")
        self._taken: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._lock = threading.Lock()
        self.declaration = Declaration(
            name="apprise", channels=CHANNELS, max_batch=MAX_BATCH, concurrency=concurrency, max_bytes=4_000
        )

    def __repr__(self) -> str:
        return "<AppriseProvider>"

    def _check_operators(self, each: str) -> None:
        try:
            scheme = check_operators(each)
            if has_link_local_host(self._services.of(each), look_up=False):
                raise Refused(f"{scheme}:// {LINK_LOCAL_REFUSED}")
        except Refused as refused:
            raise Misconfigured(f"apprise: url= {refused}") from refused

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Outcomes as the services answer. What has no answer in time is unclear: a thread cannot be called back.
        Raises Misconfigured when a service of the account refuses its token, after what was begun has its outcome."""
        running: dict[Future[Outcome], Message] = {}
        for message in batch:
            refused = self._refuse(message)
            if refused is not None:
                yield message.id, refused
            else:
                running[self._threads.submit(self._deliver, message)] = message
        try:
            yield from self._as_they_come(running)
        finally:
            for each in running:
                each.cancel()

    def _as_they_come(self, running: dict[Future[Outcome], Message]) -> Iterator[tuple[str, Outcome]]:
        deadline = self._timeout * (1 + len(running) // self.declaration.concurrency)
        ends = time.monotonic() + deadline
        fault: Misconfigured | None = None
        try:
            for done in as_completed(list(running), timeout=max(ends - time.monotonic(), 0.0)):
                message = running.pop(done)
                if done.cancelled():
                    continue
                error = done.exception()
                if isinstance(error, Misconfigured):
                    fault = error
                    for each in running:
                        each.cancel()
                else:
                    yield message.id, done.result()
        except TimeoutError:
            for late, message in list(running.items()):
                if not late.cancel():
                    yield message.id, Unclear(why=Reason.TIMEOUT)
                elif fault is None:
                    yield message.id, Retry(why=Reason.TIMEOUT, detail="the services are too slow")
        if fault is not None:
            raise fault

    def _refuse(self, message: Message) -> Rejected | None:
        if not isinstance(message.content, ChatContent):
            return Rejected(why=Reason.CONTENT_REFUSED, detail="not a chat message")
        if self._urls:
            return None
        try:
            check_persons(message.target.value)
            self._services.of(message.target.value)
        except Refused as refused:
            return Rejected(why=Reason.INVALID_ADDRESS, detail=str(refused))
        return None

    def _deliver(self, message: Message) -> Outcome:
        content = message.content
        if not isinstance(content, ChatContent):
            return Rejected(why=Reason.CONTENT_REFUSED, detail="not a chat message")
        wanted = self._urls or (message.target.value,)
        taken = self._taken.get(message.id, frozenset())
        services = {url: self._service(url) for url in wanted if url not in taken}
        answers = {url: self._services.call(service, content) for url, service in services.items()}
        heard = {url: answer.outcome for url, answer in answers.items()}
        taken |= {url for url, outcome in heard.items() if isinstance(outcome, Sent)}
        self._remember(message.id, taken if len(taken) < len(wanted) else frozenset())
        if self._urls and not taken:
            _believe(list(answers.values()))
        return _together(heard, len(taken), len(wanted))

    def _service(self, url: str) -> NotifyBase:
        """Its plugin. Raises Misconfigured when an account's host is, by its name, a link-local one."""
        service = self._services.of(url)
        if self._urls and has_link_local_host(service, look_up=True):
            raise Misconfigured(f"apprise: url= {scheme_of(url)}:// {LINK_LOCAL_REFUSED}")
        return service

    def _remember(self, message_id: str, taken: frozenset[str]) -> None:
        with self._lock:
            self._taken.pop(message_id, None)
            if taken:
                self._taken[message_id] = taken
            if len(self._taken) > MOST_REMEMBERED:
                self._taken.popitem(last=False)

    def probe(self) -> None:
        """The URLs were read when the account was opened. Whether their tokens work cannot be asked without sending."""

    def close(self) -> None:
        """Let the threads go; calls that are on their way end by Apprise's own time-outs."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _believe(answers: Sequence[Answer]) -> None:
    """Raise Misconfigured when the account's own services took nothing, and one for the sake of its token."""
    refused = next((answer for answer in answers if answer.status in REFUSED_TOKEN), None)
    if refused is not None and all(isinstance(answer.outcome, Rejected) for answer in answers):
        raise Misconfigured(
            f"apprise: url= {refused.outcome.detail}: the service refuses its token, write its URL anew"
        )


def _together(heard: dict[str, Outcome], taken: int, wanted: int) -> Outcome:
    """One outcome for all services: the best hope of those that did not take it, else that they all did."""
    missing = [outcome for outcome in heard.values() if not isinstance(outcome, Sent)]
    if not missing:
        return Sent(detail=", ".join(outcome.detail for outcome in heard.values())[:200])
    hopeful = next((each for each in missing if isinstance(each, Retry)), missing[0])
    if not taken:
        return hopeful
    detail = f"{taken} of {wanted} services took it; {hopeful.detail}"
    match hopeful:
        case Retry(why=why, after=after):
            return Retry(why=why, after=after, detail=detail)
        case Unclear(why=why):
            return Unclear(why=why, detail=detail)
    return Sent(detail=detail)  # the others will never take it, and those that did must not get it twice
