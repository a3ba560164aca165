"""Ids in paths are taken in small and in capital letters."""

from clarion.records.people.models import User
from tests.conftest import Api


def test_an_id_in_capital_letters_is_the_same_id(as_service: Api, ann: User) -> None:
    small, capital = (as_service.get(f"users/{text}") for text in (str(ann.id), str(ann.id).upper()))
    assert (small.status_code, capital.status_code) == (200, 200)
    assert small.json() == capital.json()
    assert as_service.get(f"users/{str(ann.id).upper()}/").json() == small.json()
    mixed = str(ann.id)[:8].upper() + str(ann.id)[8:]
    assert as_service.get(f"users/{mixed}").json() == small.json()


def test_what_is_no_id_is_not_found(as_service: Api, ground: None) -> None:
    for text in ("x", "0197", str(User().id).replace("-", ""), f"{{{User().id}}}"):
        assert as_service.get(f"users/{text}").status_code == 404
