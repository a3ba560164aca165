"""API keys: what one may do, how long it is good, and that its secret is nowhere."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from clarion.records import clock
from clarion.records.access import keys
from clarion.records.access.models import ApiKey
from clarion.records.access.permissions import Permission
from clarion.records.people.models import User
from clarion.surfaces.api.authentication import memory
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _make(api: Api, scopes: list[str], **more: Any) -> dict[str, Any]:
    answer = api.post("api-keys", {"name": "shop", "scopes": scopes, **more})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def _with(secret: str) -> Api:
    memory.clear()  # else a remembered answer would hide a change
    return Api(f"ApiKey {secret}")


def test_a_key_acts_for_its_maker_within_its_scopes(as_staff: Api, staff: User) -> None:
    made = _make(as_staff, ["templates"])
    key = _with(made["key"])
    refused(key.get("me"), 403, "permission_denied")
    assert _with(_make(as_staff, ["staff"])["key"]).get("me").json()["id"] == str(staff.id)
    key = _with(made["key"])
    assert key.get("templates").status_code == 200
    refused(key.get("users"), 403, "permission_denied")
    refused(key.post("notifications/send", {"subject": "a", "body": "b"}), 403, "permission_denied")


def test_a_key_may_not_do_more_than_its_maker(as_ann: Api) -> None:
    for scopes in (["staff"], ["send", "bypass"], [str(p) for p in Permission]):
        refused(as_ann.post("api-keys", {"name": "big", "scopes": scopes}), 403, "permission_denied")
    assert ApiKey.objects.count() == 0
    assert _make(as_ann, ["send"])["scopes"] == ["send"]


def test_a_key_loses_what_its_maker_loses(ann: User, as_ann: Api) -> None:
    secret = _make(as_ann, ["send"])["key"]
    assert _with(secret).get("notifications").status_code == 200
    User.objects.filter(pk=ann.id).update(permissions=[])
    refused(_with(secret).get("notifications"), 403, "permission_denied")
    User.objects.filter(pk=ann.id).update(is_active=False)
    refused(_with(secret).get("categories"), 401, "invalid_api_key")


def test_a_key_of_one_who_holds_staff_as_a_permission_keeps_its_scopes(ground: None) -> None:
    boss = make_user(permissions=["staff"])
    secret = _make(api_as(boss), ["send", "templates"])["key"]
    assert _with(secret).get("templates").status_code == 200
    refused(_with(secret).get("users"), 403, "permission_denied")


def test_a_small_key_cannot_take_over_a_big_one_of_the_same_person(as_staff: Api) -> None:
    big = _make(as_staff, ["staff"])
    small = _with(_make(as_staff, ["send"])["key"])
    refused(small.post(f"api-keys/{big['id']}/rotate"), 403, "permission_denied")
    refused(small.delete(f"api-keys/{big['id']}"), 403, "permission_denied")
    refused(small.post("api-keys", {"name": "x", "scopes": ["staff"]}), 403, "permission_denied")
    assert _with(big["key"]).get("users").status_code == 200
    row = ApiKey.objects.get(pk=big["id"])
    assert (row.previous_hash, row.revoked_at) == (None, None)


def test_the_secret_is_shown_once_and_stored_nowhere(as_staff: Api) -> None:
    made = _make(as_staff, ["send"])
    rotated = as_staff.post(f"api-keys/{made['id']}/rotate").json()
    listed = as_staff.get("api-keys")
    assert [k["key"] for k in listed.json()["results"]] == [None]
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(k)::text FROM access_apikey k")
        stored = cursor.fetchone()[0]
    for secret in (made["key"], rotated["key"]):
        assert secret.startswith(f"clrn_{made['prefix']}_")
        own = secret.split("_", 2)[2]
        assert own not in stored
        assert own.encode().hex() not in stored
        assert own.encode() not in listed.content


def test_after_a_rotation_both_secrets_work_until_the_overlap_ends(as_staff: Api) -> None:
    old = _make(as_staff, ["send"])
    new = as_staff.post(f"api-keys/{old['id']}/rotate", {"overlap_seconds": 60}).json()
    assert new["key"] != old["key"]
    assert new["previous_until"] is not None
    for secret in (old["key"], new["key"]):
        assert _with(secret).get("categories").status_code == 200
    later = clock.now() + timedelta(seconds=61)
    assert keys.caller_for(old["key"], later) is None
    assert keys.caller_for(new["key"], later) is not None


def test_a_rotation_without_overlap_ends_the_old_secret(as_staff: Api) -> None:
    old = _make(as_staff, ["send"])
    as_staff.post(f"api-keys/{old['id']}/rotate", {"overlap_seconds": 0})
    refused(_with(old["key"]).get("categories"), 401, "invalid_api_key")


@pytest.mark.parametrize("overlap", [-1, 2_592_001, "1", 1.5, None, 10**30])
def test_an_absurd_overlap_is_refused(as_staff: Api, overlap: object) -> None:
    made = _make(as_staff, ["send"])
    answer = as_staff.post(f"api-keys/{made['id']}/rotate", {"overlap_seconds": overlap})
    refused(answer, 422, "invalid_input", "/overlap_seconds")
    assert ApiKey.objects.get().previous_hash is None


def test_a_key_expires(as_staff: Api) -> None:
    soon = clock.now() + timedelta(minutes=5)
    made = _make(as_staff, ["send"], expires_at=soon.isoformat())
    assert keys.caller_for(made["key"], soon - timedelta(seconds=1)) is not None
    assert keys.caller_for(made["key"], soon) is None
    past = (clock.now() - timedelta(seconds=1)).isoformat()
    refused(
        as_staff.post("api-keys", {"name": "x", "scopes": ["send"], "expires_at": past}),
        422,
        "already_expired",
        "/expires_at",
    )
    naive = as_staff.post("api-keys", {"name": "x", "scopes": ["send"], "expires_at": "2030-01-01T00:00:00"})
    refused(naive, 422, "invalid_input", "/expires_at")
    assert ApiKey.objects.count() == 1


def test_a_key_made_by_a_key_does_not_outlive_it(as_staff: Api) -> None:
    soon = (clock.now() + timedelta(minutes=5)).replace(microsecond=0)
    lasting = _make(as_staff, ["send"])
    made = _make(as_staff, ["staff"], expires_at=soon.isoformat())
    key = _with(made["key"])
    later = {"name": "x", "scopes": ["send"], "expires_at": (soon + timedelta(seconds=1)).isoformat()}
    refused(key.post("api-keys", later), 403, "outlives_maker")
    refused(key.post(f"api-keys/{lasting['id']}/rotate"), 403, "outlives_maker")
    assert ApiKey.objects.count() == 2
    assert ApiKey.objects.get(pk=lasting["id"]).previous_hash is None
    child = _make(key, ["staff"])
    assert ApiKey.objects.get(pk=child["id"]).expires_at == soon
    assert ApiKey.objects.get(pk=_make(_with(child["key"]), ["send"])["id"]).expires_at == soon
    assert key.post(f"api-keys/{made['id']}/rotate").status_code == 200
    assert _make(as_staff, ["send"])["expires_at"] is None


def test_a_revoked_key_is_refused_and_stays_in_the_list(as_staff: Api) -> None:
    made = _make(as_staff, ["send"])
    assert as_staff.delete(f"api-keys/{made['id']}").status_code == 204
    refused(_with(made["key"]).get("categories"), 401, "invalid_api_key")
    refused(as_staff.delete(f"api-keys/{made['id']}"), 404, "api_key_not_found")
    refused(as_staff.post(f"api-keys/{made['id']}/rotate"), 404, "api_key_not_found")
    assert as_staff.get("api-keys").json()["results"][0]["revoked_at"] is not None


def test_the_last_use_is_noted_to_the_minute(as_staff: Api) -> None:
    made = _make(as_staff, ["send"])
    assert made["last_used_at"] is None
    _with(made["key"]).get("categories")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    _with(made["key"]).get("categories")
    assert ApiKey.objects.get().last_used_at == first
    keys.caller_for(made["key"], first + timedelta(seconds=61))
    assert ApiKey.objects.get().last_used_at == first + timedelta(seconds=61)


def test_other_peoples_keys_are_not_there(as_staff: Api, as_ann: Api) -> None:
    made = _make(as_ann, ["send"])
    assert as_staff.get("api-keys").json()["results"] == []
    refused(as_staff.delete(f"api-keys/{made['id']}"), 404, "api_key_not_found")
    refused(as_staff.post(f"api-keys/{made['id']}/rotate"), 404, "api_key_not_found")
    assert _with(made["key"]).get("categories").status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"scopes": ["send"]}, "/name"),
        ({"name": "", "scopes": ["send"]}, "/name"),
        ({"name": "x", "scopes": []}, "/scopes"),
        ({"name": "x", "scopes": ["fly"]}, "/scopes/0"),
        ({"name": "x", "scopes": "send"}, "/scopes"),
        ({"name": "x" * 256, "scopes": ["send"]}, "/name"),
    ],
)
def test_a_malformed_key_is_not_made(as_staff: Api, body: dict[str, Any], pointer: str) -> None:
    refused(as_staff.post("api-keys", body), 422, "invalid_input", pointer)
    assert ApiKey.objects.count() == 0


def test_there_is_a_bound_on_keys(as_ann: Api, ann: User) -> None:
    for number in range(100):
        keys.mint(ann, f"key {number}", [Permission.SEND])
    refused(as_ann.post("api-keys", {"name": "one more", "scopes": ["send"]}), 409, "too_many_keys")
    assert ApiKey.objects.count() == 100
