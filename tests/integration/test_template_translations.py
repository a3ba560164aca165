"""Translations: each field falls back by itself, what is missing or behind is told with the people it touches, and a
threshold keeps it from being published."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from clarion.records.outbox.models import OutboxMessage
from clarion.records.templating.models import TemplateContent
from tests.conftest import Api, make_user
from tests.integration.api_document import refused, watch


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def body(default: dict[str, str], path: str = "order.shipped", **more: Any) -> dict[str, Any]:
    """Words for in_app; more locales by name."""
    settings = {k: more.pop(k) for k in list(more) if not isinstance(more[k], dict)}
    locales = {name.replace("_", "-"): fields for name, fields in more.items()}
    content = {"in_app": {"default": default, **locales}}
    return {"path": path, "name": "Shipped", "category": "orders", "content": content, **settings}


def make(api: Api, *given: Any, **more: Any) -> str:
    answer = api.post("templates", body(*given, **more))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def told(api: Api, identifier: str, query: str = "") -> dict[str, tuple[str, int]]:
    found = api.get(f"templates/{identifier}/translations{query}").json()
    return {each["locale"]: (each["state"], each["recipients"]) for each in found["locales"]}


def people(**locales: int) -> None:
    for locale, number in locales.items():
        for _ in range(number):
            make_user(locale=locale.replace("_", "-"), reachable=False)


def test_a_recipient_gets_each_field_from_the_nearest_locale(as_service: Api, drain: Callable[[], int]) -> None:
    locales = {
        "default": {"title": "Shipped", "text": "It is on its way"},
        "pt": {"title": "Enviado", "text": "A caminho"},
        "pt-BR": {"title": "Despachado"},
    }
    assert as_service.post("templates", body({}) | {"content": {"chat": locales}}).status_code == 201
    found = {}
    for locale in ("pt-BR", "pt-PT", "de"):
        given = {"template_path": "order.shipped", "channel": "chat", "user_id": str(make_user(locale=locale).id)}
        sent = as_service.post("notifications/send", given).json()
        drain()
        said = OutboxMessage.objects.get(notification_id=sent["id"]).content
        found[locale] = (said["title"], said["text"])
    assert found == {
        "pt-BR": ("Despachado", "A caminho"),
        "pt-PT": ("Enviado", "A caminho"),
        "de": ("Shipped", "It is on its way"),
    }


def test_missing_and_partial_translations_are_told_with_the_people_they_touch(as_service: Api) -> None:
    people(sw=3, fr=2, fr_CA=1, de=4)
    default = {"title": "Shipped", "body": "On its way", "link": "https://example.com/x"}
    identifier = make(as_service, default, sw={"title": "Imetumwa"}, fr={"title": "Envoyé", "body": "En route"})
    assert told(as_service, identifier) == {"fr": ("complete", 3), "sw": ("partial", 3)}
    changed = body(default, sw={"title": "Imetumwa"}, locales=["sw", "fr", "de", "en-GB"])
    as_service.put(f"templates/{identifier}", changed)
    assert told(as_service, identifier) == {
        "sw": ("partial", 3),
        "fr": ("missing", 3),
        "de": ("missing", 4),
        "en-GB": ("complete", 0),
    }
    whole = as_service.get(f"templates/{identifier}/translations").json()
    assert (whole["complete"], whole["touched"], whole["version"]) == (25, 10, 2)
    sw = next(each for each in whole["locales"] if each["locale"] == "sw")
    assert sw["channels"] == [{"channel": "in_app", "state": "partial", "missing": ["body"], "stale": []}]
    assert told(as_service, identifier, "?version=1") == {"fr": ("complete", 3), "sw": ("partial", 3)}


def test_a_translation_is_stale_once_its_source_changed_and_not_after_it_was_brought_up_to_date(
    as_service: Api,
) -> None:
    people(sw=2)
    old, new = {"title": "Shipped", "body": "On its way"}, {"title": "Shipped", "body": "It left our house"}
    sw = {"title": "Imetumwa", "body": "Iko njiani"}
    identifier = make(as_service, old, sw=sw)

    def put(default: dict[str, str], **more: Any) -> tuple[str, list[str]]:
        answer = as_service.put(f"templates/{identifier}", body(default, **more))
        assert answer.status_code == 200, answer.content
        (locale,) = as_service.get(f"templates/{identifier}/translations").json()["locales"]
        return locale["state"], [name for each in locale["channels"] for name in each["stale"]]

    assert put(new, sw=sw) == ("stale", ["body"])
    assert put(new, sw={**sw, "title": "Imetumwa!"}) == ("stale", ["body"]), "another field was changed"
    assert put(new, sw=sw, reviewed_locales=["sw"]) == ("complete", [])
    assert put(old, sw=sw) == ("stale", ["body"])
    assert put(new, sw=sw) == ("complete", []), "the source is again what it was made from"
    assert put({**new, "body": "It left  our\nhouse"}, sw=sw) == ("complete", []), "white space says nothing"
    assert put(old, sw={**sw, "body": "Iko njiani!"}) == ("complete", [])
    as_service.post(f"templates/{identifier}/rollback", {"version": 2})
    assert told(as_service, identifier) == {"sw": ("stale", 2)}


def test_translations_from_before_they_were_followed_count_from_the_default_beside_them(as_service: Api) -> None:
    identifier = make(as_service, {"title": "Shipped"}, sw={"title": "Imetumwa"})
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE templating_content DISABLE TRIGGER templating_content_immutable")
        cursor.execute("UPDATE templating_content SET made_from = NULL")
        cursor.execute("ALTER TABLE templating_content ENABLE TRIGGER templating_content_immutable")
    assert told(as_service, identifier) == {"sw": ("complete", 0)}
    as_service.put(f"templates/{identifier}", body({"title": "It was shipped"}, sw={"title": "Imetumwa"}))
    assert told(as_service, identifier) == {"sw": ("stale", 0)}
    assert TemplateContent.objects.filter(locale="sw", made_from__isnull=False).count() == 1


def test_a_report_on_all_templates_counts_people_once(as_service: Api) -> None:
    people(sw=5, fr=1)
    for name, more in {"one": {"sw": {"title": "Moja"}}, "two": {}}.items():
        make(as_service, {"title": name}, f"order.{name}", locales=["sw"], **more)
    make(as_service, {"title": "draft"}, "order.draft", locales=["sw"], publish=False)
    page = as_service.get("templates/translations").json()
    assert [(each["path"], each["complete"], each["touched"]) for each in page["results"]] == [
        ("order.two", 0, 5),
        ("order.one", 100, 0),
    ]
    assert (page["recipients"]["sw"], page["recipients"]["fr"]) == (5, 1)
    behind = as_service.get("templates/translations?behind=true").json()
    assert [each["path"] for each in behind["results"]] == ["order.two"]


def test_a_threshold_keeps_what_is_not_translated_from_being_published(as_service: Api, settings: Any) -> None:
    settings.TEMPLATE_LOCALES = ("sw", "fr")
    default = {"title": "Shipped"}
    make(as_service, default, "order.free")
    settings.TEMPLATE_THRESHOLD = 50
    problem = refused(as_service.post("templates", body(default)), 422, "translations_incomplete", "/content")
    assert "sw (missing), fr (missing)" in problem["detail"]
    identifier = make(as_service, default, sw={"title": "Imetumwa"})
    own = body(default, sw={"title": "Imetumwa"}, publish_threshold=100)
    refused(as_service.put(f"templates/{identifier}", own), 422, "translations_incomplete", "/content")
    draft = as_service.put(f"templates/{identifier}", own | {"publish": False}).json()["draft"]
    assert [p["code"] for p in draft["problems"] if p["severity"] == "error"] == ["translations_incomplete"]
    refused(as_service.post(f"templates/{identifier}/publish", {}), 422, "translations_incomplete", "/content")
    stale = body({"title": "It was shipped"}, sw={"title": "Imetumwa"})
    refused(as_service.put(f"templates/{identifier}", stale), 422, "translations_incomplete", "/content")
    assert as_service.put(f"templates/{identifier}", stale | {"reviewed_locales": ["sw"]}).status_code == 200
    assert as_service.put(f"templates/{identifier}", body(default, publish_threshold=0)).status_code == 200
