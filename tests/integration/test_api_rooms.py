"""Rooms by the API: who sees which, members in bulk, who is online, and sends that reach members alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clarion.records import clock, volatile
from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.records.ids import new_id
from clarion.records.ledger.models import Decision, Notification
from clarion.records.ledger.status import Status
from clarion.records.live import online, rosters, tickets
from clarion.records.people.models import User
from clarion.records.preferences.models import GlobalPreference
from clarion.records.rooms import presence, store
from clarion.records.rooms.models import Member, Room, Rule
from tests.conftest import Api, api_as, make_user

Drain = Callable[[], int]
WORDS = {"subject": "Hi", "body": "Hello", "channel": "in_app"}


@pytest.fixture
def course(as_staff: Api) -> Room:
    assert as_staff.post("rooms", {"key": "course.7", "name": "Course 7"}).status_code == 201
    return Room.objects.get(key="course.7")


def in_room(room: Room, *people: User) -> None:
    """As a server with their sockets tells it."""
    redis_ = volatile.connection()
    redis_.sadd(rosters.processes_key(), "1-test")
    redis_.set(rosters.alive_key("1-test"), 1)
    redis_.sadd(rosters.people_key("1-test", room.key), *(str(one.id) for one in people))
    redis_.sadd(online.processes_key(), "1-test")
    redis_.hset(online.process_key("1-test"), mapping={str(one.id): 1 for one in people})


def people(number: int) -> list[User]:
    return User.objects.bulk_create([User(username=f"user {n}", password="!") for n in range(number)])


def ids(*users: User) -> list[str]:
    return [str(user.id) for user in users]


def test_a_room_is_made_shown_changed_archived_and_removed(as_staff: Api, ann: User) -> None:
    made = as_staff.post("rooms", {"key": "course.7", "name": "Course 7"})
    assert made.status_code == 201
    assert {name: made.json()[name] for name in ("key", "name", "rule", "archived", "members")} == {
        "key": "course.7",
        "name": "Course 7",
        "rule": "members",
        "archived": False,
        "members": 0,
    }
    assert as_staff.post("rooms", {"key": "course.7", "name": "again"}).json()["code"] == "room_exists"
    assert as_staff.put(f"rooms/course.7/members/{ann.id}").status_code == 204
    changed = as_staff.patch("rooms/course.7", {"name": "Seven", "rule": "open"}).json()
    assert (changed["name"], changed["rule"], changed["members"]) == ("Seven", "open", 1)
    assert as_staff.patch("rooms/course.7", {}).json()["name"] == "Seven"
    assert as_staff.patch("rooms/course.7", {"archived": True}).json()["archived"] is True
    assert as_staff.get("rooms").json()["results"][0]["key"] == "course.7"
    assert as_staff.delete("rooms/course.7").status_code == 204
    assert as_staff.get("rooms/course.7").status_code == 404
    assert Member.objects.count() == 0


@pytest.mark.parametrize("key", ["", "a b", "user 1", "-x", "x" * 101, "kö", "a/b", "a\n"])
def test_a_key_is_plain(as_staff: Api, key: str) -> None:
    assert as_staff.post("rooms", {"key": key, "name": "Room"}).status_code == 422
    assert Room.objects.count() == 0


def test_people_see_the_rooms_they_may_come_into_and_no_others(as_ann: Api, ann: User, as_staff: Api) -> None:
    mine, lobby, signed, others, old = (
        Room.objects.create(key=key, name=key, rule=rule, archived=key == "old")
        for key, rule in [
            ("mine", Rule.MEMBERS),
            ("lobby", Rule.OPEN),
            ("signed", Rule.CLAIM),
            ("others", Rule.MEMBERS),
            ("old", Rule.OPEN),
        ]
    )
    store.add(mine, [ann.id], clock.now())
    store.add(signed, [ann.id], clock.now())
    shown = as_ann.get("rooms").json()["results"]
    assert [(room["key"], room["members"]) for room in shown] == [("lobby", None), ("mine", None)]
    assert as_ann.get("rooms/mine").status_code == 200
    refusals = [as_ann.get(f"rooms/{key}") for key in ("others", "old", "signed", "never.was", "a b")]
    refusals += [as_ann.get(f"rooms/{key}/online") for key in ("others", "old", "signed", "never.was")]
    assert {(answer.status_code, answer.json()["code"], answer.json()["detail"]) for answer in refusals} == {
        (404, "room_not_found", "there is no such room")
    }
    claims = {"user_id": str(ann.id), "exp": clock.now() + timedelta(minutes=5), "rooms": ["signed"]}
    claimant = Api(f"Bearer {jwt.encode(claims, settings.JWT_KEY, algorithm='HS256')}")
    assert [room["key"] for room in claimant.get("rooms").json()["results"]] == ["signed", "lobby", "mine"]
    assert len(as_staff.get("rooms").json()["results"]) == 5
    assert others.key == "others"
    assert lobby.key == "lobby"
    assert old.archived


def test_a_ticket_keeps_the_rooms_that_its_token_claims(ann: User, redis_db: Any) -> None:
    claims = {"user_id": str(ann.id), "exp": clock.now() + timedelta(minutes=5), "rooms": ["signed", {}, 3]}
    token = jwt.encode(claims, settings.JWT_KEY, algorithm="HS256")
    ticket = Api(f"Bearer {token}").post("ws/tickets").json()["ticket"]
    redeemed = tickets.redeem(ticket, "")
    assert redeemed is not None
    assert redeemed.rooms == {"signed"}
    plain = tickets.redeem(api_as(ann).post("ws/tickets").json()["ticket"], "")
    assert plain is not None
    assert plain.rooms == frozenset()


def test_ten_thousand_members_come_and_go_with_a_handful_of_queries(as_staff: Api, course: Room) -> None:
    crowd = people(10_000)
    gone = User.objects.create(username="gone", is_active=False)
    with CaptureQueriesContext(connection) as asked:
        answer = as_staff.put("rooms/course.7/members", {"user_ids": ids(*crowd[:9_999], gone)})
    assert answer.json() == {"added": 9_999, "unknown": ids(gone)}
    assert len(asked) < 15
    again = as_staff.put("rooms/course.7/members", {"user_ids": ids(*crowd[:10], crowd[-1])}).json()
    assert again == {"added": 1, "unknown": []}
    assert as_staff.get("rooms/course.7").json()["members"] == 10_000
    page = as_staff.get("rooms/course.7/members?page_size=200").json()
    assert len(page["results"]) == 200
    assert page["next"]
    with CaptureQueriesContext(connection) as asked:
        removed = as_staff.post("rooms/course.7/members/remove", {"user_ids": ids(*crowd)})
    assert removed.json() == {"removed": 10_000}
    assert len(asked) < 10


def test_a_room_takes_no_more_than_it_may_have(
    as_staff: Api, course: Room, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_MEMBERS", 3)
    crowd = people(4)
    assert as_staff.put("rooms/course.7/members", {"user_ids": ids(*crowd)}).json()["code"] == "room_full"
    assert Member.objects.count() == 0


def test_one_member_comes_and_goes(as_staff: Api, as_ann: Api, course: Room, ann: User) -> None:
    assert as_staff.put(f"rooms/course.7/members/{uuid4()}").json()["code"] == "user_not_found"
    assert as_staff.put(f"rooms/course.7/members/{ann.id}").status_code == 204
    assert as_staff.put(f"rooms/course.7/members/{ann.id}").status_code == 204
    assert as_ann.get("rooms/course.7").status_code == 200
    assert as_staff.delete(f"rooms/course.7/members/{ann.id}").status_code == 204
    assert as_staff.delete(f"rooms/course.7/members/{ann.id}").json()["code"] == "member_not_found"
    assert as_ann.get("rooms/course.7").status_code == 404


def test_members_see_who_is_online_page_by_page(as_staff: Api, as_ann: Api, course: Room, ann: User) -> None:
    crowd = people(4)
    store.add(course, [ann.id], clock.now())
    in_room(course, *crowd)
    names = sorted(ids(*crowd))
    first = as_ann.get("rooms/course.7/online?page_size=3").json()
    assert first == {"room": "course.7", "count": 4, "online": names[:3], "next_after": names[2]}
    rest = as_ann.get(f"rooms/course.7/online?after={names[2]}").json()
    assert (rest["online"], rest["next_after"]) == (names[3:], None)
    volatile.connection().delete(rosters.alive_key("1-test"))  # its process is gone
    assert as_ann.get("rooms/course.7/online").json()["count"] == 0


def test_a_send_to_a_room_reaches_its_members_but_the_excluded_and_obeys_their_wishes(
    as_service: Api, course: Room, ann: User, drain: Drain
) -> None:
    ben, eve, outsider = (make_user(email=f"{name}@example.com") for name in ("ben", "eve", "outsider"))
    store.add(course, [ann.id, ben.id, eve.id], clock.now())
    in_room(course, outsider)
    GlobalPreference.objects.create(pk=eve.id, notifications_enabled=False)
    answer = as_service.post("rooms/course.7/notify", {**WORDS, "exclude": ids(ann)})
    assert answer.status_code == 202
    assert {name: answer.json()[name] for name in ("accepted", "rejected")} == {"accepted": 2, "rejected": 0}
    drain()
    rows = Notification.objects.all()
    assert {(row.user_id, row.status) for row in rows} == {
        (ben.id, Status.DELIVERED),
        (eve.id, Status.SUPPRESSED),
    }
    assert {row.request_id for row in rows} == {UUID(answer.json()["job_id"])}
    assert Decision.objects.filter(reason="global_off").count() == 1
    job = as_service.get(f"notifications/bulk/{answer.json()['job_id']}").json()
    assert (job["status"], job["accepted"]) == ("done", 2)
    assert answer["Location"] == f"/api/v1/notifications/bulk/{answer.json()['job_id']}"


def test_only_online_reaches_those_members_who_have_a_socket(as_service: Api, course: Room, ann: User) -> None:
    ben, outsider = (make_user(email=f"{name}@example.com") for name in ("ben", "outsider"))
    store.add(course, [ann.id, ben.id], clock.now())
    in_room(course, ben, outsider)
    assert as_service.post("rooms/course.7/notify", {**WORDS, "only_online": True}).json()["accepted"] == 1
    assert set(Notification.objects.values_list("user_id", flat=True)) == {ben.id}
    volatile.connection().flushdb()
    assert as_service.post("rooms/course.7/notify", {**WORDS, "only_online": True}).json()["accepted"] == 0
    assert Notification.objects.count() == 1


def test_an_open_room_is_told_with_those_who_are_in_it_now(as_service: Api, course: Room, ann: User) -> None:
    guest = make_user(email="guest@example.com")
    store.add(course, [ann.id], clock.now())
    Room.objects.update(rule=Rule.OPEN)
    in_room(course, guest)
    assert as_service.post("rooms/course.7/notify", WORDS).json()["accepted"] == 2
    assert set(Notification.objects.values_list("user_id", flat=True)) == {ann.id, guest.id}


def test_what_cannot_be_sent_to_a_room_stores_nothing(
    as_service: Api, staff: User, course: Room, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(course, [ann.id], clock.now())
    assert as_service.post("rooms/never.was/notify", WORDS).json()["code"] == "room_not_found"
    assert as_service.post("rooms/course.7/notify", {"channel": "in_app"}).status_code in (400, 422)
    assert as_service.post("rooms/course.7/notify", {**WORDS, "template_path": "no.such"}).status_code == 404
    narrow = Api(f"ApiKey {keys.mint(staff, 'narrow', [Permission.SEND_OTHERS]).secret}")
    assert narrow.post("rooms/course.7/notify", WORDS).json()["code"] == "permission_denied"

    def away(users: set[str]) -> dict[str, int]:
        raise redis.ConnectionError

    monkeypatch.setattr(online, "sockets", away)
    assert as_service.post("rooms/course.7/notify", {**WORDS, "only_online": True}).status_code == 503
    as_service.patch("rooms/course.7", {"archived": True})
    assert as_service.post("rooms/course.7/notify", WORDS).json()["code"] == "room_archived"
    assert Notification.objects.count() == 0


def test_a_send_to_ten_thousand_members_costs_a_bounded_number_of_queries(
    as_service: Api, course: Room, ground: None
) -> None:
    crowd = people(10_000)
    store.add(course, [one.id for one in crowd], clock.now())
    with CaptureQueriesContext(connection) as asked:
        answer = as_service.post("rooms/course.7/notify", WORDS, headers={"Idempotency-Key": str(new_id())})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 10_000)
    assert len(asked) < 60
    assert Notification.objects.count() == 10_000


def test_presence_is_mine_to_show_or_hide(as_staff: Api, as_ann: Api, ann: User) -> None:
    assert as_ann.get("presence").json() == {
        "user_id": str(ann.id),
        "online": False,
        "connections": 0,
        "last_seen": None,
        "show_presence": True,
    }
    volatile.connection().sadd(online.processes_key(), "1-test", "2-test")
    for process in ("1-test", "2-test"):
        volatile.connection().hset(online.process_key(process), str(ann.id), 2)
    now = clock.now()
    presence.seen([ann.id, uuid4()], now)
    presence.seen([ann.id], now - timedelta(hours=1))  # told late by another process
    shown = as_ann.patch("presence", {"show_presence": False}).json()
    assert (shown["online"], shown["connections"], shown["show_presence"]) == (True, 4, False)
    assert presence.of(ann.id) == presence.Kept(show=False, last_seen=now)
    assert as_staff.get(f"users/{ann.id}/presence").json() == shown
    assert as_staff.get(f"users/{uuid4()}/presence").status_code == 404
