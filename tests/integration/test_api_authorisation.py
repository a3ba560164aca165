"""The matrix: every route and method × every kind of caller. A route that is not in the table fails."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from clarion.records import clock
from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.records.people.models import User
from clarion.surfaces.api.urls import ROUTES
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import watch

ANYONE, ANY_CALLER, SIGNED_IN = "anyone", "any_caller", "signed_in"
EXPECTED = {
    "auth/register": {"post": ANYONE},
    "auth/login": {"post": ANYONE},
    "auth/refresh": {"post": ANYONE},
    "auth/password": {"post": SIGNED_IN},
    "core/health": {"get": ANYONE},
    "sms/usage": {"get": "analytics"},
    "push/webpush-key": {"get": ANYONE},
    "api-keys": {"get": SIGNED_IN, "post": SIGNED_IN},
    "api-keys/<uuid:id>": {"delete": SIGNED_IN},
    "api-keys/<uuid:id>/rotate": {"post": SIGNED_IN},
    "me": {"get": SIGNED_IN, "patch": SIGNED_IN},
    "users": {"get": "staff", "post": "staff"},
    "users/bulk": {"post": "staff"},
    "users/<uuid:id>": {"get": "staff", "patch": "staff", "delete": "staff"},
    "users/<uuid:user_id>/devices": {"get": SIGNED_IN, "post": SIGNED_IN},
    "users/<uuid:user_id>/devices/<uuid:id>": {"delete": SIGNED_IN},
    "users/<uuid:user_id>/endpoints": {"get": SIGNED_IN, "post": SIGNED_IN},
    "users/<uuid:user_id>/endpoints/<uuid:id>": {"get": SIGNED_IN, "patch": SIGNED_IN, "delete": SIGNED_IN},
    "users/<uuid:user_id>/endpoints/<uuid:id>/rotate-secret": {"post": SIGNED_IN},
    "users/<uuid:user_id>/endpoints/<uuid:id>/ping": {"post": SIGNED_IN},
    "users/<uuid:user_id>/endpoints/<uuid:id>/deliveries": {"get": SIGNED_IN},
    "users/<uuid:user_id>/endpoints/<uuid:id>/resend": {"post": SIGNED_IN},
    "users/<uuid:user_id>/explain": {"get": SIGNED_IN},
    "users/<uuid:user_id>/preferences": {"get": SIGNED_IN, "put": SIGNED_IN, "patch": SIGNED_IN},
    "users/<uuid:user_id>/preferences/history": {"get": SIGNED_IN},
    "preferences": {"get": SIGNED_IN, "put": SIGNED_IN, "patch": SIGNED_IN},
    "preferences/history": {"get": SIGNED_IN},
    "preferences/withheld": {"get": SIGNED_IN},
    "preferences/import": {"post": Permission.STAFF},
    "brand": {"get": "templates", "put": "staff"},
    "preferences/unsubscribe": {"get": ANYONE, "post": ANYONE},
    "consents": {"get": SIGNED_IN, "post": SIGNED_IN},
    "consents/history": {"get": SIGNED_IN},
    "consents/import": {"post": "staff"},
    "users/<uuid:user_id>/consents": {"get": SIGNED_IN, "post": SIGNED_IN},
    "users/<uuid:user_id>/consents/history": {"get": SIGNED_IN},
    "consent-texts": {"get": ANY_CALLER, "post": "staff"},
    "consent-texts/<uuid:id>": {"patch": "staff"},
    "consent-texts/<uuid:id>/publish": {"post": "staff"},
    "lists": {"get": "staff", "post": "staff"},
    "lists/<str:key>": {"get": "staff", "patch": "staff"},
    "lists/<str:key>/subscribe": {"post": ANYONE},
    "lists/<str:key>/unsubscribe": {"post": SIGNED_IN},
    "rooms": {"get": SIGNED_IN, "post": "staff"},
    "rooms/<str:key>": {"get": SIGNED_IN, "patch": "staff", "delete": "staff"},
    "rooms/<str:key>/online": {"get": SIGNED_IN},
    "rooms/<str:key>/members": {"get": "staff", "put": "staff"},
    "rooms/<str:key>/members/remove": {"post": "staff"},
    "rooms/<str:key>/members/<uuid:user_id>": {"put": "staff", "delete": "staff"},
    "rooms/<str:key>/notify": {"post": "bulk"},
    "presence": {"get": SIGNED_IN, "patch": SIGNED_IN},
    "users/<uuid:user_id>/presence": {"get": "staff"},
    "categories": {"get": ANY_CALLER, "post": "staff"},
    "categories/<int:id>": {"get": ANY_CALLER, "patch": "staff"},
    "templates": {"get": "templates", "post": "templates"},
    "templates/validate": {"post": "templates"},
    "templates/preview": {"post": "templates"},
    "templates/<uuid:id>": {"get": "templates", "put": "templates", "delete": "templates"},
    "templates/translations": {"get": "templates"},
    "templates/<uuid:id>/versions": {"get": "templates"},
    "templates/<uuid:id>/versions/<int:number>": {"get": "templates"},
    "templates/<uuid:id>/versions/<int:number>/discard": {"post": "templates"},
    "templates/<uuid:id>/publish": {"post": "templates"},
    "templates/<uuid:id>/rollback": {"post": "templates"},
    "templates/<uuid:id>/diff": {"get": "templates"},
    "templates/<uuid:id>/archive": {"post": "templates"},
    "templates/<uuid:id>/restore": {"post": "templates"},
    "templates/<uuid:id>/translations": {"get": "templates"},
    "templates/<uuid:id>/validate": {"post": "templates"},
    "templates/<uuid:id>/preview": {"post": "templates"},
    "templates/<uuid:id>/test": {"post": "templates"},
    "notifications": {"get": "send", "post": "send"},
    "notifications/send": {"post": "send"},
    "notifications/test": {"post": "send"},
    "notifications/explain": {"post": "send"},
    "notifications/<uuid:id>": {"get": "send", "patch": "send"},
    "notifications/<uuid:id>/status": {"get": "send"},
    "notifications/<uuid:id>/cancel": {"post": "send"},
    "notifications/<uuid:id>/explain": {"get": "send"},
    "notifications/bulk": {"post": "bulk"},
    "notifications/bulk/send": {"post": "bulk"},
    "notifications/bulk/upload": {"post": "bulk"},
    "notifications/bulk/<uuid:id>": {"get": "bulk"},
    "notifications/bulk/<uuid:id>/cancel": {"post": "bulk"},
    "notifications/unread": {"get": SIGNED_IN},
    "notifications/<uuid:id>/read": {"post": SIGNED_IN},
    "notifications/<uuid:id>/recall": {"post": "send"},
    "notifications/<uuid:id>/content": {"patch": "send"},
    "ws/tickets": {"post": SIGNED_IN},
    "inbox": {"get": SIGNED_IN},
    "inbox/unread-count": {"get": SIGNED_IN},
    "inbox/read-all": {"post": SIGNED_IN},
    "inbox/seen-all": {"post": SIGNED_IN},
    "inbox/<uuid:id>": {"get": SIGNED_IN},
    "inbox/<uuid:id>/read": {"post": SIGNED_IN},
    "inbox/<uuid:id>/unread": {"post": SIGNED_IN},
    "inbox/<uuid:id>/archive": {"post": SIGNED_IN},
    "inbox/<uuid:id>/restore": {"post": SIGNED_IN},
    "inbox/<uuid:id>/snooze": {"post": SIGNED_IN, "delete": SIGNED_IN},
    "inbox/<uuid:id>/actions/<str:key>": {"post": SIGNED_IN},
    "inbox/<uuid:id>/dismiss": {"post": SIGNED_IN},
    "dead-letters": {"get": "staff"},
    "dead-letters/replay": {"post": "staff"},
    "dead-letters/discard": {"post": "staff"},
    "dead-letters/<uuid:id>": {"get": "staff"},
    "dead-letters/<uuid:id>/replay": {"post": "staff"},
    "dead-letters/<uuid:id>/discard": {"post": "staff"},
    "providers": {"get": "staff", "post": "staff"},
    "providers/<str:name>": {"get": "staff", "patch": "staff", "delete": "staff"},
    "providers/<str:name>/pause": {"post": "staff"},
    "providers/<str:name>/resume": {"post": "staff"},
    "providers/<str:name>/probe": {"post": "staff"},
    "providers/<str:name>/rotate-callback": {"post": "staff"},
    "callbacks": {"get": "staff"},
    "callbacks/replay": {"post": "staff"},
    "suppressions": {"get": "staff", "post": "staff"},
    "suppressions/lookup": {"post": "staff"},
    "suppressions/import": {"post": "staff"},
    "suppressions/export": {"get": "staff"},
    "suppressions/<uuid:id>": {"get": "staff"},
    "suppressions/<uuid:id>/lift": {"post": "staff"},
    "hooks/<str:provider>/<str:token>": {"get": ANYONE, "post": ANYONE},
}
METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [(route, method) for route, methods in EXPECTED.items() for method in methods]
CALLERS = ["anonymous", "nobody special", "ordinary", "staff", *(f"key {p}" for p in Permission)]


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def test_every_route_and_method_has_an_expectation() -> None:
    there = {route: {m for m in METHODS if hasattr(view, m)} for route, view in ROUTES.items()}
    assert there == {route: set(methods) for route, methods in EXPECTED.items()}


def test_what_an_operation_declares_is_what_is_expected() -> None:
    declared = {(route, m): str(getattr(ROUTES[route], m).operation.permission) for route, m in OPERATIONS}
    assert declared == {(route, m): EXPECTED[route][m] for route, m in OPERATIONS}


def _held(caller: str) -> set[str]:
    kind, _, scope = caller.partition(" ")
    if caller == "staff" or scope == "staff":
        return {*Permission, ANY_CALLER, SIGNED_IN}
    if kind == "key":
        return {scope, ANY_CALLER}
    return {"send", ANY_CALLER, SIGNED_IN} if caller == "ordinary" else {ANY_CALLER, SIGNED_IN}


def _api(caller: str) -> Api:
    kind, _, scope = caller.partition(" ")
    if caller == "anonymous":
        return Api()
    if kind == "key":
        boss = make_user(is_staff=True)
        return Api(f"ApiKey {keys.mint(boss, caller, [Permission(scope)]).secret}")
    return api_as(make_user(is_staff=caller == "staff", permissions=["send"] if caller == "ordinary" else []))


def _filled(route: str, **given: object) -> str:
    def value(match: re.Match[str]) -> str:
        kind, name = match[1], match[2]
        return str(given.get(name) or {"uuid": uuid4(), "int": 999_999, "str": "email.nobody"}[kind])

    return re.sub(r"<(\w+):(\w+)>", value, route)


@pytest.mark.parametrize("caller", CALLERS)
def test_nobody_gets_further_than_the_permission_allows(ground: None, caller: str) -> None:
    api, held = _api(caller), _held(caller)
    for route, method in OPERATIONS:
        needed = EXPECTED[route][method]
        answer = api.call(method, _filled(route), body=None if method == "get" else {})
        content = getattr(answer, "content", b"")  # a file comes in pieces
        where = (caller, method, route, content[:200])
        code = answer.json().get("code", "") if content else ""
        if needed == ANYONE:
            assert code not in ("not_authenticated", "permission_denied"), where
        elif caller == "anonymous":
            assert (answer.status_code, code) == (401, "not_authenticated"), where
        elif needed in held:
            assert answer.status_code in (200, 201, 204, 404, 409, 415, 422), where
        else:
            assert (answer.status_code, code) == (403, "permission_denied"), where


# --- other people's things

FOREIGN = {
    "users/<uuid:user_id>/devices": ("get", "post"),
    "users/<uuid:user_id>/devices/<uuid:id>": ("delete",),
    "users/<uuid:user_id>/endpoints": ("get", "post"),
    "users/<uuid:user_id>/endpoints/<uuid:id>/rotate-secret": ("post",),
    "users/<uuid:user_id>/endpoints/<uuid:id>/ping": ("post",),
    "users/<uuid:user_id>/endpoints/<uuid:id>/deliveries": ("get",),
    "users/<uuid:user_id>/endpoints/<uuid:id>/resend": ("post",),
    "users/<uuid:user_id>/endpoints/<uuid:id>": ("get", "patch", "delete"),
    "users/<uuid:user_id>/explain": ("get",),
    "users/<uuid:user_id>/preferences": ("get", "put", "patch"),
    "users/<uuid:user_id>/preferences/history": ("get",),
    "users/<uuid:user_id>/consents": ("get", "post"),
    "users/<uuid:user_id>/consents/history": ("get",),
    "notifications/<uuid:id>": ("get", "patch"),
    "notifications/<uuid:id>/explain": ("get",),
    "notifications/<uuid:id>/status": ("get",),
    "notifications/<uuid:id>/cancel": ("post",),
    "notifications/<uuid:id>/read": ("post",),
    "inbox/<uuid:id>": ("get",),
    "inbox/<uuid:id>/read": ("post",),
    "inbox/<uuid:id>/unread": ("post",),
    "inbox/<uuid:id>/archive": ("post",),
    "inbox/<uuid:id>/restore": ("post",),
    "inbox/<uuid:id>/snooze": ("post", "delete"),
    "inbox/<uuid:id>/actions/<str:key>": ("post",),
    "inbox/<uuid:id>/dismiss": ("post",),
    "api-keys/<uuid:id>": ("delete",),
    "api-keys/<uuid:id>/rotate": ("post",),
    "notifications/<uuid:id>/content": ("patch",),
    "notifications/<uuid:id>/recall": ("post",),
}
BODIES: dict[str, Any] = {
    "users/<uuid:user_id>/devices": {"platform": "ios", "token": "stolen-token"},
    "users/<uuid:user_id>/endpoints": {"channel": "chat", "target": "C9999999999"},
    "users/<uuid:user_id>/endpoints/<uuid:id>/resend": {"missed_since": "2026-11-20T00:00:00Z"},
    "users/<uuid:user_id>/preferences": {"global": {"notifications_enabled": False}},
    "users/<uuid:user_id>/consents": {"purpose": "marketing", "given": True},
    "notifications/<uuid:id>/content": {"title": "stolen"},
    "inbox/<uuid:id>/snooze": {"minutes": 5},
    "notifications/<uuid:id>": {"scheduled_at": (clock.now() + timedelta(days=2)).isoformat()},
}
OF_THE_INBOX = (
    "notifications/<uuid:id>/read",
    "notifications/<uuid:id>/content",
    "notifications/<uuid:id>/recall",
)


def _body(route: str, method: str) -> Any:
    """A GET takes none: the test client would make a query of it."""
    return None if method == "get" else BODIES.get(route, {})


STAFF_ONLY_OWN = ("inbox/", "api-keys/", "notifications/<uuid:id>/read")


def _tomorrow() -> str:
    return (clock.now() + timedelta(days=1)).isoformat()


def _things(ann: User, drain: Any) -> dict[str, dict[str, object]]:
    """Ann's own objects, by the first step of a route."""
    later = api_as(ann).post(
        "notifications/send", {"subject": "a", "body": "b", "channel": "sms", "scheduled_at": _tomorrow()}
    )
    assert later.status_code == 201, later.content
    sent = api_as(ann).post("notifications/send", {"subject": "a", "body": "b", "channel": "in_app"}).json()
    drain()
    key = api_as(ann).post("api-keys", {"name": "k", "scopes": ["send"]}).json()
    return {
        "notifications": {"id": later.json()["id"]},
        "inbox": {"id": sent["id"], "key": "primary"},
        "api-keys": {"id": key["id"]},
        "devices": {"user_id": ann.id, "id": ann.devices.get().id},
        "endpoints": {"user_id": ann.id, "id": ann.endpoints.filter(channel="webhook").get().id},
        "preferences": {"user_id": ann.id},
        "explain": {"user_id": ann.id},
        "consents": {"user_id": ann.id},
    }


def _given(route: str, things: dict[str, dict[str, object]]) -> dict[str, object]:
    if route in OF_THE_INBOX:
        return things["inbox"]
    steps = route.split("/")
    return things[steps[2] if steps[0] == "users" else steps[0]]


def _state(ann: User) -> tuple[Any, ...]:
    api = api_as(ann)
    return (
        api.get(f"users/{ann.id}/devices").json(),
        api.get(f"users/{ann.id}/endpoints").json(),
        api.get("preferences").json(),
        api.get("inbox").json(),
        [(n["status"], n["scheduled_at"]) for n in api.get("notifications").json()["results"]],
        api.get("api-keys").json(),
    )


def test_every_route_with_an_owner_is_tried_with_a_foreign_object() -> None:
    nobodys = ("templates", "dead-letters", "suppressions", "consent-texts", "rooms")
    owned = {r for r in EXPECTED if "<uuid:" in r and r.split("/")[0] not in nobodys}
    jobs = {"notifications/bulk/<uuid:id>", "notifications/bulk/<uuid:id>/cancel"}  # to be tried with the bulk tests
    for_staff = {"users/<uuid:id>", "users/<uuid:user_id>/presence"}
    assert owned - for_staff - jobs == set(FOREIGN)


def test_a_stranger_finds_nothing_of_anns_and_changes_nothing(ann: User, drain: Any) -> None:
    things = _things(ann, drain)
    before = _state(ann)
    for stranger, by_key in ((api_as(make_user()), False), (_api("key send"), True)):
        for route, methods in FOREIGN.items():
            for method in methods:
                answer = stranger.call(method, _filled(route, **_given(route, things)), body=_body(route, method))
                wanted = 403 if by_key and EXPECTED[route][method] == SIGNED_IN else 404
                assert answer.status_code == wanted, (route, method, answer.content)
    assert _state(ann) == before


@pytest.mark.parametrize("scope", ["send", "templates"])
def test_a_small_key_of_anns_own_reaches_nothing_that_is_anns_as_a_person(ann: User, drain: Any, scope: str) -> None:
    ann.permissions = ["send", "templates"]
    ann.save()
    things = _things(ann, drain)
    before = (_state(ann), api_as(ann).get("me").json())
    key = Api(f"ApiKey {keys.mint(ann, 'small', [Permission(scope)]).secret}")
    for route, methods in EXPECTED.items():
        for method in [m for m, needed in methods.items() if needed == SIGNED_IN]:
            given = _given(route, things) if route in FOREIGN else {"user_id": ann.id}
            answer = key.call(method, _filled(route, **given), body=BODIES.get(route, {"email": "thief@example.org"}))
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), (route, method)
            assert answer.json()["detail"].endswith("use the user's own token")
    ann.api_keys.filter(name="small").delete()
    assert (_state(ann), api_as(ann).get("me").json()) == before


def test_ann_reaches_what_is_hers(ann: User, drain: Any) -> None:
    things = _things(ann, drain)
    for route, methods in FOREIGN.items():
        for method in methods:
            answer = api_as(ann).call(method, _filled(route, **_given(route, things)), body=_body(route, method))
            if route.startswith("api-keys") and method == "post":
                continue  # revoked by the line before
            if "/actions/" in route:
                continue  # this item has none
            assert answer.status_code in (200, 201, 204), (route, method, answer.content)


def test_staff_reach_everything_but_inboxes_and_keys(ann: User, as_staff: Api, drain: Any) -> None:
    things = _things(ann, drain)
    for route, methods in FOREIGN.items():
        for method in methods:
            answer = as_staff.call(method, _filled(route, **_given(route, things)), body=_body(route, method))
            wanted = (404,) if route.startswith(STAFF_ONLY_OWN) else (200, 201, 204)
            assert answer.status_code in wanted, (route, method, answer.content)


def test_lists_hold_only_what_one_may_see(ann: User, as_ann: Api, as_staff: Api, drain: Any) -> None:
    _things(ann, drain)
    other = make_user()
    api_as(other).post("notifications/send", {"subject": "x", "body": "y", "channel": "sms"})
    assert {n["user_id"] for n in as_ann.get("notifications").json()["results"]} == {str(ann.id)}
    assert as_ann.get(f"notifications?user_id={other.id}").json()["results"] == []
    assert {n["user_id"] for n in as_staff.get("notifications").json()["results"]} == {str(ann.id), str(other.id)}
