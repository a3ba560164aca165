"""HTTP/2 to one origin: streams, goodbyes, silence, certificates. Against a real server on loopback."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from clarion.egress import http2_wire, loop
from clarion.egress.errors import Blocked, Broken, ConnectFailed, TimedOut
from clarion.egress.guard import Guard
from clarion.egress.http import Limits, Response
from clarion.egress.http2 import Http2Client, with_h2
from clarion.testing.certificates import make_certificate, server_context
from clarion.testing.loopback import LoopbackServer, free_port
from clarion.testing.simulators.apns_wire import Reply, Request, Session
from clarion.testing.simulators.simulator import Fault, Trick


class Echo:
    """Answers every request with its own body."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, max_streams: int = 100) -> None:
        from collections import deque

        self.max_streams = max_streams
        self.goodbye_after = 0
        self.is_mute = False
        self.faults: deque[Fault] = deque()
        self.tokens: dict[str, float] = {}
        self.connections = self.pings = 0
        self.transports: set[asyncio.Transport] = set()
        self.requests: list[Request] = []
        self.server = LoopbackServer(lambda: Session(self), tls=tls)

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        return Reply(headers={"X-Odd-Case": "kept"} if request.path == "/odd" else {}, body=request.body[:10_000])

    def client(self, *, guard: Guard | None = None, **limits: Any) -> Http2Client:
        asked = Limits(**{"connections": 1, "total": 5.0, **limits})
        return Http2Client(f"http://127.0.0.1:{self.server.port}", guard=guard or Guard.private_allowed(), limits=asked)


@pytest.fixture
def echo() -> Iterator[Echo]:
    found = Echo()
    with found.server:
        yield found


def post(client: Http2Client, *bodies: bytes, path: str = "/") -> list[Any]:
    """The answers, or the errors, in order."""

    async def all_of() -> list[Any]:
        return await asyncio.gather(*(client.post(path, body=body) for body in bodies), return_exceptions=True)

    return loop.run(all_of())


def close(client: Http2Client) -> None:
    loop.run(client.close())


def test_many_requests_share_a_connection_and_each_has_its_own_answer(echo: Echo) -> None:
    client = echo.client()
    bodies = [f"body {number}".encode() for number in range(500)]
    found = post(client, *bodies)
    close(client)
    assert [(answer.status, answer.body) for answer in found] == [(200, body) for body in bodies]
    assert echo.connections == 1
    assert len(echo.requests) == 500


def test_the_servers_limit_of_streams_is_kept(echo: Echo) -> None:
    echo.max_streams = 3
    seen: list[int] = []
    plain, opened = echo.answer, set()

    def counted(request: Request) -> Reply:
        opened.add(request.body)
        seen.append(len(opened))
        return plain(request)

    echo.answer = counted  # type: ignore[method-assign]
    client = echo.client()
    found = post(client, *(b"%d" % number for number in range(50)))
    close(client)
    assert all(isinstance(answer, Response) and answer.status == 200 for answer in found)
    assert echo.connections == 1


def test_bodies_larger_than_the_servers_window_arrive_whole(echo: Echo) -> None:
    client = echo.client()
    bodies = [bytes([65 + number]) * 200_000 for number in range(4)]
    found = post(client, *bodies)
    close(client)
    assert [answer.body for answer in found] == [body[:10_000] for body in bodies]
    assert sorted(request.body for request in echo.requests) == bodies


def test_an_answer_is_read_up_to_the_cap(echo: Echo) -> None:
    client = echo.client(body_bytes=1_000)
    long, short = post(client, b"x" * 50_000, b"short")
    after = post(client, b"again")[0]
    close(client)
    assert (long.status, len(long.body), long.truncated) == (200, 1_000, True)
    assert (short.body, short.truncated, after.body) == (b"short", False, b"again")


def test_headers_are_found_in_any_case(echo: Echo) -> None:
    client = echo.client()
    (answer,) = post(client, b"", path="/odd")
    close(client)
    assert answer.headers.get("X-Odd-Case") == answer.headers.get("x-odd-case") == "kept"


def test_what_came_after_a_goodbye_goes_again_and_what_came_before_is_answered(echo: Echo) -> None:
    echo.goodbye_after = 30
    client = echo.client()
    post(client, b"first")
    bodies = [b"%d" % number for number in range(60)]
    found = post(client, *bodies)
    close(client)
    assert [answer.body for answer in found] == bodies
    assert sorted(request.body for request in echo.requests) == sorted([b"first", *bodies])  # each once
    assert echo.connections >= 3


def test_a_refused_stream_goes_again_and_not_for_ever(echo: Echo) -> None:
    client = echo.client()
    echo.faults.append(Fault(trick=Trick.RESET))
    (answer,) = post(client, b"again")
    assert answer.body == b"again"
    echo.faults.extend([Fault(trick=Trick.RESET)] * 3)
    (error,) = post(client, b"never")
    close(client)
    assert isinstance(error, Broken)
    assert not error.sent
    assert [request.body for request in echo.requests] == [b"again"]


def test_a_broken_connection_is_doubtful_for_what_was_on_its_way_and_another_is_opened(echo: Echo) -> None:
    client = echo.client()
    post(client, b"first")
    echo.faults.append(Fault(trick=Trick.RESET_AFTER))
    (error,) = post(client, b"lost")
    (answer,) = post(client, b"next")
    close(client)
    assert isinstance(error, Broken)
    assert error.sent
    assert answer.body == b"next"
    assert echo.connections == 2


def test_a_slow_answer_is_given_up_and_the_connection_goes_on(echo: Echo) -> None:
    client = echo.client(total=0.6)
    post(client, b"first")
    echo.faults.append(Fault(trick=Trick.SLOW, seconds=0.9))
    slow, quick = post(client, b"slow", b"quick")
    time.sleep(0.4)  # the late answer meets nobody
    (after,) = post(client, b"after")
    close(client)
    assert isinstance(slow, TimedOut)
    assert slow.sent
    assert (quick.body, after.body) == (b"quick", b"after")
    assert (echo.connections, echo.pings) == (1, 1)


def test_a_connection_that_died_in_silence_is_left(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http2_wire, "PONG_SECONDS", 0.2)
    client = echo.client(total=0.5)
    post(client, b"first")
    echo.is_mute = True
    (error,) = post(client, b"lost")
    assert isinstance(error, TimedOut)
    time.sleep(0.3)
    echo.is_mute = False
    (answer,) = post(client, b"next")
    close(client)
    assert (answer.body, echo.connections) == (b"next", 2)


def test_a_quiet_connection_is_asked_whether_it_is_there(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http2_wire, "PING_SECONDS", 0.05)
    client = echo.client()
    post(client, b"first")
    time.sleep(0.4)
    (answer,) = post(client, b"still")
    close(client)
    assert (answer.body, echo.connections) == (b"still", 1)
    assert echo.pings >= 2


def test_who_waits_for_the_one_connection_shares_its_failure() -> None:
    origin = f"http://127.0.0.1:{free_port()}"
    client = Http2Client(origin, guard=Guard.private_allowed(), limits=Limits(connections=1, total=5))
    found = post(client, *[b"x"] * 30)
    close(client)
    assert {type(error) for error in found} == {ConnectFailed}
    assert str(found[0]) == "no connection to the server: it does not answer"


class Silent(asyncio.Protocol):
    """Takes connections and says nothing, or breaks the protocol; `open` are those that were not hung up."""

    open: ClassVar[set[asyncio.BaseTransport]] = set()
    says = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.open.add(transport)
        self.transport.write(self.says)

    def connection_lost(self, _error: Exception | None) -> None:
        self.open.discard(self.transport)


class Nonsense(Silent):
    says = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def until_hung_up() -> int:
    """How many connections are still open after a while."""
    for _ in range(100):
        if not Silent.open:
            break
        time.sleep(0.02)
    return len(Silent.open)


@pytest.mark.parametrize("speaker", [Silent, Nonsense])
def test_an_opening_that_fails_leaves_no_connection_behind(speaker: type[Silent]) -> None:
    Silent.open.clear()
    with LoopbackServer(speaker) as server:
        limits = Limits(connections=1, connect=0.1, total=5)
        client = Http2Client(f"http://127.0.0.1:{server.port}", guard=Guard.private_allowed(), limits=limits)
        found = [type(error) for _ in range(3) for error in post(client, b"x")]
        assert (found, until_hung_up()) == ([ConnectFailed] * 3, 0)
        close(client)


def test_an_opening_that_is_broken_off_leaves_no_connection_behind() -> None:
    Silent.open.clear()
    with LoopbackServer(Silent) as server:
        limits = Limits(connections=1, connect=5, total=5)
        client = Http2Client(f"http://127.0.0.1:{server.port}", guard=Guard.private_allowed(), limits=limits)

        async def close_meanwhile() -> list[Any]:
            task = asyncio.ensure_future(client.post("/", body=b""))
            while not Silent.open:
                await asyncio.sleep(0.01)
            await client.close()
            return await asyncio.gather(task, return_exceptions=True)

        (error,) = loop.run(close_meanwhile())
        assert isinstance(error, asyncio.CancelledError)
        assert until_hung_up() == 0


def test_private_addresses_are_refused_without_leave(echo: Echo) -> None:
    client = echo.client(guard=Guard.strict())
    (error,) = post(client, b"x")
    close(client)
    assert isinstance(error, Blocked)
    assert echo.connections == 0


def test_a_header_with_a_line_break_is_refused(echo: Echo) -> None:
    client = echo.client()

    async def bad() -> None:
        await client.post("/", body=b"", varied=[(b"x-one", b"a\r\nx-two: b")])

    with pytest.raises(Blocked, match="line break"):
        loop.run(bad())
    close(client)
    assert echo.connections == 0


def secure(certificate: Path, *, trusting: bool) -> ssl.SSLContext:
    return with_h2(ssl.create_default_context(cafile=certificate if trusting else None))


@pytest.mark.parametrize(("trusting", "speaks_h2"), [(True, True), (False, True), (True, False)])
def test_tls_is_verified_and_http2_agreed(tmp_path: Path, trusting: bool, speaks_h2: bool) -> None:
    certificate = make_certificate(tmp_path)
    context = server_context(certificate)
    context.set_alpn_protocols(["h2"] if speaks_h2 else ["http/1.1"])
    echo = Echo(tls=context)
    with echo.server:
        client = Http2Client(
            f"https://localhost:{echo.server.port}",
            guard=Guard.private_allowed(),
            limits=Limits(connections=1, total=5),
            tls=secure(certificate, trusting=trusting),
        )
        (found,) = post(client, b"secret")
        close(client)
    if trusting and speaks_h2:
        assert found.body == b"secret"
        return
    assert isinstance(found, ConnectFailed)
    says = "it does not speak HTTP/2" if trusting else "its certificate could not be verified"
    assert str(found) == f"no connection to the server: {says}"
    assert echo.requests == []


def test_what_is_broken_off_by_us_does_not_disturb_the_others(echo: Echo) -> None:
    client = echo.client()

    async def some_go_away() -> list[Any]:
        tasks = [asyncio.ensure_future(client.post("/", body=b"%d" % number)) for number in range(60)]
        await asyncio.wait(tasks[:5])
        for task in tasks[5:60:2]:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    for _ in range(5):
        found = loop.run(some_go_away())
        answered = {number for number, answer in enumerate(found) if isinstance(answer, Response)}
        assert {number for number in range(60) if number < 5 or number % 2 == 0} <= answered
    close(client)
    assert echo.connections == 1


def test_closing_breaks_off_what_is_on_its_way(echo: Echo) -> None:
    client = echo.client()
    post(client, b"first")
    echo.faults.append(Fault(trick=Trick.SLOW, seconds=3))

    async def both() -> Any:
        task = asyncio.ensure_future(client.post("/", body=b"late"))
        await asyncio.sleep(0.05)
        await client.close()
        return await asyncio.gather(task, return_exceptions=True)

    (error,) = loop.run(both())
    assert isinstance(error, Broken)
    assert error.sent
