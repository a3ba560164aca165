"""Clients that read nothing, send slowly or send too much, against the bridge in a real uvicorn with two threads."""

import http.client
import json
import os
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clarion.surfaces.realtime import answers, bodies
from clarion.surfaces.realtime.bridge import COLLECTED_BYTES, one_port
from tests.acceptance.test_up_one_port import Server, websocket_application

FILE_VARIABLE = "CLARION_TEST_LARGE_FILE"
MEGABYTE = 1_000_000
LARGE = 3 * MEGABYTE
IN_FILE = bytes(range(250)) * (LARGE // 250)
ENDLESS = COLLECTED_BYTES * 3

if FILE_VARIABLE in os.environ:  # in the server's process only
    answers.SLICE_SECONDS = 1.0
    bodies.BODY_SECONDS = 1.0


def http_application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Large answers of each kind, small ones, and the length of what came."""
    path = environ["PATH_INFO"]
    kinds = {"/chunks": LARGE, "/file": LARGE, "/endless": ENDLESS}
    if path not in kinds:
        text = str(len(environ["wsgi.input"].read())).encode()
        start_response("200 OK", [("Content-Length", str(len(text)))])
        return [text]
    start_response("200 OK", [("Content-Length", str(kinds[path]))])
    if path == "/file":
        file = Path(os.environ[FILE_VARIABLE]).open("rb")  # noqa: SIM115 -- the server closes it
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file, 4096)
        return wrapped
    return (b"x" * 50_000 for _ in range(kinds[path] // 50_000)) if path == "/chunks" else _blocks(ENDLESS)


def _blocks(length: int) -> Iterator[bytes]:
    for _ in range(length // 4096):
        yield b"x" * 4096


application = one_port(http_application, websocket_application)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    file = tmp_path_factory.mktemp("slow") / "large"
    file.write_bytes(IN_FILE)
    with Server(Path(__file__).stem, **{FILE_VARIABLE: str(file)}) as server:
        yield server


def _unread(server: Server, path: str, *, times: int = 1) -> socket.socket:
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    raw.settimeout(10)
    raw.connect(("127.0.0.1", server.port))
    raw.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode() * times)
    return raw


def _is_cut(raw: socket.socket, whole: int) -> bool:
    """Whether the connection ends before the whole answer has come."""
    got = 0
    try:
        while data := raw.recv(65536):
            got += len(data)
    except ConnectionResetError:
        return True
    return got < whole


def _upload(server: Server, head: str, *parts: bytes) -> tuple[int, dict[str, Any], float]:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(f"{head}\r\nHost: h\r\n\r\n".encode())
        for part in parts:
            raw.sendall(part)
        response = http.client.HTTPResponse(raw)
        response.begin()
        text = response.read()
        assert response.getheader("connection") == "close"
        assert response.getheader("content-type") == "application/problem+json"
        return response.status, json.loads(text), time.monotonic() - began


@pytest.mark.parametrize("path", ["/chunks", "/file"])
def test_a_large_answer_comes_whole(server: Server, path: str) -> None:
    text = server.ask("GET", path)[1]
    assert text == (IN_FILE if path == "/file" else b"x" * LARGE)


def test_an_answer_too_large_to_be_collected_is_streamed_whole(server: Server) -> None:
    assert server.ask("GET", "/endless")[1] == b"x" * ENDLESS


@pytest.mark.parametrize("path", ["/chunks", "/file"])
def test_clients_that_read_nothing_hold_no_thread_and_are_cut_off(server: Server, path: str) -> None:
    unread = [_unread(server, path, times=4) for _ in range(10)]
    began = time.monotonic()
    assert server.ask("GET", "/")[1] == b"0"
    assert time.monotonic() - began < 0.9  # less than it takes to cut one off
    time.sleep(2.5)
    assert [_is_cut(raw, 4 * LARGE) for raw in unread] == [True] * 10
    for raw in unread:
        raw.close()


def test_clients_that_read_nothing_of_a_stream_give_the_threads_back_in_time(server: Server) -> None:
    unread = [_unread(server, "/endless") for _ in range(2)]
    time.sleep(2.5)
    began = time.monotonic()
    assert server.ask("GET", "/")[1] == b"0"
    assert time.monotonic() - began < 0.9
    assert [_is_cut(raw, ENDLESS) for raw in unread] == [True, True]
    for raw in unread:
        raw.close()


def test_a_client_that_reads_slowly_but_steadily_gets_everything(server: Server) -> None:
    with _unread(server, "/file") as raw:
        response = http.client.HTTPResponse(raw)
        response.begin()
        text = b""
        for _ in range(8):
            time.sleep(0.4)  # 3 s in all: more than the server's patience with one slice
            text += response.read(200_000)
        assert text + response.read() == IN_FILE


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/nowhere", 2 * 1024 * 1024),
        ("/api/v1/users/bulk/", 10 * 1024 * 1024),
        ("/api/v1/notifications/bulk", 64 * 1024 * 1024),
    ],
)
def test_a_body_announced_too_large_is_refused_before_it_is_sent(server: Server, path: str, limit: int) -> None:
    status, problem, _ = _upload(server, f"POST {path} HTTP/1.1\r\nContent-Length: {limit + 1}")
    assert (status, problem["status"], problem["code"]) == (413, 413, "body_too_large")
    assert problem["detail"] == f"the body may have {limit} bytes at most"


def test_a_client_that_sends_it_all_before_reading_still_gets_the_refusal(server: Server) -> None:
    status, problem, _ = _upload(server, "POST / HTTP/1.1\r\nContent-Length: 30000000", b"x" * 30_000_000)
    assert (status, problem["code"]) == (413, "body_too_large")


def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(server: Server) -> None:
    chunk = b"%x\r\n%s\r\n" % (MEGABYTE, b"x" * MEGABYTE)
    status, problem, _ = _upload(server, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked", chunk, chunk, chunk)
    assert (status, problem["code"]) == (413, "body_too_large")


def test_a_body_that_does_not_come_is_given_up(server: Server) -> None:
    status, problem, seconds = _upload(server, "POST / HTTP/1.1\r\nContent-Length: 1000", b"x")
    assert (status, problem["code"]) == (408, "body_too_slow")
    assert 0.9 < seconds < 2


def test_every_operation_may_get_the_largest_body_it_declares() -> None:
    from clarion.surfaces.api.urls import ROUTES

    declared = {
        (f"/api/v1/{route}", handler.operation.max_bytes)
        for route, view in ROUTES.items()
        for name in ("get", "post", "put", "patch", "delete")
        if (handler := getattr(view, name, None)) is not None
    }
    assert ("/api/v1/notifications/bulk", 64_000_000) in declared
    assert {path: most for path, most in declared if most > bodies.largest_body(path)} == {}
