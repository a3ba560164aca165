"""The HTTP client against a server that misbehaves."""

import gzip
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from clarion.egress import loop
from clarion.egress.errors import Blocked, Broken, ConnectFailed, TimedOut
from clarion.egress.guard import Guard
from clarion.egress.http import HttpClient, Limits, Response
from clarion.testing.certificates import make_certificate, server_context
from clarion.testing.loopback import free_port
from clarion.testing.webhook_sink import Answer, Trick, WebhookSink


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as server:
        yield server


def with_client(
    act: Callable[[HttpClient], Awaitable[Response]], *, limits: Limits | None = None, tls: ssl.SSLContext | None = None
) -> Response:
    async def call() -> Response:
        client = HttpClient(guard=Guard.private_allowed(), limits=limits or Limits(total=2), tls=tls)
        try:
            return await act(client)
        finally:
            await client.close()

    return loop.run(call(), timeout=10)


def post(url: str, *, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> Response:
    return with_client(lambda client: client.post(url, body=b"{}"), limits=limits, tls=tls)


def test_an_answer_comes_whole(sink: WebhookSink) -> None:
    sink.script("/a", Answer(status=201, headers={"X-Id": "7"}, body=b'{"ok":true}'))
    response = post(sink.url("/a"))
    assert (response.status, response.body, response.headers["x-id"], response.truncated) == (
        201,
        b'{"ok":true}',
        "7",
        False,
    )


def test_connections_are_kept_and_cookies_are_not(sink: WebhookSink) -> None:
    sink.script("/a", Answer(headers={"Set-Cookie": "id=1"}))

    async def twice(client: HttpClient) -> Response:
        await client.post(sink.url("/a"), body=b"1")
        return await client.post(sink.url("/a"), body=b"2")

    with_client(twice)
    assert sink.connections == 1
    assert [request.body for request in sink.requests] == [b"1", b"2"]
    assert all("cookie" not in request.headers for request in sink.requests)


def test_a_redirect_is_an_answer_not_a_way(sink: WebhookSink) -> None:
    sink.script("/a", Answer(status=302, headers={"Location": sink.url("/b")}))
    assert post(sink.url("/a")).status == 302
    assert [request.path for request in sink.requests] == ["/a"]


def test_proxies_of_the_environment_are_ignored(sink: WebhookSink, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert post(sink.url("/a")).status == 200


def test_a_dripping_body_ends_with_the_total_deadline_and_the_status_counts(sink: WebhookSink) -> None:
    sink.script("/a", Answer(trick=Trick.DRIP))
    begun = time.monotonic()
    response = post(sink.url("/a"), limits=Limits(total=0.3))
    assert (response.status, response.truncated) == (200, True)
    assert time.monotonic() - begun < 1.5


def test_an_endless_body_is_cut_at_the_cap(sink: WebhookSink) -> None:
    sink.script("/a", Answer(trick=Trick.FLOOD))
    response = post(sink.url("/a"))
    assert (response.status, len(response.body), response.truncated) == (200, 65_536, True)


def test_a_gzip_bomb_is_not_unpacked(sink: WebhookSink) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    sink.script("/a", Answer(headers={"Content-Encoding": "gzip"}, body=bomb))
    response = post(sink.url("/a"))
    assert response.body == bomb[:65_536]
    assert sink.requests[0].headers["accept-encoding"] == "identity"


def test_silence_after_the_request_may_have_been_heard(sink: WebhookSink) -> None:
    sink.script("/a", Answer(trick=Trick.HANG))
    with pytest.raises(TimedOut) as caught:
        post(sink.url("/a"), limits=Limits(total=0.2))
    assert caught.value.sent is True


def test_a_reset_after_the_request_may_have_been_heard(sink: WebhookSink) -> None:
    sink.script("/a", Answer(trick=Trick.RESET))
    with pytest.raises(Broken) as caught:
        post(sink.url("/a"))
    assert caught.value.sent is True


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_kept_connection_that_drops_is_told_and_the_request_not_sent_again(sink: WebhookSink, method: str) -> None:
    """aiohttp repeats GET and PUT by itself; a gateway asked by GET would send the SMS twice."""
    sink.script("/a", Answer(), Answer(trick=Trick.RESET))

    async def twice(client: HttpClient) -> Response:
        await client.request(method, sink.url("/a"))
        return await client.request(method, sink.url("/a"))

    with pytest.raises(Broken) as caught:
        with_client(twice)
    assert caught.value.sent is True
    assert (len(sink.requests), sink.connections) == (2, 1)


def test_an_answer_that_is_not_http_is_broken(sink: WebhookSink) -> None:
    sink.script("/a", Answer(trick=Trick.GARBAGE))
    with pytest.raises(Broken):
        post(sink.url("/a"))


def test_a_closed_port_has_heard_nothing() -> None:
    with pytest.raises(ConnectFailed):
        post(f"http://127.0.0.1:{free_port()}/")


def test_a_header_with_a_line_break_is_not_sent(sink: WebhookSink) -> None:
    with pytest.raises(Blocked):
        with_client(lambda client: client.post(sink.url("/"), body=b"", headers={"X-A": "1\r\nX-B: 2"}))
    assert sink.requests == []


def test_a_certificate_nobody_vouches_for_is_refused_and_a_known_one_taken(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with WebhookSink(tls=server_context(certificate)) as sink:
        with pytest.raises(ConnectFailed, match="certificate"):
            post(sink.url("/", host="localhost"))
        assert sink.requests == []
        known = ssl.create_default_context(cafile=certificate)
        assert post(sink.url("/", host="localhost"), tls=known).status == 200
