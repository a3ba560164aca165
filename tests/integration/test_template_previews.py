"""Previews and test sends of templates: by the API, in any channel and language, of drafts too."""

from typing import Any
from uuid import UUID

import pytest
from conftest import Api, api_as, make_user

from clarion.records.access.permissions import Permission
from clarion.records.ledger.models import Notification, Request
from clarion.records.outbox.models import OutboxMessage
from clarion.records.people.models import User
from clarion.records.templating import writer
from clarion.records.templating.models import Template, TemplateVersion


def body(**more: Any) -> dict[str, Any]:
    return {
        "path": "order.placed",
        "name": "Order placed",
        "category": "orders",
        "required_variables": ["order.id"],
        "sample": {"order": {"id": "A-1"}},
        "content": {
            "email": {
                "default": {
                    "subject": "Order {{ order.id }}",
                    "html": "<p>Dear {{ user.first_name }}</p>",
                    "text": "Hi",
                },
                "sw": {"subject": "Oda {{ order.id }}"},
            },
            "sms": {"default": {"body": "Order {{ order.id }} – done"}},
            "webhook": {"default": {"event": "order.placed"}},
        },
        **more,
    }


def preview(api: Api, template: dict[str, Any] | None = None, **asked: Any) -> Any:
    return api.post("templates/preview", {"template": template or body(), "channel": "email", **asked})


def stored(api: Api, **more: Any) -> UUID:
    answer = api.post("templates", body(**more))
    assert answer.status_code == 201, answer.json()
    return UUID(answer.json()["id"])


def test_a_draft_is_rendered_with_its_sample_and_nothing_is_stored(as_staff: Api) -> None:
    answer = preview(as_staff).json()

    assert answer["parts"]["subject"] == "Order A-1"
    assert answer["parts"]["html"] == "<p>Dear Ann</p>"
    assert (answer["locale"], answer["from_locale"]) == ("default", "default")
    assert answer["faults"] == []
    assert answer["sizes"]["html"] == len("<p>Dear Ann</p>")
    assert not Template.objects.exists()
    assert not Notification.objects.exists()


def test_the_context_given_takes_the_place_of_the_sample(as_staff: Api) -> None:
    answer = preview(as_staff, context={"order": {"id": "B-2"}}).json()

    assert answer["parts"]["subject"] == "Order B-2"


def test_a_translation_is_shown_with_what_falls_back_to_the_default(as_staff: Api) -> None:
    answer = preview(as_staff, locale="sw").json()

    assert answer["parts"]["subject"] == "Oda A-1"
    assert answer["parts"]["text"] == "Hi"
    assert (answer["from_locale"], answer["recipient"]["locale"]) == ("sw", "sw")


def test_an_sms_says_its_segments_and_the_character_that_forces_ucs2(as_staff: Api) -> None:
    answer = preview(as_staff, channel="sms").json()

    assert answer["parts"] == {"body": "Order A-1 – done"}
    assert answer["segments"] == {
        "segments": 1,
        "encoding": "ucs-2",
        "characters": 16,
        "units": 16,
        "limit": 70,
        "forced_by": "–",
    }
    assert "sms_unicode" in [check["code"] for check in answer["checks"]]


def test_a_webhook_shows_the_variables_as_its_data(as_staff: Api) -> None:
    answer = preview(as_staff, channel="webhook").json()

    assert answer["parts"] == {"event": "order.placed", "data": {"order": {"id": "A-1"}}}


def test_what_cannot_be_rendered_is_told_with_its_place(as_staff: Api) -> None:
    template = body()
    template["content"]["email"]["default"]["html"] = "<p>\n{{ order.id | nope }}</p>"
    answer = preview(as_staff, template)

    assert answer.status_code == 200
    assert answer.json()["parts"] == {}
    assert [(fault["field"], fault["line"]) for fault in answer.json()["faults"]] == [("html", 2)]


def test_a_template_that_never_ends_is_ended(as_staff: Api) -> None:
    template = body()
    loops = [f"{{% for {name} in range(1000) %}}" for name in "abc"]
    template["content"]["email"]["default"]["html"] = "".join([*loops, "x", *["{% endfor %}"] * len(loops)])
    answer = preview(as_staff, template)

    assert answer.status_code == 200
    assert answer.json()["parts"] == {}
    assert answer.json()["milliseconds"] < 3000


def test_a_real_persons_preview_has_their_name_and_language_and_a_masked_address(as_staff: Api) -> None:
    juma = make_user(email="juma@example.com", first_name="Juma", last_name="Otieno", locale="sw")
    template = body()
    template["content"]["email"]["default"]["html"] = "<p>{{ user.first_name }} {{ user.email }}</p>"
    answer = preview(as_staff, template, user_id=str(juma.id))

    assert answer.json()["parts"]["subject"] == "Oda A-1"
    assert answer.json()["parts"]["html"] == "<p>Juma j***@example.com</p>"
    assert "juma@" not in answer.content.decode()


def test_a_real_person_is_for_staff_alone(ground: None) -> None:
    author = api_as(make_user(email="author@example.com", permissions=["send", "templates"]))
    juma = make_user(email="juma@example.com", first_name="Juma")

    assert preview(author).status_code == 200
    refused = preview(author, user_id=str(juma.id))
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert "Juma" not in refused.content.decode()


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"channel": "chat"}, 422, "channel_not_supported"),
        ({"locale": "not a locale"}, 422, "invalid_locale"),
        ({"timezone": "Mars/Olympus"}, 422, "invalid_timezone"),
        ({"user_id": "01990000-0000-7000-8000-000000000009"}, 404, "user_not_found"),
    ],
)
def test_what_cannot_be_previewed_is_refused(as_staff: Api, asked: dict[str, Any], status: int, code: str) -> None:
    answer = preview(as_staff, **asked)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_stored_version_is_previewed_by_its_number(as_staff: Api, staff: User) -> None:
    identifier = stored(as_staff)
    changed = body(publish=False, expected_version=1)
    changed["content"]["email"]["default"]["subject"] = "New {{ order.id }}"
    assert as_staff.put(f"templates/{identifier}", changed).status_code == 200

    in_force = as_staff.post(f"templates/{identifier}/preview", {"channel": "email"}).json()
    draft = as_staff.post(f"templates/{identifier}/preview", {"channel": "email", "version": 2}).json()
    absent = as_staff.post(f"templates/{identifier}/preview", {"channel": "email", "version": 9})

    assert (in_force["parts"]["subject"], draft["parts"]["subject"]) == ("Order A-1", "New A-1")
    assert (absent.status_code, absent.json()["code"]) == (404, "version_not_found")


def test_a_draft_is_sent_to_its_author_through_the_ledger(as_staff: Api, staff: User, drain: Any) -> None:
    identifier = stored(as_staff, publish=False)
    answer = as_staff.post(f"templates/{identifier}/test", {"channel": "email"})

    assert answer.status_code == 201
    row = Notification.objects.get()
    assert (row.user_id, row.channel) == (staff.id, "email")
    assert row.version_id == TemplateVersion.objects.get(template_id=identifier).id
    drain()
    assert OutboxMessage.objects.get().content["title"] == "Order A-1"


def test_a_test_is_in_the_language_asked_for_whoever_asks(as_staff: Api, staff: User, drain: Any) -> None:
    identifier = stored(as_staff)
    as_staff.post(f"templates/{identifier}/test", {"channel": "email", "locale": "sw"})
    drain()

    assert OutboxMessage.objects.get().content["title"] == "Oda A-1"


def test_variables_that_a_test_lacks_get_stand_ins(as_staff: Api, staff: User, drain: Any) -> None:
    identifier = stored(as_staff, sample={})
    as_staff.post(f"templates/{identifier}/test", {"channel": "sms"})
    drain()

    assert OutboxMessage.objects.get().content["text"] == "Order [order.id] – done"


def test_a_test_must_satisfy_the_schema_of_its_own_version(as_staff: Api, staff: User, drain: Any) -> None:
    schema = {"type": "object", "properties": {"order": {"type": "object", "properties": {"id": {"maxLength": 3}}}}}
    identifier = stored(as_staff, publish=False, schema=schema)
    refused = as_staff.post(
        f"templates/{identifier}/test", {"channel": "email", "context": {"order": {"id": "much too long"}}}
    )

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_variables")
    assert not Notification.objects.exists()
    assert as_staff.post(f"templates/{identifier}/test", {"channel": "email"}).status_code == 201


def test_staff_get_their_test_whatever_they_wish_for_themselves(as_staff: Api, staff: User, drain: Any) -> None:
    identifier = stored(as_staff)
    as_staff.patch("preferences", {"global": {"notifications_enabled": False}})
    answer = as_staff.post(f"templates/{identifier}/test", {"channel": "email"})

    assert answer.status_code == 201
    drain()
    assert OutboxMessage.objects.count() == 1


def test_a_test_of_a_channel_without_content_stores_nothing(as_staff: Api, staff: User) -> None:
    identifier = stored(as_staff)
    answer = as_staff.post(f"templates/{identifier}/test", {"channel": "push"})

    assert (answer.status_code, answer.json()["code"]) == (422, "channel_not_supported")
    assert not Notification.objects.exists()
    assert not Request.objects.exists()


def test_no_ordinary_send_reaches_a_draft(as_staff: Api, staff: User) -> None:
    stored(as_staff, publish=False)
    answer = as_staff.post("notifications/send", {"template_path": "order.placed", "context": {"order": {"id": "1"}}})

    assert (answer.status_code, answer.json()["code"]) == (404, "template_not_found")
    assert writer.current_draft(Template.objects.get()) is not None


def test_previews_and_tests_need_the_permission_templates(as_ann: Api, as_staff: Api) -> None:
    identifier = stored(as_staff)

    assert preview(as_ann).status_code == 403
    assert as_ann.post(f"templates/{identifier}/preview", {"channel": "email"}).status_code == 403
    assert as_ann.post(f"templates/{identifier}/test", {"channel": "email"}).status_code == 403
    assert Permission.TEMPLATES == "templates"
    assert not Notification.objects.exists()
