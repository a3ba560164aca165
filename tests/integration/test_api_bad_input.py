"""Bad input, line by line: a 4xx with a stable code and a pointer, nothing stored, the next request unaffected; or,
where it shows only after acceptance, a dead letter with its reason."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import structlog
from django.test import Client

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import flow
from clarion.records.accounts import book
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Decision, Event, IdempotencyKey, Notification, QueueEntry, Request
from clarion.records.people.models import Device, Endpoint, User
from clarion.records.templating.models import Template, TemplateVersion
from tests.conftest import WEBHOOK_SECRET, Api
from tests.integration.api_document import judge, refused, watch

TABLES = (Request, Notification, QueueEntry, Decision, Event, IdempotencyKey)
RECORDS = (User, Device, Endpoint, Category, Template, TemplateVersion)
Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture
def welcome(as_service: Api) -> dict[str, Any]:
    """A template with a required variable."""
    return _template(as_service, path="account.welcome", required_variables=["plan.name"])


def _template(api: Api, **more: Any) -> dict[str, Any]:
    body = {
        "path": "account.welcome",
        "name": "Welcome",
        "category": "general",
        "content": {"email": {"default": {"subject": "Hi {{ user.first_name }}", "text": "Plan {{ plan.name }}"}}},
        **more,
    }
    answer = api.post("templates", body)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def _stored() -> list[int]:
    return [table.objects.count() for table in (*TABLES, *RECORDS)]


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


INLINE = {"subject": "Hi", "body": "Hello", "channel": "email"}
BY_TEMPLATE = {"template_path": "account.welcome", "context": {"plan": {"name": "Gold"}}, "channel": "email"}


def _raw(api: Api, path: str, body: bytes, kind: str = "application/json", **extra: Any) -> Any:
    answer = api._client.generic("POST", f"/api/v1/{path}", body, kind, headers=api._headers, **extra)
    judge("post", path, answer)
    return answer


# --- people, reach, categories, preferences, templates

OTHERS: dict[str, tuple[str, str, dict[str, Any], int, str, str]] = {
    "email without a domain": ("post", "users", {"email": "ann@"}, 422, "invalid_email", "/email"),
    "email with a name": ("post", "users", {"email": "Ann <ann@example.com>"}, 422, "invalid_email", "/email"),
    "email with a header": (
        "post",
        "users",
        {"email": "a@example.com\r\nBcc: b@example.com"},
        422,
        "invalid_email",
        "/email",
    ),
    "two emails": ("post", "users", {"email": "a@example.com,b@example.com"}, 422, "invalid_email", "/email"),
    "phone without a country": ("post", "users", {"phone": "0712345678"}, 422, "invalid_phone", "/phone"),
    "phone of letters": ("post", "users", {"phone": "+2557CALLME"}, 422, "invalid_phone", "/phone"),
    "first name with a header": (
        "post",
        "users",
        {"first_name": "Ann\r\nBcc: x@example.com"},
        422,
        "line_break",
        "/first_name",
    ),
    "last name with a line break": ("post", "users", {"last_name": "A\nB"}, 422, "line_break", "/last_name"),
    "user name with a NUL": ("post", "users", {"username": "a\0"}, 422, "nul_character", ""),
    "time zone unknown": ("post", "users", {"timezone": "Mars/Base"}, 422, "invalid_timezone", "/timezone"),
    "time zone as a path": ("post", "users", {"timezone": "../../etc/passwd"}, 422, "invalid_timezone", "/timezone"),
    "locale unknown": ("post", "users", {"locale": "xx"}, 422, "invalid_locale", "/locale"),
    "attributes too large": ("post", "users", {"attributes": {"a": "x" * 40_000}}, 422, "too_large", "/attributes"),
    "attributes too deep": ("post", "users", {"attributes": _nested(800)}, 422, "invalid_attributes", "/attributes"),
    "attributes with a huge number": (
        "post",
        "users",
        {"attributes": {"n": 10**31}},
        422,
        "invalid_attributes",
        "/attributes",
    ),
    "unknown permission": ("post", "users", {"permissions": ["fly"]}, 422, "invalid_input", "/permissions/0"),
    "bulk of nobody": ("post", "users/bulk", {"users": []}, 422, "invalid_input", "/users"),
    "bulk without an external id": (
        "post",
        "users/bulk",
        {"users": [{"email": "a@example.com"}]},
        422,
        "invalid_input",
        "/users/0/external_id",
    ),
    "bulk of too many": (
        "post",
        "users/bulk",
        {"users": [{"external_id": str(n)} for n in range(1001)]},
        422,
        "invalid_input",
        "/users",
    ),
    "device of an unknown platform": (
        "post",
        "users/ANN/devices",
        {"platform": "fridge", "token": "t"},
        422,
        "invalid_input",
        "/platform",
    ),
    "device token with blanks": (
        "post",
        "users/ANN/devices",
        {"platform": "ios", "token": "a b"},
        422,
        "invalid_token",
        "/token",
    ),
    "webhook without a scheme": (
        "post",
        "users/ANN/endpoints",
        {"channel": "webhook", "target": "example.com"},
        422,
        "invalid_url",
        "/target",
    ),
    "webhook to a file": (
        "post",
        "users/ANN/endpoints",
        {"channel": "webhook", "target": "file:///etc/passwd"},
        422,
        "invalid_url",
        "/target",
    ),
    "webhook with credentials": (
        "post",
        "users/ANN/endpoints",
        {"channel": "webhook", "target": "https://a:b@example.com"},
        422,
        "invalid_url",
        "/target",
    ),
    "endpoint for email": (
        "post",
        "users/ANN/endpoints",
        {"channel": "email", "target": "a@example.com"},
        422,
        "invalid_input",
        "/channel",
    ),
    "category key with capitals": ("post", "categories", {"key": "News", "name": "n"}, 422, "invalid_input", "/key"),
    "category key with a line break": (
        "post",
        "categories",
        {"key": "news\n", "name": "n"},
        422,
        "invalid_input",
        "/key",
    ),
    "category priority": (
        "post",
        "categories",
        {"key": "n", "name": "n", "default_priority": 9},
        422,
        "invalid_input",
        "/default_priority",
    ),
    "category that exists": ("post", "categories", {"key": "orders", "name": "n"}, 409, "category_exists", "/key"),
    "preference of an unknown category": (
        "patch",
        "preferences",
        {"categories": {"a/b": {"enabled": True}}},
        422,
        "category_not_found",
        "/categories/a~1b",
    ),
    "preference of an unknown channel": (
        "patch",
        "preferences",
        {"global": {"fax_enabled": True}},
        422,
        "invalid_input",
        "/global/fax_enabled",
    ),
    "preference as text": (
        "put",
        "preferences",
        {"global": {"email_enabled": "no"}},
        422,
        "invalid_input",
        "/global/email_enabled",
    ),
    "preference text": (
        "put",
        "preferences",
        {"global": {"email_enabled": "off"}},
        422,
        "invalid_input",
        "/global/email_enabled",
    ),
}
PRIVATE = [
    "https://127.0.0.1/",
    "https://localhost/",
    "https://api.localhost:8443/x",
    "http://169.254.169.254/latest/meta-data/",
    "https://10.1.2.3/",
    "https://192.168.0.1/",
    "https://[::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://0.0.0.0/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.1./",
]


@pytest.mark.parametrize("name", OTHERS)
def test_other_bad_input_is_refused_and_leaves_nothing(as_service: Api, ann: User, name: str) -> None:
    method, path, body, status, code, pointer = OTHERS[name]
    before = _stored()
    refused(as_service.call(method, path.replace("ANN", str(ann.id)), body), status, code, pointer or None)
    assert _stored() == before
    assert as_service.get(f"users/{ann.id}").status_code == 200


@pytest.mark.parametrize("target", PRIVATE)
def test_a_webhook_to_a_private_address_is_refused_at_once(as_ann: Api, ann: User, target: str) -> None:
    before = _stored()
    answer = as_ann.post(f"users/{ann.id}/endpoints", {"channel": "webhook", "target": target})
    refused(answer, 422, "forbidden_target", "/target")
    assert _stored() == before


def test_a_lab_may_allow_private_webhooks(as_ann: Api, ann: User, settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"webhook_allow_private": True})
    answer = as_ann.post(f"users/{ann.id}/endpoints", {"channel": "webhook", "target": "https://127.0.0.1:8443/in"})
    assert (answer.status_code, answer.json()["target"]) == (201, "https://127.0.0.1:8443/in")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "nothing/here", 404, "not_found"),
        ("get", "users/not-a-uuid", 404, "not_found"),
        ("get", "users/cf012e75-2336-4972-a941-506e5b509e08/", 404, "user_not_found"),
        ("get", f"categories/{'9' * 5_000}", 404, "not_found"),
        ("get", "categories/99999999999999999999", 404, "category_not_found"),
        ("get", "categories/-1", 404, "not_found"),
        ("post", "providers/%00/pause", 404, "not_found"),
        ("post", "providers/email.%00/probe", 404, "not_found"),
        ("post", "providers/nobody/pause", 404, "provider_not_found"),
        ("get", "%2e%2e/%2e%2e/etc/passwd", 404, "not_found"),
        ("get", "users/%F0%9F%98%80", 404, "not_found"),
        ("get", "users/%FF%FE", 404, "not_found"),
        ("put", "users", 405, "method_not_allowed"),
        ("delete", "notifications/send", 405, "method_not_allowed"),
        ("options", "users", 405, "method_not_allowed"),
        ("trace", "users", 405, "method_not_allowed"),
        ("get", "users?page_size=0", 422, "invalid_input"),
        ("get", "users?page_size=201", 422, "invalid_input"),
        ("get", "users?page_size=many", 422, "invalid_input"),
        ("get", f"users?page_size={'9' * 40}", 422, "invalid_input"),
        ("get", "users?cursor=%00", 422, "nul_character"),
        ("get", "users?cursor=abc", 422, "invalid_cursor"),
        ("get", "users?cursor=%E2%82%AC", 422, "invalid_cursor"),
        ("get", "users?colour=red", 422, "unknown_parameter"),
        ("get", "users?email=nobody", 422, "invalid_email"),
        ("get", "users?phone=123", 422, "invalid_phone"),
        ("get", "notifications?status=lost", 422, "invalid_input"),
        ("get", "notifications?user_id=ann", 422, "invalid_input"),
        ("get", "templates?category=nope", 422, "category_not_found"),
        ("get", "inbox?since=-1", 422, "invalid_input"),
        ("get", f"inbox?since={2**63}", 422, "invalid_input"),
        ("get", "inbox?status=new", 422, "invalid_input"),
    ],
)
def test_bad_paths_methods_and_queries_are_problems(
    as_service: Api, method: str, path: str, status: int, code: str
) -> None:
    answer = as_service.call(method, path)
    refused(answer, status, code)
    if status == 405:
        assert answer.headers["Allow"]
        assert method.upper() not in answer.headers["Allow"].split(", ")


def test_the_request_id_is_taken_when_well_formed_and_replaced_when_not(as_service: Api) -> None:
    given = as_service.get("users/x", headers={"X-Request-ID": "shop-12345678"})
    assert given.json()["trace_id"] == given.headers["X-Request-ID"] == "shop-12345678"
    for bad in ("short", "x" * 65, "a b c d e f g", 'ab"cd<script>', "é" * 10):
        answer = as_service.get("users/x", headers={"X-Request-ID": bad})
        assert answer.headers["X-Request-ID"] != bad
        assert len(answer.json()["trace_id"]) == 32


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a\x7fb"])
def test_a_bad_idempotency_key_is_refused(as_service: Api, ann: User, key: str) -> None:
    answer = as_service.post("notifications/send", {**INLINE, "user_id": str(ann.id)}, headers={"Idempotency-Key": key})
    refused(answer, 422, "invalid_idempotency_key")
    assert Request.objects.count() == 0


# --- what shows only after acceptance: a dead letter with its reason

LOOPS = (
    "{% for a in items %}{% for b in items %}{% for c in items %}{% for d in items %}x"
    "{% endfor %}{% endfor %}{% endfor %}{% endfor %}"
)
GROWS = "{% set s = word %}{% for a in items %}{% set s = s ~ word ~ word %}{{ s }}{% endfor %}"


@pytest.mark.parametrize(
    ("text", "context", "reason"),
    [
        (LOOPS, {"items": list(range(100)), "word": "x"}, "render_failed"),
        (GROWS, {"items": list(range(900)), "word": "x" * 10_000}, "render_failed"),
        ("{{ items[10000] }}{{ 1 // (word | length) }}", {"items": [1], "word": ""}, "render_failed"),
    ],
)
def test_a_template_that_runs_away_becomes_a_dead_letter(
    as_service: Api, ann: User, drain: Drain, text: str, context: dict[str, Any], reason: str
) -> None:
    content = {"email": {"default": {"subject": "Hi", "text": text}}}
    _template(as_service, path="bad.loop", content=content, required_variables=["items"], optional_variables=["word"])
    sent = as_service.post(
        "notifications/send",
        {"template_path": "bad.loop", "context": context, "channel": "email", "user_id": str(ann.id)},
    )
    assert sent.status_code == 201, sent.content
    drain()
    dead = as_service.get("dead-letters").json()["results"]
    assert [(d["id"], d["status"], d["reason"]) for d in dead] == [(sent.json()["id"], "failed", reason)]
    assert QueueEntry.objects.count() == 0
    good = as_service.post("notifications/send", {**INLINE, "user_id": str(ann.id)}).json()
    drain()
    assert as_service.get(f"notifications/{good['id']}/status").json()["status"] == "delivered"


def test_a_name_with_a_line_break_that_was_stored_before_breaks_no_mail(
    as_service: Api, welcome: dict[str, Any], ann: User, drain: Drain
) -> None:
    ann.names = {"first_name": "Ann\r\nBcc: all@example.com", "last_name": "A"}
    ann.save()
    sent = as_service.post("notifications/send", {**BY_TEMPLATE, "user_id": str(ann.id)}).json()
    drain()
    detail = as_service.get(f"notifications/{sent['id']}").json()
    assert (detail["status"], detail["reason"]) == ("failed", "content_invalid")
    assert detail["attempts"] == []


def test_a_webhook_whose_name_leads_to_a_private_address_becomes_a_dead_letter(
    as_service: Api, ann: User, drain: Drain
) -> None:
    book.mirror({ChannelKey.WEBHOOK: ["webhook://"]})
    ann.endpoints.filter(channel="webhook").delete()
    for target in ("https://localhost:8443/in", "https://169.254.169.254/latest", "http://hooks.example.com/"):
        Endpoint.objects.create(user=ann, channel="webhook", target=target, secret=WEBHOOK_SECRET)
    sent = as_service.post("notifications/send", {**INLINE, "channel": "webhook", "user_id": str(ann.id)}).json()
    drain()
    for slot in flow._slots[ChannelKey.WEBHOOK]:
        slot.carriers.close()
    detail = as_service.get(f"notifications/{sent['id']}").json()
    assert (detail["status"], detail["reason"]) == ("failed", "forbidden_target")
    assert [(a["outcome"], a["reason"]) for a in detail["attempts"]] == [("rejected", "forbidden_target")] * 3
    assert [d["id"] for d in as_service.get("dead-letters?reason=forbidden_target").json()["results"]] == [sent["id"]]


# --- nothing personal in the log


def test_bad_requests_put_nothing_personal_into_the_log(
    anonymous: Api, as_service: Api, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    canaries = ["canary.mail@example.com", "+255700011122", "canary-password-9", "canary-body", "canary-token-77"]
    email, phone, password, body, token = canaries
    anonymous.post("auth/login", {"email": email, "password": password})
    anonymous.post("auth/register", {"email": email, "phone": phone + "x", "password": password})
    Api(f"Bearer {token}").get("me")
    Api(f"ApiKey clrn_{token}_{token}").get("me")
    for path in ("notifications/send", "users", "templates", "auth/refresh"):
        as_service.post(path, {"subject": body, "email": email, "phone": phone, "refresh": token, "body": body})
    _raw(as_service, "notifications/send", f'{{"body": "{body}", "email": "{email}"'.encode())
    as_service.get(f"users?email={email}&phone={phone}")
    as_service.get(f"users?email={email}&token={token}")
    as_service.get(f"nothing/{email}/{token}")
    with structlog.testing.capture_logs() as events:
        as_service.post("users", {"email": email, "first_name": body + "\n"})
        as_service.post("notifications/send", {"user_id": str(uuid4()), "subject": body, "body": body})
    text = caplog.text + str(events) + "".join(capfd.readouterr())
    assert [canary for canary in canaries if canary in text] == []


def test_an_outage_of_the_database_is_a_503_and_a_bug_a_500_without_internals(
    as_service: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from clarion.surfaces.api import users

    def broken(error: Exception) -> Callable[..., Any]:
        def fail(*_: object) -> None:
            raise error

        return fail

    monkeypatch.setattr(users, "find_user", broken(OperationalError("host 10.0.0.7 is down")))
    answer = as_service.get("me")
    refused(answer, 503, "database_unavailable")
    assert b"10.0.0.7" not in answer.content
    monkeypatch.setattr(users, "find_user", broken(ZeroDivisionError("secret internals")))
    client = Client(raise_request_exception=False, headers=as_service._headers)
    bug = client.get("/api/v1/me")
    assert (bug.status_code, bug.json()["code"]) == (500, "internal_error")
    assert b"secret internals" not in bug.content
