"""The variables of a send against the template's schema, and the sample in test sends."""

from collections.abc import Callable
from typing import Any

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.content import resolve
from clarion.records.ledger.models import Notification
from clarion.records.outbox.models import OutboxMessage
from clarion.records.people.models import User
from clarion.records.templating.models import Template
from tests.conftest import Api, caller_of, make_user
from tests.integration.api_document import refused, watch

SCHEMA = {
    "type": "object",
    "required": ["order"],
    "properties": {
        "order": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "string", "maxLength": 8}, "total": {"type": "number", "minimum": 0}},
        }
    },
}
SAMPLE = {"order": {"id": "A-1", "total": 3}}


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def body(**more: Any) -> dict[str, Any]:
    text = "Order {{ order.id }}: {{ order.total }}"
    return {
        "path": "order.placed",
        "name": "Placed",
        "category": "orders",
        "content": {"sms": {"default": {"body": text}}},
        "schema": SCHEMA,
        "sample": SAMPLE,
        **more,
    }


def send(api: Api, user: User, context: dict[str, Any]) -> Any:
    given = {"user_id": str(user.id), "template_path": "order.placed", "channel": "sms", "context": context}
    return api.post("notifications/send", given)


@pytest.mark.parametrize(
    ("context", "pointer", "words"),
    [
        ({}, "/context/order", "order is required"),
        ({"order": {}}, "/context/order/id", "order.id is required"),
        ({"order": {"id": 7}}, "/context/order/id", "order.id must be of type string"),
        ({"order": {"id": "A", "total": -1}}, "/context/order/total", "order.total is too small: 0 at least"),
        ({"order": {"id": "secret-secret", "total": -1}}, "/context/order/id", "and 1 more"),
    ],
)
def test_a_send_whose_variables_do_not_fit_is_refused_with_the_place(
    as_service: Api, ann: User, context: dict[str, Any], pointer: str, words: str
) -> None:
    assert as_service.post("templates", body()).status_code == 201
    problem = refused(send(as_service, ann, context), 422, "invalid_variables", pointer)
    assert words in problem["detail"]
    assert "secret" not in problem["detail"]
    assert Notification.objects.count() == 0


def test_the_schema_in_force_counts_and_not_the_drafts(as_service: Api, ann: User, drain: Callable[[], int]) -> None:
    made = as_service.post("templates", body()).json()
    loose = body(schema={}, sample={}, publish=False)
    as_service.put(f"templates/{made['id']}", loose)
    refused(send(as_service, ann, {"order": {"id": 7}}), 422, "invalid_variables")
    as_service.post(f"templates/{made['id']}/publish", {})
    assert send(as_service, ann, {"order": {"id": 7}}).status_code == 201
    as_service.post(f"templates/{made['id']}/rollback", {"version": 1})
    refused(send(as_service, ann, {"order": {"id": 7}}), 422, "invalid_variables")
    drain()
    assert OutboxMessage.objects.count() == 1


def test_in_a_bulk_call_each_recipient_is_judged_with_the_shared_context(as_service: Api, ann: User) -> None:
    as_service.post("templates", body())
    one, two, three = ({"user_id": str(user.id), "channel": "sms"} for user in (ann, make_user(), make_user()))
    given = {
        "template_path": "order.placed",
        "context": {"order": {"id": "shared"}},
        "recipients": [one, {**two, "context": {"order": {"id": 7}}}, {**three, "context": {"order": {"id": "B"}}}],
    }
    answer = as_service.post("notifications/bulk", given)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (202, 2, 1)
    job = as_service.get(f"notifications/bulk/{answer.json()['job_id']}").json()
    assert [(each["code"], each["message"]) for each in job["rejections"]] == [
        ("invalid_variables", "order.id must be of type string")
    ]


def test_a_sample_must_satisfy_the_schema(as_service: Api) -> None:
    wrong = body(sample={"order": {"id": 7}})
    refused(as_service.post("templates", wrong), 422, "sample_invalid", "/sample/order/id")
    assert Template.objects.count() == 0
    draft = as_service.post("templates", wrong | {"publish": False}).json()["draft"]
    assert [(p["code"], p["pointer"]) for p in draft["problems"] if p["severity"] == "error"] == [
        ("sample_invalid", "/sample/order/id")
    ]


def test_a_test_send_takes_what_it_lacks_from_the_sample(
    as_staff: Api, as_service: Api, drain: Callable[[], int]
) -> None:
    as_service.post("templates", body())
    for context in ({}, {"order": {"id": "mine"}}):
        answer = as_staff.post("notifications/test", {"type": "sms", "template": "order.placed", "context": context})
        assert answer.status_code == 201, answer.content
    drain()
    assert sorted(m.content["text"] for m in OutboxMessage.objects.all()) == ["Order A-1: 3", "Order mine: 3"]


def test_capitals_in_a_path_are_pointed_out(as_service: Api, ann: User) -> None:
    as_service.post("templates", body())
    given = {"user_id": str(ann.id), "template_path": "Order.Placed", "channel": "sms", "context": SAMPLE}
    refused(as_service.post("notifications/send", given), 422, "invalid_input", "/template_path")
    asked = Send(caller=caller_of(ann), user_id=ann.id, template_path="Order.Placed", channels=(ChannelKey.SMS,))
    with pytest.raises(InputError, match="lower case") as error:
        resolve(asked)
    assert error.value.code == "template_not_found"
