"""Frequency caps, end to end: exact over batches and workers, urgent first, given back, and shown to the person."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connections

from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Rejected
from clarion.contract.reasons import Reason
from clarion.flows.delivery import capping
from clarion.flows.delivery.load import load
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.models import Category
from clarion.records.categories.policy import Cap
from clarion.records.ids import new_id
from clarion.records.ledger import queue
from clarion.records.ledger.models import Decision, Notification
from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move
from clarion.records.people.models import User
from clarion.records.preferences import slots
from clarion.records.preferences.models import SentSlot
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, caller_of, make_user
from tests.integration.conftest import Carry

EMAIL = ChannelKey.EMAIL
Drain = Callable[[], int]


def send(user: User, **more: Any) -> Any:
    fields = {"subject": "Hi", "body": "Hello", "channels": (EMAIL,), **more}
    asked = Send(caller=caller_of(user, Permission.STAFF), user_id=user.id, **fields)
    return ingest.send(asked, clock.now()).notifications[0]


def fates(user: User) -> list[str]:
    rows = Notification.objects.filter(user_id=user.id).order_by("id")
    return [row.reason or row.status for row in rows]


def test_all_senders_and_channels_share_the_cap_and_the_rest_is_told_why(
    ann: User, as_ann: Api, drain: Drain, settings: LazySettings
) -> None:
    settings.USER_CAP = Cap(per_day=3)
    for channel in (EMAIL, ChannelKey.SMS, ChannelKey.PUSH, ChannelKey.CHAT, EMAIL):
        send(ann, channels=(channel,))
    drain()
    assert sorted(fates(ann)) == ["delivered"] * 3 + ["frequency_capped"] * 2
    assert SentSlot.objects.count() == 3
    late = send(ann)  # the gate says so at once, too
    assert (late.status, late.reason) == (Status.SUPPRESSED, Reason.FREQUENCY_CAPPED)
    decision = Decision.objects.get(notification_id=late.id)
    assert (decision.stage, decision.rule, decision.detail) == ("ingest", "caps", "3 of 3 a day")
    send(ann, channels=(ChannelKey.IN_APP,))  # a list, which interrupts nobody
    send(ann, priority=1)
    send(ann, category="security")
    drain()
    assert fates(ann)[-3:] == ["delivered"] * 3
    withheld = as_ann.get("preferences/withheld").json()["results"]
    assert len(withheld) == 3
    assert {one["detail"] for one in withheld} == {"3 of 3 a day"}
    assert {(one["reason"], one["category"]) for one in withheld} == {("frequency_capped", "general")}
    assert withheld[0]["says"].startswith("The recipient had as many as they may get")


def test_a_person_sets_a_limit_of_their_own(ann: User, as_ann: Api, drain: Drain, settings: LazySettings) -> None:
    settings.USER_CAP = Cap(per_day=3)
    as_ann.patch("preferences", {"global": {"max_per_day": 1}})
    for _ in range(2):
        send(ann)
    drain()
    assert sorted(fates(ann)) == ["delivered", "frequency_capped"]


def test_a_category_has_caps_of_its_own(ann: User, as_staff: Api, drain: Drain) -> None:
    key = Category.objects.get(key="orders").id
    wrong = as_staff.patch(f"categories/{key}", {"cap_per_day": 5, "cap_per_week": 4})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/cap_per_day")
    assert as_staff.patch(f"categories/{key}", {"cap_per_day": 1, "cap_per_week": 2}).status_code == 200
    for category in ("orders", "orders", "general", "general"):
        send(ann, category=category)
    drain()
    assert sorted(fates(ann)) == ["delivered"] * 3 + ["frequency_capped"]


def test_the_day_and_the_week_are_those_of_the_persons_calendar(ground: None, settings: LazySettings) -> None:
    settings.USER_CAP = Cap(per_day=2, per_week=3)
    ann = make_user(timezone="Asia/Tokyo")
    late = datetime(2026, 11, 20, 14, 59, tzinfo=UTC)  # 23:59 in Tokyo
    with clock.standing_at(late):
        _take(ann, 2)
        assert send(ann).reason == Reason.FREQUENCY_CAPPED
    with clock.standing_at(late + timedelta(minutes=1)):
        assert send(ann).status is Status.PENDING
        _take(ann, 1)
        assert _detail(send(ann)) == "3 of 3 a week"
    with clock.standing_at(late + timedelta(days=6)):
        assert _detail(send(ann)) == "3 of 3 a week"
    with clock.standing_at(late + timedelta(days=6, minutes=1)):
        assert send(ann).status is Status.PENDING


def _take(user: User, number: int) -> None:
    """Places as sends would have taken them."""
    general = Category.objects.get(key="general").id
    day = slots.local_day(user.timezone, clock.now())
    for _ in range(number):
        SentSlot.objects.create(notification_id=new_id(), user=user, category_id=general, day=day)


def _detail(accepted: Any) -> str:
    return Decision.objects.get(notification_id=accepted.id).detail


def test_in_a_batch_urgent_ones_come_first_and_low_leaves_a_reserve(
    ann: User, drain: Drain, settings: LazySettings
) -> None:
    settings.USER_CAP = Cap(per_day=4)
    sent = [send(ann, priority=priority) for priority in (4, 4, 4, 4, 3, 2)]
    drain()
    found = {row.id: row.reason or row.status for row in Notification.objects.all()}
    said = [found[one.id] for one in sent]
    assert said[4:] == ["delivered", "delivered"]
    # high and medium took two of four; low may fill three quarters of it
    assert sorted(said[:4]) == ["delivered"] + ["frequency_capped"] * 3


def test_two_workers_at_once_never_overshoot(real_ground: None, settings: LazySettings) -> None:
    settings.USER_CAP = Cap(per_day=5)
    people = [make_user() for _ in range(4)]
    for user in people * 10:
        send(user)
    entries = [queue.claim_due("email", 20).entries for _ in range(2)]
    start = Barrier(2)

    def cap(claimed: Any) -> int:
        try:
            start.wait()
            return len(capping.cap(load(claimed), clock.now())[0])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        passed = sum(pool.map(cap, entries))
    assert passed == 5 * len(people)
    assert [SentSlot.objects.filter(user=user).count() for user in people] == [5] * len(people)
    again = [work for claimed in entries for work in load(claimed)]
    assert sum(work.counted for work in again) == passed
    kept = [work for work in again if work.counted]
    assert capping.cap(kept, clock.now()) == (kept, [])  # a retry has its place already


def test_what_fails_gives_its_place_back(ann: User, drain: Drain, carried_by: Carry, settings: LazySettings) -> None:
    settings.USER_CAP = Cap(per_day=1)
    answers = iter([Rejected(why=Reason.CONTENT_REFUSED)])
    carried_by(EMAIL, ScriptedProvider(script=lambda message: next(answers, None) or _accept(message)))
    send(ann)
    drain()
    assert fates(ann) == ["content_refused"]
    assert SentSlot.objects.count() == 0
    send(ann)
    drain()
    assert fates(ann)[1:] in (["sent"], ["delivered"])
    assert SentSlot.objects.count() == 1


def _accept(message: Any) -> Any:
    from clarion.testing.scripted import accept_all

    return accept_all(message)


@pytest.mark.parametrize("end", [Status.EXPIRED, Status.CANCELLED, Status.SUPPRESSED, Status.FAILED])
def test_what_ends_unsent_gives_its_place_back(ann: User, end: Status, settings: LazySettings) -> None:
    settings.USER_CAP = Cap(per_day=1)
    one = send(ann)
    works = load(queue.claim_due("email", 10).entries)
    assert capping.cap(works, clock.now()) == (works, [])
    assert SentSlot.objects.get().notification_id == one.id
    move([Move(notification_id=one.id, to=end, reason=str(Reason.EXPIRED))], clock.now())
    assert SentSlot.objects.count() == 0


def test_where_nothing_is_capped_nothing_is_asked(ann: User, django_assert_num_queries: Any) -> None:
    send(ann)
    works = load(queue.claim_due("email", 10).entries)
    with django_assert_num_queries(0):
        assert capping.cap(works, clock.now()) == (works, [])


def test_old_places_are_swept_away_and_those_that_count_stay(ann: User) -> None:
    general = Category.objects.get(key="general").id
    now = clock.now()
    for days in (0, 7, 8, 9, 30):
        day = (now - timedelta(days=days)).date()
        SentSlot.objects.create(notification_id=new_id(), user=ann, category_id=general, day=day)
    assert slots.sweep(now) == 2
    assert sorted((now.date() - slot.day).days for slot in SentSlot.objects.all()) == [0, 7, 8]
