"""The inbox under contention: numbers without gaps, counts that never drift."""

import threading
from typing import Any
from uuid import UUID

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarion.contract.content import InboxContent
from clarion.contract.message import Message, Target
from clarion.records import clock
from clarion.records.ids import new_id
from clarion.records.inbox import changing, reading
from clarion.records.inbox.changing import Change
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
    assert reading.standing(user).unread == 3
    assert [item.seq for item in reading.since(user, 1, 10)] == [2, 3]


def test_appending_again_changes_nothing_and_keeps_the_number(ground: None) -> None:
    user = new_id()
    first = message(user)
    InboxStore().append([first], "in_app")
    again = InboxStore().append([message(user), first], "in_app")
    assert [item.seq for item in again] == [2, 1]
    assert InboxItem.objects.filter(user_id=user).count() == 2
    assert reading.standing(user).unread == 2


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
        assert reading.standing(user).unread == len(seqs)


def test_reading_and_appending_at_once_never_lets_the_count_drift(real_ground: None) -> None:
    user = new_id()
    stop = threading.Event()

    def read_all() -> None:
        while not stop.is_set():
            changing.change(user, Change.READ, clock.now())
        connection.close()

    reader = threading.Thread(target=read_all)
    reader.start()
    for _ in range(30):
        InboxStore().append([message(user) for _ in range(3)], "in_app")
    stop.set()
    reader.join()
    assert reading.standing(user).unread == InboxItem.objects.filter(user_id=user, read_at=None).count()
    changing.change(user, Change.READ, clock.now())
    assert reading.standing(user).unread == 0


STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "all", *Change]), st.integers(min_value=0, max_value=9)), max_size=30
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_counts_and_revisions_are_exact_whatever_happens(ground: None, steps: list[tuple[str, int]]) -> None:
    user = new_id()
    ids: list[UUID] = []
    rev = 0
    for step, which in steps:
        act(step, which, user, ids)
        standing = reading.standing(user)
        here = [item for item in InboxItem.objects.filter(user_id=user) if is_here(item)]
        assert standing.unread == sum(item.read_at is None for item in here)
        assert standing.unseen == sum(item.seen_at is None for item in here)
        latest = InboxItem.objects.filter(user_id=user).order_by("-rev").values_list("rev", flat=True).first()
        assert standing.rev == (latest or 0) >= rev
        rev = standing.rev


def is_here(item: InboxItem) -> bool:
    return not (item.dismissed_at or item.archived_at or item.recalled_at or item.snoozed_until)


def act(step: str, which: int, user: UUID, ids: list[UUID]) -> Any:
    now = clock.now()
    if step == "append":
        ids.append(new_id())
        return InboxStore().append([message(user, ids[-1])], "in_app")
    if step == "all":
        return changing.change(user, Change.READ, now)
    chosen = [ids[which % len(ids)]] if ids else []
    more = {Change.SNOOZE: {"until": now}, Change.REVISE: {"content": b""}, Change.ACT: {"action": "primary"}}
    return changing.change(user, Change(step), now, ids=chosen, **more.get(Change(step), {}))


def test_another_users_item_can_be_neither_seen_nor_marked(ground: None) -> None:
    owner, other = new_id(), new_id()
    item = message(owner)
    InboxStore().append([item], "in_app")
    assert reading.one(other, UUID(item.id)) is None
    assert changing.change(other, Change.READ, clock.now(), ids=[UUID(item.id)]).items == ()
    assert reading.standing(owner).unread == 1
