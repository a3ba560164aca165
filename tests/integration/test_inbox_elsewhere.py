"""Pages of other origins at the API, and the demo page: who may, and who is refused."""

from typing import Any

import pytest
from conftest import make_user
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from clarion.records.access import tokens
from clarion.records.access.origins import parse_origins
from clarion.surfaces.api.cors import CorsMiddleware

SHOP = "https://shop.example.com"


def _asked(settings: Any, method: str, path: str, origin: str = SHOP, **headers: str) -> tuple[HttpResponse, list[str]]:
    settings.CORS_ORIGINS = frozenset({SHOP})
    reached: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        reached.append(request.path)
        return HttpResponse("answer", headers={"Vary": "Accept"})

    named = {"HTTP_ORIGIN": origin, **headers} if origin else headers
    return CorsMiddleware(view)(RequestFactory().generic(method, path, **named)), reached


def test_origins_are_written_in_full() -> None:
    assert parse_origins(" https://Shop.example.com/, http://127.0.0.1:5173,https://a.example:443") == {
        SHOP,
        "http://127.0.0.1:5173",
        "https://a.example",
    }
    assert parse_origins("") == frozenset()


@pytest.mark.parametrize(
    "text",
    ["*", "https://*.example.com", "shop.example.com", "https://a.example/path", "ftp://a.example", "https://", "null"],
)
def test_anything_wider_than_an_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="https://host"):
        parse_origins(text)


def test_without_the_setting_no_origin_is_answered(settings: Any) -> None:
    settings.CORS_ORIGINS = frozenset()
    with pytest.raises(MiddlewareNotUsed):
        CorsMiddleware(lambda request: HttpResponse())


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/inbox", "GET, POST, DELETE"),
        ("/api/v1/inbox/01a1fa0f-39dd-7082-80fa-53f646310df7/actions/primary", "GET, POST, DELETE"),
        ("/api/v1/preferences", "GET, PATCH"),
        ("/api/v1/ws/tickets", "POST"),
        ("/api/v1/push/webpush-key", "GET"),
        ("/api/v1/me", "GET"),
        ("/api/v1/users/01a1fa0f-39dd-7082-80fa-53f646310df7/devices", "POST, DELETE"),
    ],
)
def test_a_preflight_is_answered_without_asking_the_view(settings: Any, path: str, methods: str) -> None:
    answer, reached = _asked(settings, "OPTIONS", path, HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET")
    assert (answer.status_code, reached) == (204, [])
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert answer["Access-Control-Allow-Methods"] == methods
    assert "Access-Control-Allow-Credentials" not in answer
    assert answer["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.com.evil.example", "null", ""])
def test_other_origins_get_no_leave(settings: Any, origin: str) -> None:
    answer, reached = _asked(settings, "OPTIONS", "/api/v1/inbox", origin, HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET")
    assert (answer.status_code, reached) == (403, [])
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    answer, _ = _asked(settings, "GET", "/api/v1/inbox", origin)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    "path",
    ["/api/v1/notifications/send", "/api/v1/users", "/api/v1/auth/login", "/api/v1/me/password", "/outbox/", "/"],
)
def test_what_the_inbox_does_not_need_stays_closed_to_other_origins(settings: Any, path: str) -> None:
    answer, reached = _asked(settings, "GET", path)
    assert reached == [path]
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_an_answer_names_the_origin_and_varies_by_it(settings: Any) -> None:
    answer, reached = _asked(settings, "GET", "/api/v1/inbox")
    assert reached == ["/api/v1/inbox"]
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert answer["Vary"] == "Accept, Origin"


@pytest.mark.django_db
def test_the_demo_page_is_there_in_a_trial_with_demo_data_and_nowhere_else(ground: None, settings: Any) -> None:
    settings.OUTBOX_OPEN = True
    assert Client().get("/demo/inbox/").status_code == 404
    person = make_user(email="ann@example.com", external_id="demo-1")
    assert b"<clarion-inbox" in Client().get("/demo/inbox/").content
    access = Client().post("/demo/inbox/token").json()["access"]
    assert tokens.caller_for(access).user_id == person.id
    assert Client().get("/demo/inbox/token").status_code == 405
    assert Client().post("/demo/inbox/token", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 404
    settings.OUTBOX_OPEN = False
    assert Client().get("/demo/inbox/").status_code == 404
    assert Client().post("/demo/inbox/token").status_code == 404


@pytest.mark.django_db
def test_the_demo_never_makes_anybody_staff(ground: None, settings: Any) -> None:
    settings.OUTBOX_OPEN = True
    make_user(email="sam@example.com", external_id="demo-1", is_staff=True)
    assert Client().post("/demo/inbox/token").status_code == 404
