"""Personal data at rest: sealing, place binding, rotation while somebody else writes."""

import threading
from base64 import urlsafe_b64encode
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from clarion.records.people.models import Device, User
from clarion.records.personal import rotation
from clarion.records.personal.envelope import InvalidKey, KeyRing, Undecryptable, place_of
from clarion.records.personal.ring import ring
from tests.conftest import Api, make_user

OLD = urlsafe_b64encode(b"o" * 32).decode()
NEW = urlsafe_b64encode(b"n" * 32).decode()


@given(st.binary(max_size=500), st.text(max_size=30), st.text(max_size=30))
def test_what_is_sealed_opens_in_its_place_only(plain: bytes, here: str, elsewhere: str) -> None:
    keys = KeyRing(OLD)
    sealed = keys.seal(plain, place_of("t", here, "c"))
    assert keys.open(sealed, place_of("t", here, "c")) == plain
    if here != elsewhere:
        with pytest.raises(Undecryptable):
            keys.open(sealed, place_of("t", elsewhere, "c"))


@given(st.integers(min_value=0, max_value=60), st.integers(min_value=1, max_value=255))
def test_a_flipped_byte_is_noticed(position: int, change: int) -> None:
    keys = KeyRing(OLD)
    sealed = bytearray(keys.seal(b"some plain text that is long", b"place"))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(Undecryptable):
        keys.open(bytes(sealed), b"place")


def test_a_key_that_left_the_ring_is_named_as_the_reason() -> None:
    sealed = KeyRing(OLD).seal(b"x", b"p")
    assert KeyRing(f"{NEW},{OLD}").open(sealed, b"p") == b"x"
    with pytest.raises(Undecryptable, match="not in CLARION_ENCRYPTION_KEYS"):
        KeyRing(NEW).open(sealed, b"p")


@pytest.mark.parametrize("keys", ["", " , ", "short", "x" * 43 + "!", f"{OLD},{OLD}"])
def test_a_ring_that_cannot_be_used_is_refused(keys: str) -> None:
    with pytest.raises(InvalidKey):
        KeyRing(keys)


def test_an_address_is_found_whatever_its_case(ground: None) -> None:
    user = make_user(email="Ann.Abel@Example.com")
    assert User.objects.with_email("ann.abel@example.com").get() == user
    assert User.objects.get(pk=user.pk).email == "Ann.Abel@example.com"


def test_a_value_moved_to_another_row_does_not_open(ground: None) -> None:
    one, other = make_user(), make_user()
    User.objects.filter(pk=other.pk).update(email_sealed=one.email_sealed)
    with pytest.raises(Undecryptable):
        _ = User.objects.get(pk=other.pk).email


def test_rotation_reseals_all_under_load_and_loses_nothing(real_ground: None, settings: Any) -> None:
    people = [make_user(email=f"p{n}@example.com") for n in range(40)]
    settings.ENCRYPTION_KEYS = f"{NEW},{settings.ENCRYPTION_KEYS}"
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            for person in people[:5]:
                row = User.objects.get(pk=person.pk)
                row.phone = "+255754000111"
                row.save()
        connection.close()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        undecryptable = sum(p.undecryptable for p in rotation.rotate(ring()))
    finally:
        stop.set()
        writer.join()
    undecryptable += sum(p.undecryptable for p in rotation.rotate(ring()))
    assert undecryptable == 0
    settings.ENCRYPTION_KEYS = NEW
    for number, person in enumerate(people):
        row = User.objects.get(pk=person.pk)
        assert row.email == f"p{number}@example.com"
        assert User.objects.with_email(row.email).get() == row, "the lookup hash moved along"
        assert Device.objects.get(user=person).token == f"token-{person.id}"
    assert list(rotation.rotate(ring())) == []


def test_an_upsert_during_a_rotation_makes_no_second_person_with_an_address(
    as_staff: Api, ann: User, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = f"{NEW},{settings.ENCRYPTION_KEYS}"
    given = [{"external_id": "other", "email": "ANN@example.com"}, {"external_id": "ann", "email": "ann@example.com"}]
    answer = as_staff.post("users/bulk", {"users": given}).json()
    assert (answer["ids"], [e["code"] for e in answer["errors"]]) == ([None, str(ann.id)], ["email_taken"])
    assert [u.external_id for u in User.objects.with_email("ann@example.com")] == ["ann"]
    assert [p.colliding for p in rotation.rotate(ring()) if p.colliding] == []


def test_rotation_leaves_an_address_stored_twice_where_it_is_names_it_and_goes_on(ground: None, settings: Any) -> None:
    people = [make_user(email=f"p{n}@example.com") for n in range(5)]
    old = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = f"{NEW},{old}"
    twin = User(password="!")
    twin.email = "p2@example.com"  # past the directory, which refuses it
    twin.save()
    progress = list(rotation.rotate(ring()))
    assert [p.colliding for p in progress if p.colliding] == [(people[2].id,)]
    assert sum(p.resealed for p in progress if p.column == "email_sealed") == 4
    left = User.objects.get(pk=people[2].pk)
    assert (left.email, ring().is_newest(bytes(left.email_sealed or b""))) == ("p2@example.com", False)
    with pytest.raises(CommandError, match="Not all is sealed"):
        call_command("rotate_keys", stdout=StringIO(), stderr=StringIO())
    twin.delete()
    call_command("rotate_keys", stdout=StringIO(), stderr=StringIO())
    settings.ENCRYPTION_KEYS = NEW
    assert User.objects.with_email("p2@example.com").get() == people[2]


def test_rotation_counts_what_it_cannot_open(ground: None, settings: Any) -> None:
    make_user()
    settings.ENCRYPTION_KEYS = NEW
    progress = list(rotation.rotate(ring()))
    assert sum(p.undecryptable for p in progress) > 0
    assert sum(p.resealed for p in progress) == 0
