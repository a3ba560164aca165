import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clarion.surfaces.cli.api_answers import Sent, Users
from clarion.surfaces.cli.api_client import ApiClient, ApiError, explain, parse_base_url

ID = "01a1f887-f43f-7587-ae5d-50ba9452afb4"


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says and remembers what it was asked."""

    asked: list[tuple[str, str, str | None, bytes]] = []

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.path, self.headers.get("Authorization"), body))
        status, content = 200, json.dumps({"results": [{"id": ID, "email": "x"}], "next": None}).encode()
        if self.command == "POST":
            status, content = 201, json.dumps({"id": ID, "status": "pending", "notifications": []}).encode()
        if "refuse" in self.path:
            status, content = 422, b'{"title":"Invalid input","detail":"two faults","errors":[]}'
        if "redirect" in self.path:
            status, content = 302, b""
        if "html" in self.path:
            content = b"<html>"
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/stolen")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    # a proxy of the environment is not asked for this machine
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    Handler.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield ApiClient(base_url=f"http://127.0.0.1:{server.server_port}", authorization="ApiKey k")
        server.shutdown()


def test_a_get_carries_query_and_key_and_gives_a_typed_answer(api: ApiClient) -> None:
    users = api.get("users", Users, email="a+b@example.com")
    assert [str(user.id) for user in users.results] == [ID]
    assert Handler.asked == [("GET", "/api/v1/users?email=a%2Bb%40example.com", "ApiKey k", b"")]


def test_a_post_carries_json(api: ApiClient) -> None:
    assert api.post("notifications/send", {"a": {"b": 1}}, Sent).status == "pending"
    assert json.loads(Handler.asked[0][3]) == {"a": {"b": 1}}


def test_a_refusal_is_told_in_the_servers_words(api: ApiClient) -> None:
    with pytest.raises(ApiError, match=r"Invalid input \(422\): two faults") as refused:
        api.get("refuse", Users)
    assert refused.value.status == 422


def test_a_redirect_is_not_followed_with_our_key(api: ApiClient) -> None:
    with pytest.raises(ApiError, match="302"):
        api.get("redirect", Users)
    assert len(Handler.asked) == 1


def test_something_else_than_the_api_is_named_as_such(api: ApiClient) -> None:
    with pytest.raises(ApiError, match="something else than this API"):
        api.get("html", Users)


def test_nobody_there_is_said_with_what_to_do() -> None:
    with pytest.raises(ApiError, match=r"does not answer \(Connection refused\). Is `clarion up` running\?"):
        ApiClient(base_url="http://127.0.0.1:1", authorization="ApiKey k").get("users", Users)


def test_several_field_errors_are_listed_and_a_servers_fault_names_its_trace() -> None:
    errors = [{"pointer": "/a", "message": "bad"}, {"pointer": "/b", "message": "worse"}]
    problem = {"title": "Invalid input", "detail": "two", "errors": errors, "trace_id": "t1"}
    assert explain(422, json.dumps(problem).encode()) == "Invalid input (422): two\n  /a: bad\n  /b: worse"
    assert "trace id t1" in explain(500, json.dumps({**problem, "errors": []}).encode())
    assert explain(502, b"<html>") == "Refused (502): no reason given"


@pytest.mark.parametrize("text", ["", "localhost:8000", "ftp://x", "http://", "file:///etc/passwd"])
def test_a_base_url_must_be_http_with_a_host(text: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        parse_base_url(text)


def test_the_key_is_in_no_repr() -> None:
    assert "secret" not in repr(ApiClient(base_url="http://h", authorization="ApiKey secret"))
