"""WebSockets against a real uvicorn, PostgreSQL and Redis: what a client is told, when, and what is refused."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import jsonschema
import pytest
import yaml
from django.db import connection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from clarion.contract.content import InboxContent
from clarion.contract.host import InboxItem
from clarion.contract.message import Message, Target
from clarion.flows.inbox import flow
from clarion.records import clock
from clarion.records.access import tokens
from clarion.records.ids import new_id
from clarion.records.inbox import changing, reading
from clarion.records.inbox.changing import Change
from clarion.records.inbox.store import InboxStore
from clarion.records.live import online, tickets
from clarion.records.live.layer import LiveLayer
from clarion.records.people.models import User
from clarion.testing.loopback import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def port(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A uvicorn of its own, on the test database."""
    log = tmp_path_factory.mktemp("realtime") / "uvicorn.log"
    with serving(log) as number:
        yield number
        assert "token=" not in log.read_text()


@contextmanager
def serving(log: Path, **environment: str) -> Iterator[int]:
    """The WebSocket side alone, on a free port."""
    number = free_port()
    command = [sys.executable, "-m", "uvicorn", "clarion.config.asgi:websocket_application", "--lifespan", "off"]
    command += ["--port", str(number), "--log-level", "warning", "--ws-max-size", "200000"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment_of_tests() | environment, stdout=output, stderr=output)
        try:
            wait_for(number, process, log)
            yield number
            assert process.poll() is None, f"uvicorn ended with {process.returncode}: {log.read_text()}"
        finally:
            process.terminate()
            process.wait(timeout=15)


def environment_of_tests() -> dict[str, str]:
    """This process's, but with the test database."""
    parts = urlsplit(os.environ["CLARION_DATABASE_URL"])
    url = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    return {**os.environ, "CLARION_DATABASE_URL": url, "CLARION_LOG_LEVEL": "debug"}


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


DOCUMENT = yaml.safe_load((Path(__file__).resolve().parents[2] / "docs/reference/asyncapi.yaml").read_text())


def check_frame(frame: dict[str, Any]) -> None:
    """Raises for a frame that the document does not know, or knows otherwise."""
    payload = DOCUMENT["components"]["messages"][frame["type"]]["payload"]
    jsonschema.validate(frame, {**payload, "components": DOCUMENT["components"]})


EMPTY = {"type": "unread", "data": {"count": 0, "unseen": 0, "rev": 0}}


class Client:
    """A socket that speaks JSON."""

    def __init__(self, port: int, user: User, *, query: str = "", **options: Any) -> None:
        token = tokens.access_token(user, clock.now(), options.pop("life", timedelta(minutes=5)))
        path = options.pop("path", "/ws/notifications/")
        url = f"ws://127.0.0.1:{port}{path}?token={token}{query}"
        self._connecting = connect(url, compression=None, **{"close_timeout": 1, **options})

    def next(self, seconds: float = 5) -> dict[str, Any]:
        """The next frame, which is as the AsyncAPI document says."""
        frame: dict[str, Any] = json.loads(self.socket.recv(timeout=seconds))
        check_frame(frame)
        return frame

    def take(self, number: int) -> list[dict[str, Any]]:
        """The next frames."""
        return [self.next() for _ in range(number)]

    def seqs(self, number: int) -> list[int]:
        """The sequence numbers of the next frames, all notifications."""
        taken = self.take(number)
        assert [frame["type"] for frame in taken] == ["notification"] * number, taken
        return [frame["data"]["seq"] for frame in taken]

    def say(self, **frame: Any) -> None:
        """Send a frame."""
        self.socket.send(json.dumps(frame))

    def hears_nothing_more(self) -> bool:
        """Whether the answer to a ping is the very next frame."""
        self.say(type="ping")
        return self.next()["type"] == "pong"

    def closed_with(self, seconds: float = 5) -> int:
        """The code the server closes with; frames before it are skipped."""
        with pytest.raises(ConnectionClosed) as caught:
            self._skip_all(seconds)
        received = caught.value.rcvd
        assert received is not None
        return received.code

    def _skip_all(self, seconds: float) -> None:
        while True:
            self.socket.recv(timeout=seconds)

    def __enter__(self) -> "Client":
        self.socket: ClientConnection = self._connecting.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._connecting.__exit__(None, None, None)


@pytest.fixture
def ann() -> User:
    return User.objects.create(username="ann")


@pytest.fixture
def ben() -> User:
    return User.objects.create(username="ben")


def store(user: User, *titles: str) -> list[InboxItem]:
    """Items in the inbox, without a hint."""
    messages = [
        Message(
            id=f"{new_id()}",
            notification_id=str(new_id()),
            user_id=str(user.id),
            target=Target(value=str(user.id)),
            content=InboxContent(title=title, body=f"about {title}", data={"n": 1}),
            priority=3,
            category="orders",
            attempt=1,
            created_at=clock.now(),
        )
        for title in titles
    ]
    return InboxStore().append(messages, "websocket")


def push(user: User, *titles: str) -> list[InboxItem]:
    """Items in the inbox, with the hint."""
    items = store(user, *titles)
    LiveLayer().publish(items)
    return items


def test_a_client_is_told_the_unread_count_and_the_backlog_oldest_first(port: int, ann: User) -> None:
    items = store(ann, "one", "two", "three")
    changing.change(ann.id, Change.READ, clock.now(), ids=[new_uuid(items[1].id)])
    with Client(port, ann) as client:
        frames = client.take(3)
        assert frames[0] == {"type": "unread", "data": {"count": 2, "unseen": 2, "rev": 4}}
        assert [frame["data"]["title"] for frame in frames[1:]] == ["one", "three"]
        assert frames[1]["data"] == {
            "id": items[0].id,
            "seq": 1,
            "rev": 1,
            "channel": "websocket",
            "category": "orders",
            "priority": 3,
            "title": "one",
            "body": "about one",
            "data": {"n": 1},
            "created_at": frames[1]["data"]["created_at"],
            "read": False,
        }
        assert client.hears_nothing_more()


def test_of_a_large_backlog_the_newest_hundred_are_told(port: int, ann: User) -> None:
    store(ann, *[f"item {n}" for n in range(1, 131)])
    with Client(port, ann) as client:
        assert client.next()["data"]["count"] == 130
        assert client.seqs(100) == list(range(31, 131))
        assert client.hears_nothing_more()


def test_a_live_item_reaches_every_socket_of_its_user_and_of_nobody_else(port: int, ann: User, ben: User) -> None:
    with Client(port, ann) as first, Client(port, ann, path="/ws/notifications") as second, Client(port, ben) as other:
        for client in (first, second, other):
            assert client.next()["data"]["count"] == 0
        started = time.monotonic()
        push(ann, "news")
        assert first.next()["data"]["title"] == "news"
        assert second.next()["data"]["title"] == "news"
        assert time.monotonic() - started < 1.0
        assert first.hears_nothing_more()
        assert other.hears_nothing_more()


def test_hints_that_are_lost_late_or_double_leave_no_gap_and_no_duplicate(port: int, ann: User) -> None:
    with Client(port, ann) as client:
        client.next()
        lost, late, last = store(ann, "lost", "late", "last")
        LiveLayer().publish([last])
        assert client.seqs(3) == [1, 2, 3]
        assert client.next()["data"] == {"count": 3, "unseen": 3, "rev": 3}, "what was read is counted anew"
        LiveLayer().publish([late, lost, last])
        assert client.hears_nothing_more()
        push(ann, "next")
        assert client.seqs(1) == [4]


def test_a_client_that_comes_back_catches_up_with_exactly_what_it_missed(port: int, ann: User) -> None:
    with Client(port, ann) as client:
        client.next()
        push(ann, "one", "two")
        assert client.seqs(2) == [1, 2]
    missed = push(ann, *[f"missed {n}" for n in range(450)])
    changing.change(ann.id, Change.READ, clock.now(), ids=[new_uuid(missed[7].id)])
    with Client(port, ann, query="&since=2") as client:
        assert client.next()["type"] == "unread"
        assert client.seqs(450) == list(range(3, 453))
        push(ann, "after")
        assert client.seqs(1) == [453]
        client.say(type="catch_up", since=451)
        assert client.seqs(2) == [452, 453]
        assert client.next() == {"type": "caught_up", "data": {"seq": 453, "rev": 454}}


def test_no_item_is_lost_or_double_while_clients_come_and_go(port: int, ann: User) -> None:
    total = 60
    pusher = threading.Thread(target=_push_many, args=(ann, total))
    pusher.start()
    seen: list[int] = []
    while len(seen) < total:
        last = seen[-1] if seen else 0
        with Client(port, ann, query=f"&since={last}", close_timeout=0.1) as client:
            for _ in range(8):
                frame = client.next()
                if frame["type"] == "notification":
                    seen.append(frame["data"]["seq"])
                if len(seen) == total:
                    break
    pusher.join()
    assert seen == list(range(1, total + 1))


def _push_many(user: User, total: int) -> None:
    try:
        for n in range(total):
            push(user, f"item {n}")
    finally:
        connection.close()


def test_a_number_never_given_does_not_silence_the_socket(port: int, ann: User) -> None:
    with Client(port, ann, query="&since=1000000") as client:
        client.next()
        client.say(type="catch_up", since=5_000_000)
        assert client.next() == {"type": "caught_up", "data": {"seq": 0, "rev": 0}}
        push(ann, "heard")
        assert client.seqs(1) == [1]


def test_marking_updates_the_count_on_every_socket(port: int, ann: User, ben: User) -> None:
    items = store(ann, "one", "two", "three")
    with Client(port, ann) as first, Client(port, ann) as second, Client(port, ben) as other:
        for client in (first, second):
            client.take(4)
        other.next()
        first.say(type="mark_read", notification_id=items[0].id)
        told = first.take(2)
        assert told == second.take(2)
        assert [(told[0]["type"], item["id"], item["read"]) for item in told[0]["data"]["items"]] == [
            ("update", items[0].id, True)
        ]
        assert told[1] == {"type": "unread", "data": {"count": 2, "unseen": 2, "rev": 4}}
        second.say(type="mark_all_read")
        told = first.take(2)
        assert told == second.take(2)
        assert [item["seq"] for item in told[0]["data"]["items"]] == [2, 3]
        assert told[1] == {"type": "unread", "data": {"count": 0, "unseen": 0, "rev": 5}}
        assert reading.standing(ann.id).unread == 0
        assert other.hears_nothing_more()


def test_somebody_elses_item_is_not_there(port: int, ann: User, ben: User) -> None:
    (item,) = store(ben, "private")
    with Client(port, ann) as client:
        client.next()
        client.say(type="mark_read", notification_id=item.id)
        assert client.next()["data"]["code"] == "notification_not_found"
    assert reading.standing(ben.id).unread == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_json"),
        ("[]", "invalid_frame"),
        ('{"type":"dance"}', "unknown_type"),
        ("{}", "unknown_type"),
        ('{"type":"mark_read"}', "invalid_frame"),
        ('{"type":"mark_read","notification_id":"x"}', "invalid_frame"),
        ('{"type":"catch_up","since":-1}', "invalid_frame"),
        ('{"type":"join_room","room":"course.1"}', "room_not_found"),
        ('{"type":"leave_room","room":"course.1"}', "room_not_found"),
    ],
)
def test_a_frame_that_cannot_be_obeyed_is_answered_and_the_socket_lives(
    port: int, ann: User, text: str, code: str
) -> None:
    with Client(port, ann) as client:
        client.next()
        client.socket.send(text)
        frame = client.next()
        assert (frame["type"], frame["data"]["code"]) == ("error", code)
        assert client.hears_nothing_more()


def test_a_frame_of_more_than_64_kilobytes_ends_the_socket(port: int, ann: User) -> None:
    with Client(port, ann) as client:
        client.next()
        client.say(type="join_room", room="x" * 70_000)
        assert client.next()["data"]["code"] == "too_large"
        assert client.closed_with() == 1009


def test_too_many_frames_end_the_socket(port: int, ann: User) -> None:
    with Client(port, ann) as client:
        client.next()
        for _ in range(60):
            client.say(type="ping")
        answers = client.take(51)
        assert [answer["type"] for answer in answers] == ["pong"] * 50 + ["error"]
        assert answers[-1]["data"]["code"] == "too_many_frames"
        assert client.closed_with() == 1008


@pytest.mark.parametrize("token", ["", "nonsense", "expired", "refresh", "inactive", "revoked"])
def test_without_a_good_token_the_close_code_is_4401(port: int, ann: User, token: str) -> None:
    given = _bad_token(token, ann)
    with connect(f"ws://127.0.0.1:{port}/ws/notifications/?token={given}") as client:
        assert _refusal(client) == 4401


def _bad_token(kind: str, user: User) -> str:
    match kind:
        case "expired":
            return tokens.access_token(user, clock.now() - timedelta(minutes=6), timedelta(minutes=5))
        case "refresh":
            return tokens.issue(user, clock.now()).refresh
        case "inactive":
            User.objects.filter(pk=user.pk).update(is_active=False)
            return tokens.access_token(user, clock.now(), timedelta(minutes=5))
        case "revoked":
            given = tokens.access_token(user, clock.now(), timedelta(minutes=5))
            tokens.revoke_all(user)
            return given
    return quote(kind)


def _refusal(client: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        client.recv(timeout=5)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def test_the_token_may_come_as_a_header_or_as_a_subprotocol(port: int, ann: User) -> None:
    token = tokens.access_token(ann, clock.now(), timedelta(minutes=5))
    url = f"ws://127.0.0.1:{port}/ws/notifications/"
    with connect(url, additional_headers={"Authorization": f"Bearer {token}"}) as client:
        assert json.loads(client.recv(timeout=5)) == EMPTY
    with connect(url, subprotocols=["clarion.jwt", token]) as client:  # type: ignore[list-item]
        assert client.subprotocol == "clarion.jwt"
        assert json.loads(client.recv(timeout=5)) == EMPTY
    with connect(url, subprotocols=["clarion.jwt", "nonsense"]) as client:  # type: ignore[list-item]
        assert _refusal(client) == 4401


def ticket_for(user: User, origin: str = "") -> str:
    claims = tokens.claims_of(tokens.access_token(user, clock.now(), timedelta(minutes=5)))
    return tickets.issue(claims, origin)


def test_a_ticket_admits_once(port: int, ann: User) -> None:
    url = f"ws://127.0.0.1:{port}/ws/notifications/?ticket={ticket_for(ann)}"
    with connect(url) as client:
        assert json.loads(client.recv(timeout=5)) == EMPTY
    with connect(url) as client:
        assert _refusal(client) == 4401
    with connect(f"ws://127.0.0.1:{port}/ws/notifications/?ticket=nonsense") as client:
        assert _refusal(client) == 4401


def test_a_ticket_of_one_page_is_no_good_on_another(port: int, ann: User) -> None:
    url = f"ws://127.0.0.1:{port}/ws/notifications/?ticket="
    with connect(url + ticket_for(ann, "http://127.0.0.1:9"), origin="http://127.0.0.1:8") as client:  # type: ignore[arg-type]
        assert _refusal(client) == 4401
    with connect(url + ticket_for(ann, "http://127.0.0.1:9")) as client:
        assert _refusal(client) == 4401
    with connect(url + ticket_for(ann, "http://127.0.0.1:9"), origin="http://127.0.0.1:9") as client:  # type: ignore[arg-type]
        assert json.loads(client.recv(timeout=5)) == EMPTY


def test_a_ticket_ends_with_the_tokens_of_its_user(port: int, ann: User) -> None:
    ticket = ticket_for(ann)
    tokens.revoke_all(ann)
    with connect(f"ws://127.0.0.1:{port}/ws/notifications/?ticket={ticket}") as client:
        assert _refusal(client) == 4401


def test_a_server_that_stops_says_so_with_a_code_of_its_own(ann: User, tmp_path: Path) -> None:
    with serving(tmp_path / "log") as number:
        client = Client(number, ann).__enter__()
        client.next()
    assert client.closed_with() == 1012
    client.__exit__()


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        ("http://127.0.0.1:9", True),
        ("https://evil.example", False),
        ("null", False),
        ("https://127.0.0.1.evil.example", False),
    ],
)
def test_pages_of_other_sites_may_not_connect(port: int, ann: User, origin: str, welcome: bool) -> None:
    token = tokens.access_token(ann, clock.now(), timedelta(minutes=5))
    with connect(f"ws://127.0.0.1:{port}/ws/notifications/?token={token}", origin=origin) as client:  # type: ignore[arg-type]
        if welcome:
            assert json.loads(client.recv(timeout=5))["type"] == "unread"
        else:
            assert _refusal(client) == 4403


def test_an_unknown_path_is_refused_before_the_handshake(port: int, ann: User) -> None:
    with pytest.raises(InvalidStatus, match="403"), Client(port, ann, path="/ws/other/"):
        pass


def test_the_socket_ends_when_the_token_does(port: int, ann: User) -> None:
    with Client(port, ann, life=timedelta(seconds=3)) as client:
        client.next()
        started = time.monotonic()
        assert client.closed_with(seconds=6) == 4401
        assert 1.0 < time.monotonic() - started < 4.0


def test_without_redis_a_client_is_told_all_the_same_only_later(port: int, ann: User, tmp_path: Path) -> None:
    store(ann, "kept")
    with serving(tmp_path / "log", CLARION_REDIS_URL=f"redis://127.0.0.1:{free_port()}/0") as elsewhere:
        with Client(elsewhere, ann) as client:
            assert [frame["type"] for frame in client.take(2)] == ["unread", "notification"]
            store(ann, "later")
            assert client.seqs(1) == [2]
        assert "token=" not in (tmp_path / "log").read_text()


def test_a_mark_made_while_away_comes_as_an_update_and_only_once(port: int, ann: User) -> None:
    items = store(ann, "one", "two")
    with Client(port, ann) as client:
        rev = client.take(3)[0]["data"]["rev"]
    changing.change(ann.id, Change.DISMISS, clock.now(), ids=[new_uuid(items[0].id)])
    store(ann, "three")
    with Client(port, ann, query=f"&since=2&rev={rev}") as client:
        assert client.next()["data"] == {"count": 2, "unseen": 2, "rev": 4}
        update, new = client.take(2)
        assert (update["type"], update["data"]["rev"]) == ("update", 3)
        assert [(item["seq"], item["dismissed"], item["read"]) for item in update["data"]["items"]] == [(1, True, True)]
        assert (new["type"], new["data"]["seq"], new["data"]["rev"]) == ("notification", 3, 4)
        assert client.hears_nothing_more()


def test_a_flushed_redis_costs_a_socket_nothing_but_a_moment(port: int, ann: User) -> None:
    from clarion.records.volatile import connection as redis

    with Client(port, ann) as client:
        client.next()
        redis().flushall()
        push(ann, "unheard")
        assert client.seqs(1) == [1]
        assert client.next()["data"]["count"] == 1
        deadline = time.monotonic() + 5
        while not _sockets(ann) and time.monotonic() < deadline:
            time.sleep(0.05)
        push(ann, "heard")
        assert client.seqs(1) == [2]


def test_one_change_of_very_many_items_is_told_as_one(port: int, ann: User) -> None:
    store(ann, *[f"item {n}" for n in range(60)])
    with Client(port, ann) as client:
        client.take(61)
        assert len(flow.mark(ann.id, Change.READ, clock.now()).items) == 60
        assert client.take(2) == [
            {"type": "update", "data": {"rev": 61, "items": [], "all": "read"}},
            {"type": "unread", "data": {"count": 0, "unseen": 0, "rev": 61}},
        ]


def test_a_client_that_does_not_read_is_let_go_and_misses_nothing_later(port: int, ann: User, ben: User) -> None:
    with Client(port, ann, max_queue=1, close_timeout=0.1) as slow, Client(port, ben) as quick:
        slow.next()
        quick.next()
        # far more than the buffers of both sides hold, and nobody reads it
        for _ in range(8):
            publish_large(ann)
        push(ben, "not held up")
        assert quick.next(1.0)["data"]["title"] == "not held up"
        deadline = time.monotonic() + 20
        while _sockets(ann) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _sockets(ann) == 0
    with Client(port, ann, query="&since=0") as back:
        assert back.next()["data"]["count"] == 400
        assert back.seqs(400) == list(range(1, 401))


def publish_large(user: User) -> None:
    """Fifty items of 60 kB each."""
    push(user, *["large" * 12_000] * 50)


def _sockets(user: User) -> int:
    return online.sockets([str(user.id)]).get(str(user.id), 0)


def test_many_sockets_share_a_few_database_connections_and_leave_nothing_behind(port: int, ann: User) -> None:
    async def come_and_go() -> None:
        from websockets.asyncio.client import connect as connect_async

        token = tokens.access_token(ann, clock.now(), timedelta(minutes=5))

        async def one() -> None:
            async with connect_async(f"ws://127.0.0.1:{port}/ws/notifications/?token={token}") as client:
                assert json.loads(await client.recv())["type"] == "unread"

        for _ in range(3):
            await asyncio.gather(*(one() for _ in range(30)))

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        asyncio.run(come_and_go())
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] <= 4
    deadline = time.monotonic() + 5
    while _sockets(ann) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _sockets(ann) == 0


def new_uuid(text: str) -> Any:
    from uuid import UUID

    return UUID(text)


def test_the_document_names_every_frame_and_every_code() -> None:
    from clarion.records.inbox.changing import Change
    from clarion.surfaces.realtime import frames

    messages = DOCUMENT["components"]["messages"]
    told = {"notification", "update", "unread", "caught_up", "error", "pong", "room", "presence", "room_left"}
    assert set(messages) == told | set(frames._TYPES)
    assert messages["update"]["payload"]["properties"]["data"]["properties"]["all"]["enum"] == [str(c) for c in Change]
