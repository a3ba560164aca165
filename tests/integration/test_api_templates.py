"""Templates through the API."""

from collections.abc import Callable
from typing import Any

import pytest

from clarion.records.ledger.models import Notification
from clarion.records.outbox.models import OutboxMessage
from clarion.records.people.models import User
from clarion.records.templating.models import Template, TemplateContent, TemplateVersion
from tests.conftest import Api
from tests.integration.api_document import refused, watch


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _body(path: str = "order.shipped", text: str = "Order {{ order.id }}", **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "name": "Shipped",
        "category": "orders",
        "content": {
            "email": {"default": {"subject": "Hi {{ user.first_name }}", "text": text}},
            "sms": {"default": {"body": text}, "pt_BR": {"body": "Pedido {{ order.id }}"}},
        },
        "required_variables": ["order.id"],
        **more,
    }


def _make(api: Api, *given: Any, **more: Any) -> dict[str, Any]:
    answer = api.post("templates", _body(*given, **more))
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def _send(api: Api, user: User, path: str = "order.shipped", **more: Any) -> Any:
    body = {"user_id": str(user.id), "template_path": path, "context": {"order": {"id": 7}}, "channel": "sms", **more}
    return api.post("notifications/send", body)


def test_a_template_is_made_and_shown_as_it_was_given(as_service: Api) -> None:
    answer = as_service.post("templates", _body(default_priority="high", note="first"))
    made = answer.json()
    assert answer.headers["Location"] == f"/api/v1/templates/{made['id']}"
    assert (made["version"], made["category"], made["default_priority"], made["active"]) == (1, "orders", 2, True)
    assert sorted(made["channels"]) == ["email", "sms"]
    assert made["content"]["sms"] == {
        "default": {"body": "Order {{ order.id }}"},
        "pt-BR": {"body": "Pedido {{ order.id }}"},
    }
    assert as_service.get(f"templates/{made['id']}/").json() == made


def test_a_change_is_a_new_version_and_what_was_accepted_keeps_its_own(
    as_service: Api, ann: User, drain: Callable[[], int]
) -> None:
    made = _make(as_service)
    before = _send(as_service, ann).json()["id"]
    changed = as_service.put(f"templates/{made['id']}", _body(text="New words for {{ order.id }}"))
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    after = _send(as_service, ann).json()["id"]
    versions = {str(n.id): n.version_id for n in Notification.objects.all()}
    assert str(versions[before]) == made["version_id"]
    assert str(versions[after]) == changed.json()["version_id"]
    drain()
    listed = as_service.get(f"templates/{made['id']}/versions").json()["results"]
    assert [v["number"] for v in listed] == [2, 1]
    assert listed[1]["content"]["email"]["default"]["text"] == "Order {{ order.id }}"
    assert OutboxMessage.objects.count() == 2


def test_the_path_is_fixed(as_service: Api) -> None:
    made = _make(as_service)
    answer = as_service.put(f"templates/{made['id']}", _body("order.lost"))
    refused(answer, 422, "path_is_fixed", "/path")
    refused(as_service.post("templates", _body()), 409, "path_taken", "/path")
    assert (Template.objects.count(), TemplateVersion.objects.count()) == (1, 1)


def test_a_deleted_template_sends_no_more_but_delivers_what_was_accepted(
    as_service: Api, ann: User, drain: Callable[[], int]
) -> None:
    made = _make(as_service)
    accepted = _send(as_service, ann).json()["id"]
    assert as_service.delete(f"templates/{made['id']}").status_code == 204
    refused(_send(as_service, ann), 404, "template_not_found", "/template_path")
    assert as_service.get(f"templates/{made['id']}").json()["active"] is False
    drain()
    assert as_service.get(f"notifications/{accepted}/status").json()["status"] == "delivered"
    as_service.put(f"templates/{made['id']}", _body())
    assert _send(as_service, ann).status_code == 201


def test_lists_are_filtered_by_category_channel_path_and_activity(as_service: Api, as_staff: Api) -> None:
    shipped = _make(as_service)
    only_sms = _make(
        as_service, "order.lost", content={"sms": {"default": {"body": "{{ order.id }}"}}}, category="security"
    )
    as_service.delete(f"templates/{only_sms['id']}")
    orders = next(c["id"] for c in as_staff.get("categories").json()["results"] if c["key"] == "orders")

    def found(query: str) -> list[str]:
        return [t["path"] for t in as_service.get(f"templates?{query}").json()["results"]]

    assert found("") == ["order.lost", "order.shipped"]
    assert found("category=orders") == found(f"category={orders}") == ["order.shipped"]
    assert found("channel=email") == ["order.shipped"]
    assert found("channel=sms") == ["order.lost", "order.shipped"]
    assert found("channel=push") == []
    assert found("active=false") == found("path=order.lost") == ["order.lost"]
    assert found("active=true") == [shipped["path"]]
    page = as_service.get("templates?page_size=1").json()
    assert as_service.get(page["next"].split("/api/v1/")[1]).json()["results"][0]["path"] == "order.shipped"


def test_of_several_paths_that_match_the_most_specific_wins(as_service: Api, ann: User) -> None:
    paths = ["order.*", "order.*.delayed", "order.eu.delayed", "order.eu.*"]
    made = {path: _make(as_service, path)["id"] for path in paths}

    def answered(path: str) -> str:
        sent = _send(as_service, ann, path)
        assert sent.status_code == 201, sent.content
        identifier = str(Notification.objects.get(pk=sent.json()["id"]).template_id)
        return next(p for p, i in made.items() if i == identifier)

    assert answered("order.shipped") == "order.*"
    assert answered("order.us.delayed") == "order.*.delayed"
    assert answered("order.eu.lost") == "order.eu.*"
    assert answered("order.eu.delayed") == "order.eu.delayed"
    refused(_send(as_service, ann, "order.us.lost"), 404, "template_not_found")
    refused(_send(as_service, ann, "invoice.shipped"), 404, "template_not_found")


def test_a_template_with_sms_alone_needs_no_channel_to_be_named(as_service: Api, ann: User) -> None:
    _make(as_service, content={"sms": {"default": {"body": "{{ order.id }}"}}})
    sent = _send(as_service, ann, channel=None)
    assert [n["channel"] for n in sent.json()["notifications"]] == ["sms"]


FAULTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "syntax": (
        {"email": {"default": {"subject": "ok", "text": "a\nb\n{% if x %}"}}},
        "template_syntax",
        "/content/email/default/text",
        "line 3",
    ),
    "unknown field": ({"sms": {"default": {"text": "x"}}}, "template_field", "/content/sms/default/text", ""),
    "missing field": ({"email": {"pt-BR": {"text": "x"}}}, "template_field", "/content/email/pt-BR/subject", ""),
    "dunder": (
        {"sms": {"default": {"body": "{{ ''.__class__.__mro__ }}"}}},
        "template_forbidden",
        "/content/sms/default/body",
        "line 1",
    ),
    "import": (
        {"sms": {"default": {"body": "\n{% import 'x' as y %}"}}},
        "template_forbidden",
        "/content/sms/default/body",
        "line 2",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_template_is_refused_with_the_place_and_the_line(as_service: Api, name: str) -> None:
    content, code, pointer, line = FAULTS[name]
    body = _body(content=content, required_variables=[])
    problem = refused(as_service.post("templates", body), 422, code, pointer)
    assert line in problem["detail"]
    assert (Template.objects.count(), TemplateVersion.objects.count(), TemplateContent.objects.count()) == (0, 0, 0)
    report = as_service.post("templates/validate", body)
    assert report.status_code == 200
    assert (report.json()["valid"], report.json()["errors"][0]["code"]) == (False, code)


@pytest.mark.parametrize(
    ("more", "code", "pointer"),
    [
        ({"path": "Order.Shipped"}, "invalid_input", "/path"),
        ({"path": "order..shipped"}, "invalid_input", "/path"),
        ({"path": "order.shipped\n"}, "invalid_input", "/path"),
        ({"path": "*"}, "invalid_path", "/path"),
        ({"path": "*.shipped"}, "invalid_path", "/path"),
        ({"path": "order.sh*ped"}, "invalid_path", "/path"),
        ({"path": "o" * 201}, "invalid_input", "/path"),
        ({"category": "nope"}, "category_not_found", "/category"),
        ({"category": 999_999}, "category_not_found", "/category"),
        ({"content": {}}, "invalid_input", "/content"),
        ({"content": {"email": {}}}, "no_content", "/content"),
        ({"content": {"fax": {"default": {"body": "x"}}}}, "invalid_input", "/content"),
        ({"content": {"sms": {"klingon!": {"body": "x"}}}}, "invalid_locale", "/content/sms/klingon!"),
        ({"content": {"sms": {"default": {"body": "x" * 100_001}}}}, "invalid_input", None),
        ({"required_variables": ["order.id", "no such"]}, "invalid_input", "/required_variables/1"),
        ({"required_variables": ["order.id", "never.used"]}, "unused_variables", "/required_variables"),
        ({"default_priority": 0}, "invalid_input", "/default_priority"),
        ({"name": ""}, "invalid_input", "/name"),
    ],
)
def test_a_malformed_template_is_not_stored(
    as_service: Api, more: dict[str, Any], code: str, pointer: str | None
) -> None:
    problem = refused(as_service.post("templates", _body(**more)), 422, code)
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer
    assert Template.objects.count() == 0
    assert _make(as_service)["version"] == 1


def test_a_refused_change_leaves_the_version_in_force(as_service: Api) -> None:
    made = _make(as_service)
    refused(as_service.put(f"templates/{made['id']}", _body(text="{% broken")), 422, "template_syntax")
    assert as_service.get(f"templates/{made['id']}").json() == made


def test_validation_reports_what_is_declared_and_what_is_used(as_service: Api) -> None:
    body = _body(text="{{ order.id }} {{ coupon }}", optional_variables=["never"])
    report = as_service.post("templates/validate", body).json()
    assert (report["valid"], report["errors"], report["missing"]) == (True, [], [])
    assert (report["unused"], report["undeclared"]) == (["never"], ["coupon"])
    assert Template.objects.count() == 0
    made = _make(as_service, text="{{ order.id }} {{ coupon }}", optional_variables=["never"])
    assert as_service.post(f"templates/{made['id']}/validate").json() == report
