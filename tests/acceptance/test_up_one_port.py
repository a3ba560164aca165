"""HTTP and WebSocket on one port: the bridge in a real uvicorn, before a small WSGI application."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from websockets.sync.client import connect

from clarion.surfaces.realtime.bridge import one_port

_local = threading.local()


class Streamed:
    """Three chunks and a close that leaves a trace."""

    closed_in: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"one,", b"", b"two,", b"three")

    def close(self) -> None:
        self.closed_in.append(threading.current_thread().name)


def http_application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answers with what it was asked, or as the path says."""
    path = environ["PATH_INFO"]
    if path == "/fails":
        raise RuntimeError("as asked")
    if path == "/streams":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Streamed()
    _local.count = getattr(_local, "count", 0) + 1
    seen = {key: value for key, value in environ.items() if isinstance(value, str)}
    body = environ["wsgi.input"].read()
    seen |= {"body": body.decode() if len(body) < 100 else f"{len(body)} bytes"}
    seen |= {"thread": threading.current_thread().name, "count": str(_local.count)}
    seen |= {"closed": ",".join(Streamed.closed_in)}
    text = json.dumps(seen).encode()
    start_response("201 Created", [("X-Seen", "yes"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    time.sleep(0.05 if path == "/slow" else 0)
    return [text]


async def websocket_application(scope: Any, receive: Any, send: Any) -> None:
    """Echoes until the client leaves."""
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": f"echo {event['text']}"})


application = one_port(http_application, websocket_application)


class Server:
    """A uvicorn process with two threads for HTTP."""

    def __init__(self, module: str = Path(__file__).stem, **variables: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        root = str(Path(__file__).parents[2])  # for what the applications import from other tests
        paths = {"_CLARION_WEB_THREADS": "2", "PYTHONPATH": ":".join([*sys.path, root])}
        arguments = ["--port", str(self.port), "--lifespan", "off", "--log-level", "critical"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", f"{module}:application", *arguments],
            env=os.environ | paths | variables,
            cwd=Path(__file__).parent,
        )

    def __enter__(self) -> "Server":
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        self.__exit__(None, None, None)
        raise AssertionError("uvicorn did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(10)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, {name.replace("__", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response, text

    def seen(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.ask(method, path, body, **headers)[1])
        return found


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def test_a_request_arrives_whole_and_its_answer_too(server: Server) -> None:
    response, text = server.ask("POST", "/a%20b/%C3%B6?q=%20x&r=1", b"hi", Content__Type="text/plain", X__One="1")
    assert response.status == 201
    assert response.getheader("x-seen") == "yes"
    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]
    seen = json.loads(text)
    assert seen["REQUEST_METHOD"] == "POST"
    assert seen["PATH_INFO"].encode("latin-1").decode("utf-8") == "/a b/ö"
    assert seen["QUERY_STRING"] == "q=%20x&r=1"
    assert (seen["CONTENT_TYPE"], seen["CONTENT_LENGTH"], seen["body"]) == ("text/plain", "2", "hi")
    assert (seen["HTTP_X_ONE"], seen["REMOTE_ADDR"], seen["SERVER_PORT"]) == ("1", "127.0.0.1", str(server.port))


def test_a_chunked_body_gets_a_length(server: Server) -> None:
    seen = server.seen("POST", "/", iter([b"one", b"two"]))
    assert (seen["CONTENT_LENGTH"], seen["body"]) == ("6", "onetwo")


def test_a_large_body_arrives(server: Server) -> None:
    assert server.seen("POST", "/", b"x" * 2_000_000)["body"] == "2000000 bytes"
    assert server.seen("POST", "/api/v1/notifications/bulk", b"x" * 20_000_000)["body"] == "20000000 bytes"


def test_repeated_headers_are_joined_and_a_name_with_an_underscore_cannot_pass_for_another(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(
            b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nCookie: a=1\r\nCookie: b=2\r\n"
            b"X-Many: 1\r\nX-Many: 2\r\nX_Real_Ip: forged\r\n\r\n"
        )
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    seen = json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])
    assert (seen["HTTP_COOKIE"], seen["HTTP_X_MANY"]) == ("a=1; b=2", "1,2")
    assert "HTTP_X_REAL_IP" not in seen


def test_a_streamed_answer_comes_whole_and_is_closed_in_its_own_thread(server: Server) -> None:
    response, text = server.ask("GET", "/streams")
    assert (response.status, text) == (200, b"one,two,three")
    assert server.seen("GET", "/")["closed"].startswith("http-")


def test_a_crash_is_answered_with_500_and_the_thread_goes_on(server: Server) -> None:
    for _ in range(5):
        assert server.ask("GET", "/fails")[0].status == 500
    assert server.ask("GET", "/")[0].status == 201


def test_requests_run_in_so_many_threads_whose_locals_persist(server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: server.seen("GET", "/slow"), range(16)))
    assert {answer["thread"] for answer in seen} == {"http-0", "http-1"}
    assert max(int(answer["count"]) for answer in seen) >= 8


def test_websockets_share_the_port(server: Server) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/ws/") as client:
        client.send("hello")
        assert client.recv() == "echo hello"
        assert server.ask("GET", "/")[0].status == 201
