"""The inbox under contention: numbers without gaps, counts that never drift."""

import asyncio
import threading
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarion.contract.content import InboxContent
from clarion.contract.message import Message, Target
from clarion.records import clock
from clarion.records.ids import new_id
from clarion.records.inbox import reading
from clarion.records.inbox.live import channel_name, group_of
from clarion.records.inbox.models import InboxItem
from clarion.records.inbox.store import InboxStore


def message(user: UUID, identifier: UUID | None = None) -> Message:
    name = str(identifier or new_id())
    return Message(
        id=name,
        notification_id=name,
        user_id=str(user),
        target=Target(value=str(user)),
        content=InboxContent(title="T", body="B", data={"n": 1}),
        created_at=clock.now(),
    )


def test_items_are_numbered_in_the_order_given(ground: None) -> None:
    user = new_id()
    items = InboxStore().append([message(user) for _ in range(3)], "in_app")
    assert [item.seq for item in items] == [1, 2, 3]
    assert reading.unread_count(user) == 3
    assert [item.seq for item in reading.since(user, 1, 10)] == [2, 3]


def test_appending_again_changes_nothing_and_keeps_the_number(ground: None) -> None:
    user = new_id()
    first = message(user)
    InboxStore().append([first], "in_app")
    again = InboxStore().append([message(user), first], "in_app")
    assert [item.seq for item in again] == [2, 1]
    assert InboxItem.objects.filter(user_id=user).count() == 2
    assert reading.unread_count(user) == 2


def test_writers_at_once_leave_no_gap_and_no_double(real_ground: None) -> None:
    users = [new_id() for _ in range(3)]

    def write(offset: int) -> None:
        for turn in range(8):
            order = users if (turn + offset) % 2 else users[::-1]
            InboxStore().append([message(user) for user in order for _ in range(2)], "in_app")
        connection.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for user in users:
        seqs = list(InboxItem.objects.filter(user_id=user).order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, 4 * 8 * 2 + 1))
        assert reading.unread_count(user) == len(seqs)


def test_reading_and_appending_at_once_never_lets_the_count_drift(real_ground: None) -> None:
    user = new_id()
    stop = threading.Event()

    def read_all() -> None:
        while not stop.is_set():
            reading.mark_all_read(user, clock.now())
        connection.close()

    reader = threading.Thread(target=read_all)
    reader.start()
    for _ in range(30):
        InboxStore().append([message(user) for _ in range(3)], "in_app")
    stop.set()
    reader.join()
    assert reading.unread_count(user) == InboxItem.objects.filter(user_id=user, read_at=None).count()
    reading.mark_all_read(user, clock.now())
    assert reading.unread_count(user) == 0


STEPS = st.lists(st.sampled_from(["append", "read", "dismiss", "read_all", "read_again"]), max_size=25)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_count_is_the_count_whatever_happens(ground: None, steps: list[str]) -> None:
    user = new_id()
    ids: list[UUID] = []
    for step in steps:
        act(step, user, ids)
        unread = InboxItem.objects.filter(user_id=user, read_at=None).count()
        assert reading.unread_count(user) == unread


def act(step: str, user: UUID, ids: list[UUID]) -> Any:
    now = clock.now()
    match step:
        case "append":
            ids.append(new_id())
            return InboxStore().append([message(user, ids[-1])], "in_app")
        case "read_all":
            return reading.mark_all_read(user, now)
        case "dismiss" if ids:
            return reading.dismiss(user, ids[len(ids) // 2], now)
        case "read" | "read_again" if ids:
            return reading.mark_read(user, ids[0], now)
    return None


def test_the_name_of_a_users_group_is_the_layers_own() -> None:
    user = new_id()

    async def of_the_layer() -> str:
        return str(get_channel_layer()._get_group_channel_name(group_of(user)))

    assert asyncio.run(of_the_layer()) == channel_name(user)


def test_another_users_item_can_be_neither_seen_nor_marked(ground: None) -> None:
    owner, other = new_id(), new_id()
    item = message(owner)
    InboxStore().append([item], "in_app")
    assert reading.one(other, UUID(item.id)) is None
    assert reading.mark_read(other, UUID(item.id), clock.now()) is False
    assert reading.unread_count(owner) == 1
