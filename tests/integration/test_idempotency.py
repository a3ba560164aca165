"""`Idempotency-Key` on every POST: one effect, one answer, nothing in the clear, nothing pinned that did nothing."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from clarion.flows.ingest import flow
from clarion.records.access.keys import mint
from clarion.records.access.models import ApiKey
from clarion.records.access.permissions import Permission
from clarion.records.categories.models import Category
from clarion.records.ledger.models import IdempotencyKey, Notification
from clarion.records.people.models import User
from clarion.surfaces.api.endpoint import Open
from clarion.surfaces.api.urls import ROUTES
from tests.conftest import Api, make_user
from tests.integration.api_document import document, refused, template_of, watch

INLINE = {"subject": "Hi", "body": "Hello", "channel": "email"}
KEY = {"Idempotency-Key": "key-1"}
# they change nothing; what anyone may call has no caller whose key it could be
WITHOUT_A_KEY = {
    "auth/register",
    "auth/login",
    "auth/refresh",
    "templates/validate",
    "templates/<uuid:id>/validate",
    "templates/preview",
    "templates/<uuid:id>/preview",
    "ws/tickets",
    "notifications/explain",
    "providers/<str:name>/probe",
    "suppressions/lookup",
    "users/<uuid:user_id>/endpoints/<uuid:id>/ping",
}


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def test_every_post_that_changes_something_takes_a_key_and_says_so() -> None:
    posts = {route: view.post.operation for route, view in ROUTES.items() if hasattr(view, "post")}  # type: ignore[attr-defined]
    without = {route for route, declared in posts.items() if not declared.idempotent_key}
    assert without == WITHOUT_A_KEY | {route for route, one in posts.items() if one.permission is Open.ANYONE}
    for route in posts:
        described = document()["paths"][template_of(f"api/v1/{route}")]["post"]
        named = {p["name"] for p in described.get("parameters", []) if p["in"] == "header"}
        assert named == (set() if route in without else {"Idempotency-Key"}), route
    others = [
        getattr(view, m).operation for view in ROUTES.values() for m in ("get", "put", "patch") if hasattr(view, m)
    ]
    assert not any(declared.idempotent_key for declared in others)


def test_a_key_pins_what_any_post_did(as_service: Api) -> None:
    body = {"key": "news", "name": "News"}
    first = as_service.post("categories", body, headers=KEY)
    again = as_service.post("categories/", body, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert Category.objects.filter(key="news").count() == 1
    refused(as_service.post("categories", body), 409, "category_exists", "/key")


def test_a_key_is_of_one_path_and_body(as_service: Api, ann: User) -> None:
    as_service.post("categories", {"key": "news", "name": "News"}, headers=KEY)
    refused(as_service.post("categories", {"key": "new", "name": "News"}, headers=KEY), 422, "key_reused")
    refused(as_service.post("notifications/send", {**INLINE, "user_id": str(ann.id)}, headers=KEY), 422, "key_reused")
    one, two = (as_service.post("notifications/send", {**INLINE, "user_id": str(ann.id)}).json()["id"] for _ in "12")
    cancelled = as_service.post(f"notifications/{one}/cancel", headers={"Idempotency-Key": "c"})
    assert cancelled.status_code == 200
    refused(as_service.post(f"notifications/{two}/cancel", headers={"Idempotency-Key": "c"}), 422, "key_reused")
    again = as_service.post(f"notifications/{one}/cancel", headers={"Idempotency-Key": "c"})
    assert (again.status_code, again.json()["status"]) == (200, "cancelled"), "without the key it would be 409"


def test_a_refusal_pins_nothing_and_leaves_nothing(as_service: Api) -> None:
    refused(as_service.post("categories", {"key": "general", "name": "x"}, headers=KEY), 409, "category_exists")
    refused(as_service.post("categories", {"key": "X y", "name": "x"}, headers=KEY), 422, "invalid_input", "/key")
    assert IdempotencyKey.objects.count() == 0
    assert as_service.post("categories", {"key": "fresh", "name": "x"}, headers=KEY).status_code == 201


def test_a_bug_pins_nothing_and_undoes_what_was_done(
    as_service: Api, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "Receipt", None)
    body = {**INLINE, "user_id": str(ann.id)}
    client = as_service._client
    bug = client.post("/api/v1/notifications/send", body, "application/json", headers={**as_service._headers, **KEY})
    assert bug.status_code == 500
    assert (IdempotencyKey.objects.count(), Notification.objects.count()) == (0, 0)
    monkeypatch.undo()
    assert as_service.post("notifications/send", body, headers=KEY).status_code == 201


def test_an_answer_with_a_secret_is_given_again_and_never_stored_in_the_clear(as_service: Api) -> None:
    body = {"name": "shop", "scopes": ["send"]}
    before = ApiKey.objects.count()
    first = as_service.post("api-keys", body, headers=KEY)
    again = as_service.post("api-keys", body, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert ApiKey.objects.count() == before + 1
    secret = next(value for value in first.json().values() if str(value).startswith("clrn_"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT i::text, encode(answer_sealed, 'escape') FROM ledger_idempotency i")
        stored = str(cursor.fetchall())
    assert secret not in stored
    assert secret.encode().hex() not in stored
    assert secret[-20:] not in stored


def test_the_hash_of_a_password_is_keyed(as_ann: Api, ann: User) -> None:
    ann.set_password("correct horse battery")
    ann.save()
    body = {"current_password": "correct horse battery", "new_password": "wrong donkey charger"}
    assert as_ann.post("auth/password", body, headers=KEY).status_code == 200
    stored = bytes(IdempotencyKey.objects.get().request_hash)
    for request in (json.dumps(body), f"POST\0/api/v1/auth/password\0{json.dumps(body)}"):
        assert stored != hashlib.sha256(request.encode()).digest()


def test_an_answer_whose_key_is_gone_is_told_and_nothing_is_done_twice(
    as_service: Api, ann: User, settings: Any
) -> None:
    body = {**INLINE, "user_id": str(ann.id)}
    assert as_service.post("notifications/send", body, headers=KEY).status_code == 201
    IdempotencyKey.objects.update(answer_sealed=b"\x01" + b"x" * 60)
    refused(as_service.post("notifications/send", body, headers=KEY), 409, "answer_lost")
    assert Notification.objects.count() == 1


def test_callers_at_the_same_time_make_one(real_ground: None) -> None:
    authorization = f"ApiKey {mint(make_user(is_staff=True), 'k', [Permission.STAFF]).secret}"
    start = Barrier(6)

    def make(_: int) -> tuple[int, str, str]:
        start.wait()
        try:
            answer = Api(authorization).post("users", {"external_id": "u-1"}, headers=KEY)
            return answer.status_code, answer.json().get("code", ""), answer.json().get("id", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(make, range(6)))
    assert {(status, code) for status, code, _ in answers} <= {(201, ""), (409, "still_running")}
    made = {identifier for _, _, identifier in answers if identifier}
    assert made == {str(User.objects.get(external_id="u-1").id)}
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
def test_a_bad_key_is_refused_everywhere(as_service: Api, key: str) -> None:
    answer = as_service.post("categories", {"key": "news", "name": "N"}, headers={"Idempotency-Key": key})
    refused(answer, 422, "invalid_idempotency_key")
    assert not Category.objects.filter(key="news").exists()
    assert as_service.post(f"dead-letters/{uuid4()}/discard", headers={"Idempotency-Key": key}).status_code == 422
