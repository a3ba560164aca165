"""Endpoints that keep silent hold up nobody else, and those that are only slow are called once."""

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta

import pytest
from aiohttp import web

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.providers.webhook import ENTRY
from clarion.providers.webhook.hosts import (
    FAILURES,
    LONGEST_REST_SECONDS,
    REST_SECONDS,
    SLOW_AT_ONCE,
    UNPROVED_AT_ONCE,
    Hosts,
    HostState,
)
from clarion.testing.host import MemoryHost
from clarion.testing.messages import webhook
from clarion.testing.simulators.simulator import Fault, Simulator, Trick
from clarion.testing.webhook_sink import WebhookSink


class Receiver(Simulator):
    """Takes everything; slow when scripted so."""

    def routes(self) -> Iterable[web.RouteDef]:
        async def take(request: web.Request) -> web.Response:
            self.accepted[request.headers["webhook-id"]] += 1
            return web.Response()

        return [web.post("/{path:.*}", take)]


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as server:
        yield server


@pytest.fixture
def silent() -> Iterator[list[str]]:
    """URLs of servers that take connections and never say a word."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(40)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
            each.listen(16)
        yield [f"http://127.0.0.1:{each.getsockname()[1]}/hook" for each in sockets]


def open_provider(options: str) -> Provider:
    return ENTRY.open(parse_account_url(f"webhook://?{options}"), ChannelKey.WEBHOOK, MemoryHost().host())


def calls(urls: Iterable[str], prefix: str = "s") -> list[Message]:
    return [webhook(f"{prefix}{number}", to=url) for number, url in enumerate(urls)]


def test_silent_endpoints_in_all_places_hold_up_the_healthy_ones_for_a_moment_only(
    sink: WebhookSink, silent: list[str]
) -> None:
    batch = [*calls(silent), *calls([sink.url("/hook")] * 100, "h")]
    healthy: list[float] = []
    with closing(open_provider("concurrency=8&timeout=10&patience=1")) as provider:
        begun = time.monotonic()
        outcomes: dict[str, Outcome] = {}
        for key, outcome in provider.send(batch):
            outcomes[key] = outcome
            if isinstance(outcome, Sent):
                healthy.append(time.monotonic() - begun)
        whole = time.monotonic() - begun
    assert sorted(outcomes) == sorted(message.id for message in batch)
    assert len(healthy) == 100
    assert all(isinstance(outcomes[message.id], Unclear) for message in calls(silent))
    assert whole < 6  # without giving back: 40 silent ones in 8 places, 10 seconds each, would take 50


def test_a_host_known_to_be_silent_is_waited_for_shortly_and_then_left_alone(silent: list[str]) -> None:
    url = silent[0]
    with closing(open_provider("timeout=0.1")) as provider:
        for number in range(FAILURES):
            outcome = dict(provider.send([webhook(f"m{number}", to=url)]))[f"m{number}"]
            assert outcome == Unclear(why=Reason.TIMEOUT, detail="no answer in time")
        begun = time.monotonic()
        rested = dict(provider.send([webhook("rested", to=url), webhook("other", to=silent[1])]))
    assert isinstance(rested["rested"], Retry)
    assert rested["rested"].why is Reason.ADDRESS_UNREACHABLE
    assert not rested["rested"].untried
    assert rested["rested"].after is not None
    assert timedelta(0) < rested["rested"].after <= timedelta(seconds=REST_SECONDS)
    assert isinstance(rested["other"], Unclear)
    assert time.monotonic() - begun < 1


def test_an_endpoint_slower_than_our_patience_is_called_once_and_its_answer_counts_at_the_next_attempt() -> None:
    with Receiver() as receiver, closing(open_provider("timeout=5&patience=0.1")) as provider:
        receiver.script(Fault(trick=Trick.SLOW, seconds=0.6))
        message = webhook("slow", to=f"{receiver.url}/hook")
        first = dict(provider.send([message]))["slow"]
        second = dict(provider.send([message]))["slow"]
        time.sleep(0.7)
        third = dict(provider.send([message]))["slow"]
    assert isinstance(first, Unclear)
    assert second == Retry(
        why=Reason.TIMEOUT,
        after=timedelta(seconds=5),
        untried=True,
        detail="no answer yet; the call goes on, and what it brings counts at the next attempt",
    )
    assert isinstance(third, Sent)
    assert receiver.accepted == {"slow": 1}


def test_closing_the_provider_ends_calls_that_are_still_on_their_way(silent: list[str]) -> None:
    provider = open_provider("timeout=60&patience=0.1")
    assert isinstance(dict(provider.send(calls(silent[:1])))["s0"], Unclear)
    begun = time.monotonic()
    provider.close()
    assert time.monotonic() - begun < 2


def test_what_is_cancelled_half_way_is_not_held_against_the_host() -> None:
    with Receiver() as receiver, closing(open_provider("timeout=5&concurrency=8")) as provider:
        receiver.script(*[Fault(trick=Trick.SLOW, seconds=0.3)] * 20)
        results = provider.send(calls([f"{receiver.url}/hook"] * 20))
        next(results)
        results.close()  # type: ignore[attr-defined]
        receiver.faults.clear()
        again = dict(provider.send(calls([f"{receiver.url}/hook"] * 20, "again")))
    assert [outcome for outcome in again.values() if not isinstance(outcome, Sent)] == []


def test_a_forbidden_target_is_no_silence() -> None:
    provider = ENTRY.open(parse_account_url("webhook://"), ChannelKey.WEBHOOK, MemoryHost().host(allow_private=False))
    with closing(provider):
        for number in range(FAILURES + 1):
            outcome = dict(provider.send([webhook(f"m{number}", to="https://127.0.0.1/hook")]))[f"m{number}"]
            assert isinstance(outcome, Rejected)
            assert outcome.why is Reason.FORBIDDEN_TARGET


def begin(host: HostState, times: int = 1) -> None:
    for _ in range(times):
        host.began()


def test_a_host_rests_longer_each_time_and_one_answer_makes_it_good() -> None:
    host = HostState()
    for _ in range(FAILURES):
        assert host.wait(now=100) == 0
        begin(host)
        host.ended(answered=False, in_time=True, now=100)
    assert host.wait(now=100) == REST_SECONDS
    assert host.wait(now=100 + REST_SECONDS) == 0
    begin(host)
    assert host.wait(now=100 + REST_SECONDS) == REST_SECONDS  # one probe at a time
    host.ended(answered=False, in_time=True, now=200)
    assert host.wait(now=200) == 2 * REST_SECONDS
    for round_ in range(10):
        begin(host)
        host.ended(answered=False, in_time=True, now=1_000 * (round_ + 1))
    assert host.wait(now=10_000) == LONGEST_REST_SECONDS
    begin(host)
    host.ended(answered=True, in_time=True, now=10_001)
    assert (host.wait(now=10_001), host.silent, host.slow) == (0, 0, False)


def test_a_slow_host_has_few_calls_at_once_and_a_healthy_one_as_many_as_there_are() -> None:
    host = HostState()
    begin(host, 50)
    assert host.wait(now=1) == 0
    host.lingers()
    assert host.wait(now=1) > 0
    for _ in range(50 - SLOW_AT_ONCE + 1):
        host.ended(answered=True, in_time=False, now=2)
    assert host.wait(now=2) == 0


def test_a_slow_host_that_has_not_answered_yet_has_very_few_calls_at_once() -> None:
    host = HostState()
    begin(host, UNPROVED_AT_ONCE)
    host.lingers()
    assert host.wait(now=1) > 0
    host.ended(answered=True, in_time=False, now=2)
    begin(host, SLOW_AT_ONCE - 1 - (UNPROVED_AT_ONCE - 1))
    assert host.wait(now=2) == 0
    begin(host)
    assert host.wait(now=2) > 0


def test_of_too_many_hosts_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clarion.providers.webhook.hosts.MOST_HOSTS", 2)
    hosts = Hosts()
    first, second = hosts.of("a"), hosts.of("b")
    assert hosts.of("a") is first
    hosts.of("c")
    assert hosts.of("a") is first
    assert hosts.of("b") is not second
