"""`<clarion-inbox>` on a page of another origin, in Chromium, against a web process on the test database."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
from acceptance.test_realtime import environment_of_tests
from playwright.sync_api import BrowserContext, Page

from clarion.contract.content import InboxContent
from clarion.contract.message import Message, Target
from clarion.records import clock
from clarion.records.access import tokens
from clarion.records.ids import new_id
from clarion.records.inbox.store import InboxStore
from clarion.records.live.layer import LiveLayer
from clarion.records.people.models import User
from clarion.testing.loopback import free_port

HOST_PAGE = """<!doctype html><html lang="{lang}" dir="{dir}"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script type="module" src="{server}/static/inbox/clarion-inbox.js"></script><script src="/page.js"></script></head>
<body><main><h1>Shop</h1><clarion-inbox server="{server}" token-url="/token" {more}></clarion-inbox>
<p>The page goes on here.</p></main></body></html>"""
PAGE_PROGRAM = """window.heard = [];
const marks = document.documentElement.dataset;
addEventListener("clarion-status", ({ detail: { status } }) => { marks[status] = Number(marks[status] ?? 0) + 1; });
for (const name of ["notification", "read", "action", "snooze", "error", "status", "token-needed", "push", "open"])
  addEventListener("clarion-" + name, (event) => window.heard.push([name, event.detail.item?.title
    ?? event.detail.status ?? event.detail.code ?? "", event.detail.key ?? ""]));"""


class Server:
    """Web and WebSocket on one port, which stays the same when it is started again."""

    def __init__(self, log: Path, origin: str) -> None:
        self.port = free_port()
        self._log, self._origin = log, origin
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "clarion.config.asgi:application", "--lifespan", "off"]
        command += ["--port", str(self.port), "--log-level", "info"]
        environment = environment_of_tests() | {"CLARION_CORS_ORIGINS": self._origin}
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=20)

    def log(self) -> str:
        return self._log.read_text()


class Shop:
    """The page's own server: its pages under a strict policy, and its token address. `lives` are those of tokens."""

    def __init__(self) -> None:
        self.user: User | None = None
        self.life = timedelta(minutes=5)
        self.asked = 0
        self.page = ""
        self.policy = ""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind = "text/javascript" if self.path == "/page.js" else "text/html"
                self._answer(PAGE_PROGRAM if self.path == "/page.js" else shop.page, kind)

            def do_POST(self) -> None:
                shop.asked += 1
                self._answer(json.dumps({"access": shop.token()}), "application/json")

            def _answer(self, text: str, kind: str) -> None:
                self.send_response(200 if text else 404)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Security-Policy", shop.policy)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def token(self) -> str:
        assert self.user is not None
        return tokens.access_token(self.user, clock.now(), self.life)

    def show(self, server: str, more: str = "", lang: str = "en", direction: str = "ltr") -> None:
        """What its page is from now on."""
        self.page = HOST_PAGE.format(server=server, more=more, lang=lang, dir=direction)
        socket_address = server.replace("http", "ws", 1)
        self.policy = (
            f"default-src 'none'; script-src 'self' {server}; connect-src 'self' {server} {socket_address};"
            " base-uri 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture(scope="module")
def server(
    django_db_setup: None, django_db_blocker: Any, shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("inbox") / "uvicorn.log", shop.url)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ann(real_ground: None, shop: Shop) -> User:
    user = User.objects.create(username="ann", timezone="Africa/Nairobi")
    shop.user, shop.life, shop.asked = user, timedelta(minutes=5), 0
    return user


@pytest.fixture
def open_shop(browser: Any, shop: Shop, server: Server, ann: User) -> Iterator[Callable[..., Page]]:
    """Opens the shop's page; `complaints` are the errors that its browsers wrote."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def start(
        more: str = "",
        *,
        width: int = 1280,
        height: int = 800,
        lang: str = "en",
        direction: str = "ltr",
        before: Callable[[Page], object] | None = None,
        beside: Page | None = None,
        **options: Any,
    ) -> Page:
        shop.show(server.url, more, lang, direction)
        context = (
            beside.context if beside else browser.new_context(viewport={"width": width, "height": height}, **options)
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if before:
            before(page)
        page.goto(shop.url)
        return page

    start.complaints = complaints  # type: ignore[attr-defined]
    yield start
    for context in contexts:
        context.close()


def put(user: User, title: str, body: str = "", *, group: str = "", **data: Any) -> str:
    """An item in the inbox, and its hint; gives back its id."""
    identifier = str(new_id())
    message = Message(
        id=identifier,
        notification_id=identifier,
        user_id=str(user.id),
        target=Target(value=str(user.id)),
        content=InboxContent(title=title, body=body, data=data, group=group),
        created_at=clock.now(),
        category="orders",
    )
    LiveLayer().publish(InboxStore().append([message], "in_app"))
    return identifier


def actions(link: str = "") -> list[dict[str, str]]:
    first = {"key": "primary", "label": "Accept"}
    return [{**first, "link": link} if link else first, {"key": "secondary", "label": "Decline"}]
