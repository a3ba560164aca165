"""Rooms over real sockets of two server processes: who may come in, what is told to whom, and what heals by itself."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import jwt
import msgspec
import pytest
from django.conf import settings
from django.db import connection

from clarion.flows.rooms import keeping
from clarion.records import clock, volatile
from clarion.records.access.tokens import LATEST, Claims
from clarion.records.ids import new_id
from clarion.records.live import events, rosters
from clarion.records.live.events import Event
from clarion.records.people.models import User
from clarion.records.rooms import presence, store
from clarion.records.rooms.models import Room, Rule
from clarion.surfaces.realtime import inbox_calls
from clarion.surfaces.realtime.handshake import Visitor
from clarion.surfaces.realtime.hub import CHECK_SECONDS, hub
from clarion.testing.loopback import free_port
from tests.acceptance.test_realtime import Client, check_frame, environment_of_tests, serving, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 12.0
"""Two beats of a hub, and patience with a busy machine."""


@pytest.fixture(scope="module")
def ports(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two processes on the test database."""
    folder = tmp_path_factory.mktemp("rooms")
    with serving(folder / "one.log") as one, serving(folder / "two.log") as two:
        yield one, two
    for log in folder.iterdir():
        assert "token=" not in log.read_text()


class Own:
    """The room of a test: people leave the one before a moment after the test is over."""

    key = ""


own = Own()


@pytest.fixture(autouse=True)
def _own_room() -> None:
    own.key = f"course.{new_id()}"


@pytest.fixture
def threads_let_go() -> Iterator[None]:
    """The threads of sockets keep their connections; the test database is to be dropped."""
    yield
    together = Barrier(inbox_calls.THREADS)

    def let_go(_: int) -> None:
        together.wait(10)
        connection.close()

    list(inbox_calls._threads.map(let_go, range(inbox_calls.THREADS)))


@pytest.fixture
def ann() -> User:
    return User.objects.create(username="ann")


@pytest.fixture
def ben() -> User:
    return User.objects.create(username="ben")


@pytest.fixture
def eve() -> User:
    return User.objects.create(username="eve")


def room_of(*members: User, key: str = "", rule: Rule = Rule.MEMBERS) -> Room:
    room = Room.objects.create(key=key or own.key, name="a room", rule=rule)
    keeping.add(room, [member.id for member in members], clock.now())
    return room


def told_room(frame: dict[str, Any], *people: User) -> bool:
    names = sorted(str(one.id) for one in people)
    return frame == {"type": "room", "data": {"room": own.key, "count": len(names), "online": names}}


def join(client: Client, room: str = "") -> dict[str, Any]:
    client.say(type="join_room", room=room or own.key)
    return client.next()


def opened(client: Client) -> Client:
    assert client.next()["type"] == "unread"
    return client


def came(user: User, room: str = "") -> dict[str, Any]:
    return {"type": "presence", "data": {"room": room or own.key, "user_id": str(user.id), "online": True}}


def assert_went(frame: dict[str, Any], user: User) -> None:
    assert (frame["type"], frame["data"]["user_id"], frame["data"]["online"]) == ("presence", str(user.id), False)
    assert frame["data"]["last_seen"]


def test_room_mates_of_two_processes_see_each_other_come_and_go(ports: Any, ann: User, ben: User) -> None:
    room_of(ann, ben)
    with Client(ports[0], ann) as first:
        assert told_room(join(opened(first)), ann)
        with Client(ports[1], ben) as second:
            assert told_room(join(opened(second)), ann, ben)
            assert first.next() == came(ben)
            second.say(type="leave_room", room=own.key)
            assert second.next() == {"type": "room_left", "data": {"room": own.key, "reason": "left"}}
            assert_went(first.next(SOON), ben)
            assert second.hears_nothing_more()
            assert told_room(join(second), ann, ben)
            assert first.next() == came(ben)
        assert_went(first.next(SOON), ben)
        assert rosters.people_in(own.key) == {str(ann.id)}


def test_a_page_that_is_loaded_again_and_a_second_tab_make_no_noise(ports: Any, ann: User, ben: User) -> None:
    room_of(ann, ben)
    with Client(ports[0], ann) as first:
        join(opened(first))
        with Client(ports[0], ben) as tab:
            join(opened(tab))
            assert first.next() == came(ben)
            with Client(ports[1], ben) as other:
                join(opened(other))
            time.sleep(2.5)
            assert first.hears_nothing_more()
        with Client(ports[0], ben) as again:
            join(opened(again))
            time.sleep(2.5)
            assert first.hears_nothing_more()


def test_to_outsiders_a_room_is_not_there(ports: Any, ann: User, eve: User) -> None:
    room_of(ann)
    archived = room_of(eve, key="old")
    keeping.change(archived, {"archived": True})
    room_of(eve, key="signed", rule=Rule.CLAIM)
    with Client(ports[0], ann) as mate, Client(ports[0], eve) as client:
        join(opened(mate))
        opened(client)
        answers = [join(client, key) for key in (own.key, "never.was", "old", "signed", "a b\0", "user 1")]
        assert {(answer["type"], answer["data"]["code"], answer["data"]["message"]) for answer in answers} == {
            ("error", "room_not_found", "there is no such room")
        }
        client.say(type="leave_room", room=own.key)
        assert client.next()["data"]["code"] == "room_not_found"
        assert mate.hears_nothing_more()
        assert client.hears_nothing_more()
        assert rosters.people_in(own.key) == {str(ann.id)}


def test_an_open_room_takes_everybody_and_a_signed_claim_opens_the_rooms_it_names(ports: Any, eve: User) -> None:
    room_of(key="lobby", rule=Rule.OPEN)
    room_of(key="signed", rule=Rule.CLAIM)
    room_of(key="signed.other", rule=Rule.CLAIM)
    with Client(ports[0], eve) as client:
        assert join(opened(client), "lobby")["type"] == "room"
    claims = {"user_id": str(eve.id), "exp": int(clock.now().timestamp()) + 60, "rooms": ["signed", 7]}
    token = jwt.encode(claims, settings.JWT_KEY, algorithm="HS256")
    with Claimant(ports[0], token) as client:
        assert join(opened(client), "signed")["data"]["room"] == "signed"
        assert join(client, "signed.other")["data"]["code"] == "room_not_found"


class Claimant(Client):
    """A client with a token of the platform's."""

    def __init__(self, port: int, token: str) -> None:
        from websockets.sync.client import connect

        self._connecting = connect(f"ws://127.0.0.1:{port}/ws/notifications/?token={token}", compression=None)


def test_who_may_be_in_a_room_no_more_leaves_it_at_once(ports: Any, ann: User, ben: User) -> None:
    room = room_of(ann, ben)
    with Client(ports[0], ann) as first, Client(ports[1], ben) as second:
        join(opened(first))
        join(opened(second))
        first.next()
        assert keeping.remove(room, [ben.id]) == 1
        assert second.next(SOON) == {"type": "room_left", "data": {"room": own.key, "reason": "removed"}}
        assert_went(first.next(SOON), ben)
        assert join(second)["data"]["code"] == "room_not_found"
        keeping.change(room, {"archived": True})
        assert first.next(SOON) == {"type": "room_left", "data": {"room": own.key, "reason": "removed"}}
        assert second.hears_nothing_more()


def test_a_hint_that_is_lost_only_delays_the_leaving(ann: User, threads_let_go: None) -> None:
    room = room_of(ann)
    guest = Recorder(ann)

    async def stay() -> None:
        rooms = hub().rooms
        await rooms.join(guest, room.key)
        await rooms.check_all()
        assert guest.put_out == []
        await asyncio.to_thread(archive)  # and nobody is told
        await rooms.check_all()  # as the hub does every thirty seconds
        assert rooms._in == {}

    def archive() -> None:
        Room.objects.filter(pk=room.pk).update(archived=True)
        connection.close()

    asyncio.run(stay())
    assert guest.put_out == [own.key]
    assert CHECK_SECONDS == 30


def test_who_is_put_out_while_coming_in_is_not_told_who_is_there(
    ann: User, ben: User, threads_let_go: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = room_of(ann, ben)
    guest = Recorder(ann)

    async def come_too_late() -> None:
        rooms = hub().rooms
        snapshots = rooms._roster.snapshots

        async def slow(asked: Any) -> dict[str, str]:
            await asyncio.to_thread(end_membership)
            await rooms.check_all()
            return await snapshots(asked)

        monkeypatch.setattr(rooms._roster, "snapshots", slow)
        await rooms.join(guest, room.key)
        await rooms.beat()

    def end_membership() -> None:
        store.remove(room, [ann.id])
        connection.close()

    asyncio.run(come_too_late())
    assert (guest.heard, guest.put_out) == ([], [room.key])
    assert rosters.people_in(room.key) == set()


def test_processes_of_a_version_without_rooms_understand_the_others() -> None:
    class Before(msgspec.Struct, frozen=True, array_like=True):
        user: str
        rev: int
        frame: str

    (message,) = events.packed([Event("", 0, "news", "course.7", "somebody"), Event("u", 3, "item")])
    read = msgspec.msgpack.decode(message, type=list[Before])
    assert [(event.user, event.rev, event.frame) for event in read] == [("", 0, "news"), ("u", 3, "item")]
    assert events.unpacked(msgspec.msgpack.encode([Before("u", 3, "item")])) == [Event("u", 3, "item")]


class Recorder:
    """A guest without a socket."""

    def __init__(self, user: User) -> None:
        self.visitor = Visitor(user_id=user.id, claims=Claims(user_id=str(user.id), epoch=None, expires_at=LATEST))
        self.has_room = True
        self.heard: list[str] = []
        self.put_out: list[str] = []

    def put(self, frame: str) -> None:
        self.heard.append(frame)

    def put_out_of(self, room: str) -> None:
        self.put_out.append(room)


def test_who_reads_slowly_is_told_later_how_things_are_then(ann: User, threads_let_go: None) -> None:
    room = room_of(ann)
    guest = Recorder(ann)

    async def read_slowly() -> None:
        rooms = hub().rooms
        await rooms.join(guest, room.key)
        guest.has_room = False
        rooms.hear(Event("", 0, "lost", room.key))
        await rooms.beat()
        assert len(guest.heard) == 1
        guest.has_room = True
        await rooms.beat()
        await rooms.beat()
        rooms.leave_all(guest)
        await rooms.beat()

    asyncio.run(read_slowly())
    assert len(guest.heard) == 2
    assert guest.heard[0] == guest.heard[1]
    assert rosters.people_in(room.key) == set()


def test_who_hides_their_presence_is_seen_by_nobody_and_sees_the_others(ports: Any, ann: User, ben: User) -> None:
    room_of(ann, ben)
    presence.show(ben.id, False)
    with Client(ports[0], ann) as first, Client(ports[1], ben) as hidden:
        join(opened(first))
        assert told_room(join(opened(hidden)), ann)
        assert first.hears_nothing_more()
        keeping.show_presence(ben.id, True)
        assert first.next(SOON) == came(ben)
        keeping.show_presence(ben.id, False)
        assert_went(first.next(SOON), ben)
        assert rosters.people_in(own.key) == {str(ann.id)}


def test_people_of_a_killed_process_are_told_to_be_gone(ports: Any, ann: User, ben: User, tmp_path: Path) -> None:
    room_of(ann, ben)
    with Client(ports[0], ann) as first:
        join(opened(first))
        with doomed(tmp_path / "log") as (port, process), Client(port, ben, close_timeout=0.1) as second:
            join(opened(second))
            assert first.next() == came(ben)
            process.send_signal(signal.SIGKILL)
            process.wait()
            (name,) = [
                one for one in volatile.connection().smembers(rosters.processes_key()) if _pid(one) == process.pid
            ]
            left = volatile.connection().ttl(rosters.alive_key(name))
            assert 20 < left <= rosters.FORGOTTEN_SECONDS
            assert told_room(join(first), ann, ben)
            volatile.connection().expire(rosters.alive_key(name), 1)  # the time passes
            assert_went(first.next(SOON + 1), ben)
        assert rosters.people_in(own.key) == {str(ann.id)}
        assert not [key for key in volatile.connection().scan_iter("*rooms:in:*") if f"{process.pid}-" in str(key)]


def _pid(process: str) -> int:
    return int(process.partition("-")[0])


@contextmanager
def doomed(log: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A process to be killed."""
    number = free_port()
    command = [sys.executable, "-m", "uvicorn", "clarion.config.asgi:websocket_application", "--lifespan", "off"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(number)], env=environment_of_tests(), stdout=output, stderr=output
        )
        try:
            wait_for(number, process, log)
            yield number, process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=15)


def test_a_flushed_redis_heals_and_the_rooms_are_told_who_is_there(ports: Any, ann: User, ben: User) -> None:
    room_of(ann, ben)
    with Client(ports[0], ann) as first, Client(ports[1], ben) as second:
        join(opened(first))
        join(opened(second))
        first.next()
        volatile.connection().flushdb()
        deadline = time.monotonic() + SOON
        while rosters.people_in(own.key) != {str(ann.id), str(ben.id)}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        deadline = time.monotonic() + SOON
        while not told_room(first.next(SOON), ann, ben):
            assert time.monotonic() < deadline


def test_a_socket_may_be_in_fifty_rooms_and_joining_twice_answers_again(ports: Any, ann: User) -> None:
    rooms = [room_of(key=f"room.{number}", rule=Rule.OPEN) for number in range(51)]
    with Client(ports[0], ann) as client:
        opened(client)
        for room in rooms[:50]:
            client.say(type="join_room", room=room.key)
            time.sleep(0.021)
        assert {frame["type"] for frame in client.take(50)} == {"room"}
        time.sleep(1)
        assert join(client, "room.50")["data"]["code"] == "too_many_rooms"
        assert join(client, "room.0")["data"]["online"] == [str(ann.id)]


def test_when_people_were_last_seen_is_kept(ports: Any, ann: User) -> None:
    before = clock.now()
    with Client(ports[0], ann) as client:
        opened(client)
    deadline = time.monotonic() + 20
    while presence.of(ann.id).last_seen is None and time.monotonic() < deadline:
        time.sleep(0.2)
    seen = presence.of(ann.id).last_seen
    assert seen is not None
    assert before <= seen <= clock.now() + timedelta(seconds=1)


def test_in_a_crowd_nobody_is_named_until_it_is_small_again(threads_let_go: None) -> None:
    room = room_of(rule=Rule.OPEN)
    people = User.objects.bulk_create([User(username=f"user {n}", password="!") for n in range(800)])
    guests = [Recorder(one) for one in people]

    async def fill_and_empty() -> None:
        here = hub()
        listening = asyncio.create_task(here._listen())
        await asyncio.gather(*(here.rooms.join(guest, room.key) for guest in guests))
        await here.rooms.beat()
        await until(lambda: all(told(guest)["data"] == {"room": room.key, "count": 800} for guest in guests))
        named = max(len(guest.heard) for guest in guests)
        assert named < 520  # those who came while they were few, and now and then a number
        for guest in guests[20:]:
            here.rooms.leave_all(guest)
        await here.rooms.beat()
        names = sorted(str(one.id) for one in people[:20])
        shown = {"room": room.key, "count": 20, "online": names}
        await until(lambda: all(told(guest)["data"] == shown for guest in guests[:20]))
        assert max(len(guest.heard) for guest in guests[:20]) <= named + 2
        for guest in guests[:20]:
            here.rooms.leave_all(guest)
        await here.rooms.beat()
        listening.cancel()

    asyncio.run(fill_and_empty())
    assert rosters.people_in(room.key) == set()


def told(guest: Recorder) -> dict[str, Any]:
    """What a guest was told last."""
    frame: dict[str, Any] = json.loads(guest.heard[-1])
    check_frame(frame)
    return frame


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it, not for ever."""
    async with asyncio.timeout(SOON):
        while not holds():
            await asyncio.sleep(0.05)


def test_a_frame_of_a_crowded_room_has_a_number_and_no_names() -> None:
    from clarion.surfaces.realtime.roster_book import snapshot

    few, many = [str(n) for n in range(500)], [str(n) for n in range(501)]
    assert '"online":["0",' in snapshot("course.7", few)
    assert snapshot("course.7", many) == '{"type":"room","data":{"room":"course.7","count":501}}'
    check_frame({"type": "room", "data": {"room": "course.7", "count": 501}})
