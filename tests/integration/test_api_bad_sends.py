"""Bad sends and bad bodies, line by line: a 4xx with a stable code and a pointer, nothing stored, the next request
unaffected. Other resources and what shows only after acceptance are in test_api_bad_input.py."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Decision, Event, IdempotencyKey, Notification, QueueEntry, Request
from clarion.records.people.models import Device, Endpoint, User
from clarion.records.templating.models import Template, TemplateVersion
from tests.conftest import Api, make_user
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


def _ago(**given: float) -> str:
    return (clock.now() - timedelta(**given)).isoformat()


def _ahead(**given: float) -> str:
    return _ago(**{unit: -number for unit, number in given.items()})


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


INLINE = {"subject": "Hi", "body": "Hello", "channel": "email"}
BY_TEMPLATE = {"template_path": "account.welcome", "context": {"plan": {"name": "Gold"}}, "channel": "email"}
SENDS: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "unknown user": ({**INLINE, "user_id": str(uuid4())}, 404, "user_not_found", "/user_id"),
    "user id is no uuid": ({**INLINE, "user_id": "ann"}, 422, "invalid_input", "/user_id"),
    "unknown template": ({**BY_TEMPLATE, "template_path": "no.such"}, 404, "template_not_found", "/template_path"),
    "template path with capitals": ({"template_path": "No.Such"}, 422, "invalid_input", "/template_path"),
    "template path with a line break": ({"template_path": "a.b\n"}, 422, "invalid_input", "/template_path"),
    "unknown channel": ({**INLINE, "channel": "fax"}, 422, "invalid_input", "/channel"),
    "unknown channel in a list": ({**INLINE, "channels": ["sms", "fax"]}, 422, "invalid_input", "/channels/1"),
    "more channels than there are": ({**INLINE, "channels": ["sms"] * 8}, 422, "invalid_input", "/channels"),
    "channel the template lacks": ({**BY_TEMPLATE, "channel": "sms"}, 422, "channel_not_supported", "/channel"),
    "unknown category key": ({**INLINE, "category": "nope"}, 422, "category_not_found", "/category"),
    "unknown category id": ({**INLINE, "category": 999_999}, 422, "category_not_found", "/category"),
    "category zero": ({**INLINE, "category": 0}, 422, "invalid_input", "/category"),
    "category too large": ({**INLINE, "category": 10**30}, 422, "invalid_input", "/category"),
    "category of another type": ({**INLINE, "category": 1.5}, 422, "invalid_input", "/category"),
    "category true": ({**INLINE, "category": True}, 422, "invalid_input", "/category"),
    "missing variable": ({**BY_TEMPLATE, "context": {}}, 422, "missing_variables", "/context/plan/name"),
    "variable null": (
        {**BY_TEMPLATE, "context": {"plan": {"name": None}}},
        422,
        "missing_variables",
        "/context/plan/name",
    ),
    "variable of another shape": (
        {**BY_TEMPLATE, "context": {"plan": 7}},
        422,
        "missing_variables",
        "/context/plan/name",
    ),
    "nothing to say": ({"channel": "email"}, 422, "no_content", "/template_path"),
    "template and inline": ({**BY_TEMPLATE, "body": "x"}, 422, "ambiguous_content", "/subject"),
    "two names for one thing": ({**INLINE, "message": "x"}, 422, "given_twice", "/message"),
    "two template names": ({**BY_TEMPLATE, "template_name": "a.b"}, 422, "given_twice", "/template_name"),
    "unknown field": ({**INLINE, "chanel": "email"}, 422, "invalid_input", "/chanel"),
    "unknown field with a slash": ({**INLINE, "a/b~c": 1}, 422, "invalid_input", "/a~1b~0c"),
    "unknown option": ({**INLINE, "options": {"force": True}}, 422, "invalid_input", "/options/force"),
    "context is a list": ({**INLINE, "context": []}, 422, "invalid_input", "/context"),
    "metadata is text": ({**INLINE, "metadata": "x"}, 422, "invalid_input", "/metadata"),
    "subject is a number": ({**INLINE, "subject": 7}, 422, "invalid_input", "/subject"),
    "body is an object": ({**INLINE, "body": {}}, 422, "invalid_input", "/body"),
    "priority out of bounds": ({**INLINE, "priority": 5}, 422, "invalid_input", "/priority"),
    "priority zero": ({**INLINE, "priority": 0}, 422, "invalid_input", "/priority"),
    "priority huge": ({**INLINE, "priority": 10**40}, 422, "invalid_input", "/priority"),
    "priority unknown": ({**INLINE, "priority": "urgent"}, 422, "invalid_input", "/priority"),
    "scheduled without a zone": (
        {**INLINE, "scheduled_at": "2030-01-01T00:00:00"},
        422,
        "naive_time",
        "/scheduled_at",
    ),
    "scheduled as a number": ({**INLINE, "scheduled_at": 1_900_000_000}, 422, "invalid_input", "/scheduled_at"),
    "scheduled as nonsense": ({**INLINE, "scheduled_at": "tomorrow"}, 422, "invalid_input", "/scheduled_at"),
    "scheduled in the past": ({**INLINE, "scheduled_at": "PAST"}, 422, "scheduled_in_past", "/scheduled_at"),
    "scheduled in two years": ({**INLINE, "scheduled_at": "FAR"}, 422, "scheduled_too_far", "/scheduled_at"),
    "expires without a zone": ({**INLINE, "expires_at": "2030-01-01T00:00:00"}, 422, "invalid_input", "/expires_at"),
    "expired": ({**INLINE, "expires_at": "PAST"}, 422, "already_expired", "/expires_at"),
    "expired in the year one": (
        {**INLINE, "expires_at": "0001-01-01T00:00:00+14:00"},
        422,
        "already_expired",
        "/expires_at",
    ),
    "expires after all calendars": (
        {**INLINE, "expires_at": "9999-12-31T23:59:59-14:00"},
        422,
        "expires_too_far",
        "/expires_at",
    ),
    "expires before it is due": (
        {**INLINE, "scheduled_at": "SOON", "expires_at": "SOON"},
        422,
        "expires_before_due",
        "/expires_at",
    ),
    "context too large": ({**INLINE, "context": {"a": "x" * 70_000}}, 422, "context_too_large", "/context"),
    "data too large": ({**INLINE, "data": {"a": "x" * 70_000}}, 422, "context_too_large", "/data"),
    "context too deep": ({**INLINE, "context": _nested(30)}, 422, "invalid_context", "/context"),
    "data too deep": ({**INLINE, "data": _nested(800)}, 422, "invalid_context", "/data"),
    "context with a huge number": ({**INLINE, "context": {"n": 10**31}}, 422, "invalid_context", "/context"),
    "data with a huge number": ({**INLINE, "data": {"n": -(10**300)}}, 422, "invalid_context", "/data"),
    "reference too long": ({**INLINE, "reference": "x" * 256}, 422, "invalid_input", "/reference"),
    "subject too long": ({**INLINE, "subject": "x" * 256}, 422, "invalid_input", "/subject"),
    "body too long": ({**INLINE, "body": "x" * 100_001}, 422, "invalid_input", "/body"),
    "body too long for the channel": ({**INLINE, "channel": "sms", "body": "x" * 5_000}, 422, "too_long", "/body"),
    "header injection in the subject": (
        {**INLINE, "subject": "Hi\r\nBcc: all@example.com"},
        422,
        "line_break",
        "/subject",
    ),
    "line separator in the subject": ({**INLINE, "subject": "Hi\u2028there"}, 422, "line_break", "/subject"),
    "subject of blanks": ({**INLINE, "subject": "  ", "body": " \n"}, 422, "required", "/subject"),
    "NUL in the body": ({**INLINE, "body": "a\0b"}, 422, "nul_character", ""),
    "NUL in a name of the context": ({**INLINE, "context": {"a\0": 1}}, 422, "nul_character", ""),
    "NUL in the reference": ({**INLINE, "reference": "\0"}, 422, "nul_character", ""),
    "no address": ({**INLINE, "user_id": "BARE"}, 422, "no_address", "/channel"),
    "inactive user": ({**INLINE, "user_id": "INACTIVE"}, 404, "user_not_found", "/user_id"),
}


def _filled(body: dict[str, Any]) -> dict[str, Any]:
    times = {"PAST": _ago(minutes=2), "FAR": _ahead(days=730), "SOON": _ahead(hours=1)}
    people: dict[str, Callable[[], User]] = {
        "BARE": lambda: make_user(reachable=False),
        "INACTIVE": lambda: make_user(is_active=False),
    }
    filled = {name: times.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
    if body.get("user_id") in people:
        filled["user_id"] = str(people[body["user_id"]]().id)
    return filled


@pytest.mark.parametrize("path", ["notifications/send", "notifications"])
@pytest.mark.parametrize("name", SENDS)
def test_a_bad_send_is_refused_and_leaves_nothing(
    as_service: Api, welcome: dict[str, Any], ann: User, name: str, path: str
) -> None:
    given, status, code, pointer = SENDS[name]
    body = _filled({"user_id": str(ann.id), **given})
    before = _stored()
    refused(as_service.post(path, body), status, code, pointer or None)
    assert _stored() == before
    refused(as_service.post(path, body, headers={"Idempotency-Key": "k1"}), status, code, pointer or None)
    assert _stored() == before
    good = as_service.post(path, {**BY_TEMPLATE, "user_id": str(ann.id)}, headers={"Idempotency-Key": "k1"})
    assert good.status_code == 201


BODIES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "malformed_json"),
    "half an object": (b'{"subject": "Hi"', 400, "malformed_json"),
    "two objects": (b"{}{}", 400, "malformed_json"),
    "single quotes": (b"{'subject': 'Hi'}", 400, "malformed_json"),
    "NaN": (b'{"data": {"n": NaN}}', 400, "malformed_json"),
    "Infinity": (b'{"data": {"n": -Infinity}}', 400, "malformed_json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, "malformed_json"),
    "UTF-16": ('{"subject": "Hi"}'.encode("utf-16"), 400, "malformed_json"),
    "invalid UTF-8": (b'{"subject": "\xff\xfe"}', 400, "malformed_json"),
    "overlong UTF-8": (b'{"subject": "\xc0\xaf"}', 400, "malformed_json"),
    "a surrogate in UTF-8": (b'{"subject": "\xed\xa0\x80"}', 400, "malformed_json"),
    "a lone high surrogate": (b'{"subject": "\\ud800"}', 400, "malformed_json"),
    "a lone high surrogate and text": (b'{"subject": "\\ud800abcdefgh", "body": "x"}', 400, "malformed_json"),
    "a lone low surrogate": (b'{"subject": "\\udc00abc"}', 400, "malformed_json"),
    "a raw NUL": (b'{"subject": "\x00"}', 400, "malformed_json"),
    "a raw line break": (b'{"subject": "a\nb"}', 400, "malformed_json"),
    "100,000 levels": (b'{"context":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, 413, "body_too_large"),
    "40,000 levels": (b'{"context":' + b'{"a":' * 40_000 + b"1" + b"}" * 40_001, 400, "malformed_json"),
    "40,000 levels unclosed": (b'{"context": {"a":' + b"[" * 40_000, 400, "malformed_json"),
    "900 levels with an escaped NUL": (
        b'{"data":' + b'{"a":' * 900 + b'"\\u0000"' + b"}" * 901,
        400,
        "malformed_json",
    ),
    "a number beyond all bounds": (b'{"data": {"n": 1e400}}', 422, "invalid_input"),
    "a number of 5,000 digits": (b'{"data": {"n": ' + b"9" * 5_000 + b"}}", 422, "invalid_input"),
    "a list": (b"[]", 422, "invalid_input"),
    "null": (b"null", 422, "invalid_input"),
    "text": (b'"send it"', 422, "invalid_input"),
    "a form": (b"subject=Hi&body=Hello", 400, "malformed_json"),
    "300 kB": (b'{"subject": "' + b"x" * 300_000 + b'"}', 413, "body_too_large"),
    "5 MB": (b'{"context": {"a": "' + b"x" * 5_000_000 + b'"}}', 413, "body_too_large"),
    "10 MB": (b'{"context": {"a": "' + b"x" * 10_000_000 + b'"}}', 413, "body_too_large"),
    "20 MB": (b"x" * 20_000_000, 413, "body_too_large"),
}


def _raw(api: Api, path: str, body: bytes, kind: str = "application/json", **extra: Any) -> Any:
    answer = api._client.generic("POST", f"/api/v1/{path}", body, kind, headers=api._headers, **extra)
    judge("post", path, answer)
    return answer


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_good_json_is_refused(as_service: Api, ann: User, name: str) -> None:
    body, status, code = BODIES[name]
    before = _stored()
    refused(_raw(as_service, "notifications/send", body), status, code)
    assert _stored() == before
    assert as_service.post("notifications/send", {**INLINE, "user_id": str(ann.id)}).status_code == 201


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"]
)
def test_other_content_types_are_refused(as_service: Api, kind: str) -> None:
    refused(_raw(as_service, "notifications/send", b"{}", kind), 415, "unsupported_media_type")
    assert Request.objects.count() == 0


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON", ""])
def test_json_by_any_spelling_of_its_type_is_taken(as_service: Api, kind: str) -> None:
    refused(_raw(as_service, "notifications/send", b"{}", kind), 422, "no_content")


@pytest.mark.parametrize(
    ("claimed", "status", "code"),
    [
        ("5", 400, "malformed_json"),
        ("99999", 400, "malformed_json"),
        ("0", 400, "malformed_json"),
        ("99999999999999999999999999", 413, "body_too_large"),
        ("9" * 5_000, 413, "body_too_large"),
        ("-1", 400, "bad_request"),
        ("many", 400, "bad_request"),
        ("1e3", 400, "bad_request"),
        ("²", 400, "bad_request"),
    ],
)
def test_a_lie_about_the_length_is_no_harm(as_service: Api, ann: User, claimed: str, status: int, code: str) -> None:
    body = b'{"subject": "Hi", "body": "Hello", "channel": "email"'
    sent = {"wsgi.input": io.BytesIO(body)}
    refused(_raw(as_service, "notifications/send", body, CONTENT_LENGTH=claimed, **sent), status, code)
    assert Request.objects.count() == 0
    assert as_service.post("notifications/send", {**INLINE, "user_id": str(ann.id)}).status_code == 201


def test_a_client_that_goes_away_while_sending_is_answered_400(as_service: Api) -> None:
    class Broken(io.RawIOBase):
        def read(self, *_: object) -> bytes:
            raise OSError("gone")

    refused(
        _raw(as_service, "notifications/send", b"{}", **{"wsgi.input": Broken(), "CONTENT_LENGTH": "20"}),
        400,
        "body_unreadable",
    )


def test_of_duplicate_names_the_last_one_counts(as_service: Api, ann: User) -> None:
    body = f'{{"user_id": "{ann.id}", "subject": "a", "body": "b", "channel": "sms", "channel": "email"}}'.encode()
    answer = _raw(as_service, "notifications/send", body)
    assert [n["channel"] for n in answer.json()["notifications"]] == ["email"]
