"""What the gate knows of people: remembered where that pays, and never stale."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.categories.policy import Cap
from clarion.records.ids import new_id
from clarion.records.people import facts
from clarion.records.people.models import Device, Endpoint, User
from clarion.records.preferences import slots, stored
from clarion.records.preferences.models import CategoryPreference, GlobalPreference, SentSlot
from clarion.records.preferences.rules import UNUSED, Used
from clarion.records.suppression import store as suppression
from clarion.records.suppression.addresses import address_of
from clarion.records.suppression.store import Listing
from tests.conftest import Api, make_user


def _facts(user: User) -> facts.PersonFacts:
    category = Category.objects.get(key="orders").id
    return facts.load([user.id], [category])[user.id]


def _wishes(user: User) -> Any:
    return _facts(user).wishes_for(Category.objects.get(key="orders").id)


def _switch_global(user: User) -> None:
    GlobalPreference.objects.create(user=user, channels={"email": False})


def _switch_category(user: User) -> None:
    CategoryPreference.objects.create(user=user, category=Category.objects.get(key="orders"), channels={"sms": False})


def _lose_device(user: User) -> None:
    Device.objects.filter(user=user).update(active=False)


def _lose_endpoint(user: User) -> None:
    Endpoint.objects.filter(user=user, channel="chat").update(active=False)


def _be_listed(user: User) -> None:
    address = address_of(ChannelKey.EMAIL, user.email)
    suppression.suppress([Listing(address=address, reason=Reason.HARD_BOUNCED, source="test", at=clock.now())])


def _move(user: User) -> None:
    User.objects.filter(pk=user.id).update(timezone="Asia/Tokyo")


def _take_a_place(user: User) -> None:
    day = slots.local_day(user.timezone, clock.now())
    SentSlot.objects.create(
        notification_id=new_id(), user=user, category_id=Category.objects.get(key="orders").id, day=day
    )


# each table that the facts are read from: a change in it, and what shows it
WRITERS: dict[str, tuple[Callable[[User], None], Callable[[User], bool]]] = {
    "preferences_global": (_switch_global, lambda user: _wishes(user).channels == {"email": False}),
    "preferences_category": (_switch_category, lambda user: _wishes(user).category_channels == {"sms": False}),
    "people_device": (_lose_device, lambda user: ChannelKey.PUSH not in _facts(user).reachable),
    "people_endpoint": (_lose_endpoint, lambda user: ChannelKey.CHAT not in _facts(user).reachable),
    "suppression_entry": (_be_listed, lambda user: [e.reason for e in _wishes(user).listed] == ["hard_bounced"]),
    "people_user": (_move, lambda user: _wishes(user).zone == "Asia/Tokyo"),
    "preferences_slot": (_take_a_place, lambda user: _wishes(user).used == Used(1, 1)),
}


@pytest.mark.parametrize("table", WRITERS)
def test_a_change_is_seen_at_once_whatever_was_remembered(ground: None, settings: LazySettings, table: str) -> None:
    settings.USER_CAP = Cap(per_day=3)
    ann, other = make_user(), make_user()
    change, shows = WRITERS[table]
    before = _wishes(ann)
    assert not shows(ann)
    assert not shows(other)
    change(ann)
    assert shows(ann)
    assert not shows(other)
    assert before == _wishes(other)  # a value that was handed out does not change


def test_every_table_that_the_facts_are_read_from_is_among_those() -> None:
    read = set(re.findall(r"(?:FROM|JOIN) ([a-z]+_[a-z]+)", facts._LOAD))
    assert read == set(WRITERS)


def test_people_who_set_the_same_share_their_wishes_and_the_memory_is_bounded(ground: None) -> None:
    people = [make_user() for _ in range(3)]
    for user in people[:2]:
        _switch_global(user)
    found = facts.load([user.id for user in people], [])
    first, second, third = (found[user.id].wishes for user in people)
    assert first is second
    assert third is not first
    assert stored.wishes.cache_info().maxsize == stored.ALIKE


def test_what_is_counted_is_read_only_where_a_cap_can_speak(ground: None, settings: LazySettings) -> None:
    ann = make_user()
    _take_a_place(ann)
    assert _wishes(ann).used == UNUSED
    GlobalPreference.objects.create(user=ann, max_per_day=2)
    found = _wishes(ann)
    assert (found.used, found.category_used, found.max_per_day) == (Used(1, 1), Used(1, 1), 2)
    with clock.standing_at(clock.now() + timedelta(days=8)):
        assert _wishes(ann).used == Used(0, 0)


def test_a_switch_of_a_category_is_seen_at_once_where_it_was_made(as_staff: Api, as_ann: Api) -> None:
    key = Category.objects.get(key="orders").id
    as_ann.get("preferences")
    as_staff.patch(f"categories/{key}", {"default_enabled": False})
    shown = as_ann.get("preferences?category=orders").json()["effective"]["categories"]["orders"]
    assert shown["email_enabled"] == {"value": False, "from": "category", "rule": "category"}
