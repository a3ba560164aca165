"""Chains that templates and categories stand for: whose goes first, what is left out, and what may be saved."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clarion.config import wiring
from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Rejected
from clarion.contract.reasons import Reason
from clarion.contract.registry import Registry, install, installed
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Decision, FallbackTimer, Notification
from clarion.records.people.models import User
from clarion.records.templating.models import Template
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api

Drain = Callable[[], int]
GONE = Rejected(why=Reason.ADDRESS_UNREACHABLE)
CONTENT = {
    "push": {"default": {"title": "Shipped", "body": "It left"}},
    "sms": {"default": {"body": "It left"}},
    "email": {"default": {"subject": "Shipped", "text": "It left"}},
}


@pytest.fixture
def failing_push(ground: None) -> Iterator[dict[str, ScriptedProvider]]:
    before = installed()
    found = {
        "push": ScriptedProvider(name="pusher", script=lambda m: GONE),
        "sms": ScriptedProvider(name="texter"),
        "email": ScriptedProvider(name="mailer"),
    }
    install(Registry([*wiring.PROVIDERS, *(p.entry() for p in found.values())]), before.host)
    book.mirror({ChannelKey(key): [f"{p.name}://"] for key, p in found.items()})
    yield found
    install(before.registry, before.host)


def set_category(api: Api, fallback: Any, key: str = "orders") -> Any:
    return api.patch(f"categories/{Category.objects.get(key=key).id}", {"fallback": fallback})


def make_template(api: Api, fallback: Any = None, **content: Any) -> Any:
    body = {"path": "order.shipped", "name": "Shipped", "category": "orders", "content": content or CONTENT}
    return api.post("templates", {**body, **({} if fallback is None else {"fallback": fallback})})


def send(api: Api, user: User, **given: Any) -> Any:
    answer = api.post("notifications/send", {"user_id": str(user.id), "category": "orders", **given})
    assert answer.status_code == 201, answer.content
    return answer.json()


def first_words(answer: Any) -> str:
    return Decision.objects.filter(notification_id=answer["id"]).order_by("id")[0].detail


INLINE = {"subject": "Hello", "body": "A body"}


def test_a_category_hands_on_where_the_request_names_no_chain(
    as_service: Api, ann: User, failing_push: Any, drain: Drain
) -> None:
    assert set_category(as_service, ["push", "sms"]).json()["fallback"] == {
        "channels": ["push", "sms"],
        "after_seconds": None,
    }
    sent = send(as_service, ann, **INLINE)
    assert sent["channel"] == "push"
    while drain():
        pass
    standing = list(Notification.objects.order_by("id").values_list("channel", "status"))
    assert standing == [("push", "failed"), ("sms", "sent")]
    assert first_words(sent) == "chain of the category orders: push, sms"
    forecast = as_service.post("notifications/explain", {"user_id": str(ann.id), "category": "orders", **INLINE})
    assert [each["channel"] for each in forecast.json()["results"]] == ["push"]


def test_request_before_template_before_category(as_service: Api, ann: User, failing_push: Any) -> None:
    set_category(as_service, ["push", "sms"])
    assert make_template(as_service, {"channels": ["sms", "email"], "after_seconds": 60}).status_code == 201
    by_template = send(as_service, ann, template_path="order.shipped")
    assert (by_template["channel"], first_words(by_template)) == ("sms", "chain of the template: sms, email")
    assert FallbackTimer.objects.filter(pk=by_template["id"]).exists()
    by_request = send(as_service, ann, template_path="order.shipped", fallback=["email", "push"])
    assert (by_request["channel"], first_words(by_request)) == ("email", "")
    with_channel = send(as_service, ann, template_path="order.shipped", channel="push")
    assert first_words(with_channel) == "chain of the template: push, sms, email"
    body = {**make_template_body(), "fallback": None}
    template = Template.objects.get()
    assert as_service.put(f"templates/{template.id}", body).json()["fallback"] is None
    by_category = send(as_service, ann, template_path="order.shipped")
    assert first_words(by_category) == "chain of the category orders: push, sms"


def make_template_body() -> dict[str, Any]:
    return {"path": "order.shipped", "name": "Shipped", "category": "orders", "content": CONTENT}


def test_a_request_may_say_that_it_has_no_chain(as_service: Api, ann: User, failing_push: Any, drain: Drain) -> None:
    set_category(as_service, ["push", "sms"])
    send(as_service, ann, channel="push", fallback="none", **INLINE)
    send(as_service, ann, channels=["push", "email"], **INLINE)
    as_service.post("notifications/test", {"type": "push"})
    while drain():
        pass
    standing = list(Notification.objects.order_by("id").values_list("channel", "status"))
    assert standing[:3] == [("push", "failed"), ("push", "failed"), ("email", "sent")]
    assert not Notification.objects.filter(channel="sms").exists()


def test_channels_without_content_are_left_out_and_nothing_is_refused(
    as_service: Api, ann: User, failing_push: Any
) -> None:
    set_category(as_service, ["push", "email", "sms"])
    make_template(as_service, email=CONTENT["email"], sms=CONTENT["sms"])
    sent = send(as_service, ann, template_path="order.shipped")
    assert first_words(sent) == "chain of the category orders: email, sms"
    Template.objects.all().update(path="other")
    make_template(as_service, email=CONTENT["email"])
    alone = send(as_service, ann, template_path="order.shipped")
    assert (alone["channel"], first_words(alone)) == ("email", "")


def test_channels_that_the_caller_may_not_write_to_are_left_out(
    as_service: Api, as_ann: Api, ann: User, settings: Any
) -> None:
    settings.TRIAL = False
    set_category(as_service, ["sms", "in_app", "websocket"])
    assert Permission.SEND_OTHERS not in ann.permissions
    sent = as_ann.post("notifications/send", {"category": "orders", **INLINE}).json()
    assert first_words(sent) == "chain of the category orders: in_app, websocket"


@pytest.mark.parametrize(
    ("fallback", "code"),
    [
        (["push"], "chain_too_short"),
        (["push", "push"], "duplicate_channel"),
        ({"channels": ["push", "sms"], "after_seconds": 0}, "invalid_input"),
        (["push", "fax"], "invalid_input"),
        ([], "invalid_input"),
        ("none", "invalid_input"),
    ],
)
def test_a_chain_that_makes_no_sense_is_not_saved(fallback: Any, code: str, as_service: Api, ground: None) -> None:
    refused = set_category(as_service, fallback)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert refused.json()["errors"][0]["pointer"].startswith("/fallback")
    assert Category.objects.get(key="orders").fallback == {}
    assert make_template(as_service, fallback).status_code == 422
    assert not Template.objects.exists()


def test_a_templates_chain_needs_content_for_each_channel(as_service: Api, ground: None) -> None:
    refused = make_template(as_service, ["push", "sms"], push=CONTENT["push"])
    assert (refused.status_code, refused.json()["code"]) == (422, "channel_not_supported")
    assert not Template.objects.exists()


def test_null_takes_a_chain_away_and_its_absence_leaves_it(as_service: Api, ground: None) -> None:
    set_category(as_service, ["push", "sms"])
    identifier = Category.objects.get(key="orders").id
    assert as_service.patch(f"categories/{identifier}", {"name": "Orders"}).json()["fallback"] is not None
    assert set_category(as_service, None).json()["fallback"] is None
