"""What a hostile reader of the inbox and its sockets found: each of these failed before it was mended."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import redis.asyncio
from django.conf import settings
from django.db import IntegrityError

from clarion.flows.inbox import flow
from clarion.records import clock
from clarion.records.ids import new_id
from clarion.records.inbox import reading
from clarion.records.inbox.changing import Change
from clarion.records.inbox.reading import After, Item, Standing
from clarion.records.inbox.store import InboxStore
from clarion.records.live import events, online
from clarion.records.live.layer import LiveLayer
from clarion.surfaces.realtime import hub as hubs
from clarion.surfaces.realtime.counting import Counting
from clarion.surfaces.realtime.inbox_calls import Opening
from clarion.surfaces.realtime.inbox_stream import InboxStream
from clarion.surfaces.realtime.outgoing import Outgoing
from clarion.surfaces.realtime.roster import Roster
from tests.integration.test_inbox import message


def test_what_was_put_away_while_it_slept_does_not_keep_others_asleep(
    ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "WOKEN_AT_ONCE", 1)
    now = clock.now()
    first, second, third = new_id(), new_id(), new_id()
    for minutes, user in enumerate((first, second, third), start=1):
        (item,) = InboxStore().append([message(user)], "in_app")
        until = now + timedelta(minutes=minutes)
        flow.mark(user, Change.SNOOZE, now, ids=[UUID(item.id)], until=until)
        if user == first:
            flow.mark(user, Change.DISMISS, now)
        if user == second:
            flow.recall(user, UUID(item.id), now)
    later = now + timedelta(hours=1)
    assert flow.wake(later) == 1
    assert flow.wake(later) == 0, "nothing is due for ever"
    assert reading.standing(third).unread == 1


def test_a_change_of_many_items_of_a_group_is_not_told_as_one_of_all(
    real_ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "SHOWN_MOST", 1)
    told: list[tuple[list[str], int]] = []
    monkeypatch.setattr(LiveLayer, "tell", lambda self, user, frames, rev: told.append((frames, rev)))
    user, now = new_id(), clock.now()
    items = InboxStore().append([message(user) for _ in range(4)], "in_app")
    flow.mark(user, Change.READ, now, ids=[UUID(item.id) for item in items[:2]])
    assert told.pop() == ([""], 5), "the sockets read for themselves which they were"
    flow.mark(user, Change.READ, now)
    assert json.loads(told.pop()[0][0])["data"] == {"rev": 6, "items": [], "all": "read"}


def _redis() -> Any:
    return redis.asyncio.Redis.from_url(settings.REDIS_URL)


def test_a_socket_that_comes_after_redis_forgot_does_not_hide_the_others(redis_db: Any) -> None:
    ann, bob = str(new_id()), str(new_id())

    async def run() -> None:
        connection, here = _redis(), {ann: 1}
        counting = Counting(connection, lambda: here)
        await counting.add(ann, 1)
        await counting.beat()
        assert counting.sure
        await connection.flushdb()
        here[bob] = 1
        await counting.add(bob, 1)
        assert not counting.sure, "until the next beat the inboxes are looked at"
        assert await counting.beat()
        assert online.sockets([ann, bob]) == {ann: 1, bob: 1}
        del here[bob]
        counting.note(bob, -1)
        await counting.beat()
        assert counting.sure
        await counting.add(ann, 1)
        assert counting.sure, "who leaves is no sign of a flush"
        await connection.aclose()

    asyncio.run(run())


def test_a_room_that_is_joined_after_redis_forgot_does_not_hide_the_others(redis_db: Any) -> None:
    async def run() -> None:
        connection = _redis()
        roster = Roster(connection)
        roster.note("course.1", "ann", 1)
        await roster.flush()
        await roster.beat()
        await connection.flushdb()
        roster.note("course.2", "bob", 1)
        await roster.flush()
        await roster.beat()
        (frame,) = (await roster.snapshots(["course.1"])).values()
        assert json.loads(frame)["data"]["online"] == ["ann"]
        await connection.aclose()

    asyncio.run(run())


def test_a_fault_of_the_database_does_not_end_the_looking_after(redis_db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: 0.0)

    async def run() -> None:
        rounds, done = [], asyncio.Event()

        async def work() -> None:
            rounds.append(1)
            if len(rounds) == 1:
                raise IntegrityError("a person was erased while last_seen was written")
            done.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(hubs._for_ever(work))
        await asyncio.wait_for(done.wait(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_a_subscription_that_answers_no_ping_is_given_up_and_a_quiet_one_is_not(
    redis_db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(hubs, "SILENT_SECONDS", 0.3)

    class Dead:
        async def get_message(self, timeout: float) -> None:
            await asyncio.sleep(timeout)

        async def ping(self) -> None:
            pass

    async def run() -> None:
        hub = hubs.Hub()
        async with hub._redis.pubsub() as subscription:
            await subscription.subscribe(events.channel())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(hub._hear(subscription), 0.8)
        assert hub._hears
        with pytest.raises(redis.ConnectionError, match="silent"):
            await asyncio.wait_for(hub._hear(Dead()), 2)
        await hub._redis.aclose()

    asyncio.run(run())


def test_people_that_are_erased_meanwhile_leave_expired_tokens_to_be_closed(
    redis_db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: 0.0)

    async def run() -> None:
        hub, looked = hubs.Hub(), asyncio.Event()
        calls: list[int] = []

        async def write(here: object) -> None:
            calls.append(1)
            if len(calls) == 1:
                raise IntegrityError("foreign key")
            looked.set()

        hub._looked_at = 1e12
        monkeypatch.setattr(hub._seen, "write", write)
        monkeypatch.setattr(hub._counting, "beat", _no)
        monkeypatch.setattr(hub.rooms, "beat", _no)
        monkeypatch.setattr(hub, "_listen", asyncio.Event().wait)
        await hub.enter(_Member())  # type: ignore[arg-type]
        await asyncio.wait_for(looked.wait(), 5)
        for task in hub._tasks:
            task.cancel()
        await asyncio.gather(*hub._tasks, return_exceptions=True)
        await hub._redis.aclose()

    asyncio.run(run())


async def _no(*given: object) -> bool:
    return False


class _Visitor:
    user_id = new_id()
    expires_at = clock.now() + timedelta(days=1)


class _Member:
    visitor = _Visitor()
    admitted_at = 1e12


def _item(seq: int, rev: int, born: int) -> Item:
    empty: dict[str, Any] = dict.fromkeys(
        ("read_at", "dismissed_at", "seen_at", "archived_at", "snoozed_until", "recalled_at")
    )
    texts: dict[str, Any] = {"category": "", "title": "T", "body": "", "group": "", "acted": ""}
    return Item(
        id=UUID(int=seq),
        user_id=UUID(int=1),
        channel="in_app",
        seq=seq,
        priority=3,
        data={},
        created_at=clock.now(),
        rev=rev,
        born_rev=born,
        **texts,
        **empty,
    )


class _Loading:
    """An inbox whose newest unread items do not fit into the backlog."""

    def __init__(self, items: list[Item], backlog: int) -> None:
        self.items, self.backlog = items, backlog
        self.openings = self.pages = self
        self.while_reading: Callable[[], None] = lambda: None

    async def get(self, asked: Any) -> Any:
        if isinstance(asked, After):
            page = sorted(
                (i for i in self.items if asked.rev is not None and (i.rev, i.seq) > (asked.rev, asked.seq)),
                key=lambda i: (i.rev, i.seq),
            )
            self.while_reading()
            return page
        standing = Standing(seq=len(self.items), rev=max(i.rev for i in self.items), unread=len(self.items))
        return Opening(standing=standing, items=self.items[-self.backlog :] if asked[1] else [])


async def _opened(loading: _Loading) -> tuple[InboxStream, list[dict[str, Any]]]:
    sent: list[dict[str, Any]] = []

    async def send(event: Any) -> None:
        sent.append(msgspec.json.decode(event["text"]))

    def fail(why: Exception) -> None:
        raise why

    stream = InboxStream(UUID(int=1), Outgoing(send, fail), loading, fail)  # type: ignore[arg-type]
    await stream.open(None, None)
    await asyncio.sleep(0.01)
    return stream, sent


def test_catching_up_by_revision_names_what_did_not_fit_into_the_backlog() -> None:
    async def run() -> None:
        loading = _Loading([_item(n, n, n) for n in range(1, 5)], backlog=2)
        stream, sent = await _opened(loading)
        sent.clear()
        await stream.catch_up(0, 0)
        await asyncio.sleep(0.01)
        assert [frame["data"]["seq"] for frame in sent if frame["type"] == "notification"] == [1, 2, 3, 4]

    asyncio.run(run())


def test_whoever_is_cut_off_within_the_backlog_has_all_up_to_the_greatest_revision() -> None:
    async def run() -> None:
        loading = _Loading([_item(1, 9, 1), _item(2, 2, 2), _item(3, 3, 3)], backlog=3)
        _, sent = await _opened(loading)
        assert [frame["data"]["rev"] for frame in sent if frame["type"] == "notification"] == [2, 3, 9]

    asyncio.run(run())


def test_a_hint_that_comes_while_nothing_is_found_is_not_forgotten() -> None:
    async def run() -> None:
        loading = _Loading([_item(1, 1, 1)], backlog=1)
        stream, sent = await _opened(loading)
        sent.clear()

        def arrive() -> None:
            loading.while_reading = lambda: None
            loading.items = [*loading.items, _item(2, 2, 2)]
            stream.hear(2, "")

        loading.while_reading = arrive
        stream.newest_is(3)  # such as a revision that was never given
        await asyncio.sleep(0.05)
        assert [frame["data"]["seq"] for frame in sent if frame["type"] == "notification"] == [2]

    asyncio.run(run())


def test_an_event_without_a_frame_is_read_from_the_inbox() -> None:
    async def run() -> None:
        loading = _Loading([_item(1, 1, 1)], backlog=1)
        stream, sent = await _opened(loading)
        sent.clear()
        loading.items = [*loading.items, _item(2, 2, 2)]
        (told,) = events.unpacked(next(events.packed([events.Event("ann", 2, "")])))
        stream.hear(told.rev, told.frame)
        await asyncio.sleep(0.05)
        assert [frame["type"] for frame in sent] == ["notification", "unread"]

    asyncio.run(run())
