"""Versions of templates through the API: drafts, publishing, rollback, differences, and two editors at once."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from clarion.contract.channel import ChannelKey
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Notification
from clarion.records.outbox.models import OutboxMessage
from clarion.records.people.models import User
from clarion.records.templating import writer
from clarion.records.templating.catalog import Catalog, contents
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import Template, TemplateContent, TemplateVersion
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture
def as_other(ground: None) -> Api:
    """Another member of staff."""
    return api_as(make_user(email="other@example.com", is_staff=True))


@pytest.fixture
def four_eyes(settings: Any) -> None:
    settings.TEMPLATE_FOUR_EYES = True


def body(text: str = "first", **more: Any) -> dict[str, Any]:
    content = {"sms": {"default": {"body": text}}, "in_app": {"default": {"title": "Shipped", "body": text}}}
    return {"path": "order.shipped", "name": "Shipped", "category": "orders", "content": content, **more}


def make(api: Api, text: str = "first", **more: Any) -> dict[str, Any]:
    answer = api.post("templates", body(text, **more))
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def send(api: Api, user: User) -> Any:
    return api.post("notifications/send", {"user_id": str(user.id), "template_path": "order.shipped", "channel": "sms"})


def states(api: Api, identifier: str) -> list[tuple[int, str]]:
    return [(v["number"], v["state"]) for v in api.get(f"templates/{identifier}/versions").json()["results"]]


def test_a_draft_is_seen_and_sends_nothing_until_it_is_published(
    as_service: Api, ann: User, drain: Callable[[], int]
) -> None:
    made = make(as_service, publish=False)
    assert (made["state"], made["version"], made["draft_version"], made["latest_version"]) == ("draft", 1, 1, 1)
    assert made["draft"]["content"] == made["content"] == body()["content"]
    refused(send(as_service, ann), 404, "template_not_found", "/template_path")
    assert [t["path"] for t in as_service.get("templates").json()["results"]] == ["order.shipped"]
    assert as_service.get("templates?published=true").json()["results"] == []
    published = as_service.post(f"templates/{made['id']}/publish", {"note": "go"}).json()
    assert (published["state"], published["version"], published["draft"]) == ("published", 1, None)
    assert send(as_service, ann).status_code == 201
    drain()
    assert OutboxMessage.objects.count() == 1


def test_what_was_accepted_keeps_its_version_over_a_publish_in_between(
    as_service: Api, ann: User, drain: Callable[[], int]
) -> None:
    made = make(as_service, "old words")
    before = send(as_service, ann).json()["id"]
    as_service.put(f"templates/{made['id']}", body("new words", publish=False))
    with_draft = send(as_service, ann).json()["id"]
    as_service.post(f"templates/{made['id']}/publish", {})
    after = send(as_service, ann).json()["id"]
    drain()
    words = {str(m.notification_id): m.content["text"] for m in OutboxMessage.objects.all()}
    assert words == {before: "old words", with_draft: "old words", after: "new words"}
    numbers = {str(n.id): TemplateVersion.objects.get(pk=n.version_id).number for n in Notification.objects.all()}
    assert numbers == {before: 1, with_draft: 1, after: 2}
    assert states(as_service, made["id"]) == [(2, "published"), (1, "archived")]


def test_a_save_replaces_the_draft_and_publishing_archives_what_was_in_force(as_service: Api) -> None:
    made = make(as_service)
    for text in ("second", "third"):
        saved = as_service.put(f"templates/{made['id']}", body(text, publish=False)).json()
    assert (saved["version"], saved["draft_version"]) == (1, 3)
    assert (saved["content"]["sms"]["default"]["body"], saved["draft"]["content"]["sms"]["default"]["body"]) == (
        "first",
        "third",
    )
    assert states(as_service, made["id"]) == [(3, "draft"), (2, "archived"), (1, "published")]
    refused(as_service.post(f"templates/{made['id']}/publish", {"version": 2}), 409, "not_a_draft", "/version")
    as_service.post(f"templates/{made['id']}/publish", {"version": 3})
    assert states(as_service, made["id"]) == [(3, "published"), (2, "archived"), (1, "archived")]
    refused(as_service.post(f"templates/{made['id']}/publish", {}), 409, "not_a_draft", "/version")


def test_settings_come_into_force_with_their_version(as_service: Api, ann: User) -> None:
    made = make(as_service)
    draft = body("{{ code }}", required_variables=["code"], name="New name", category="security", publish=False)
    draft["content"].pop("in_app")
    saved = as_service.put(f"templates/{made['id']}", draft).json()
    assert (saved["name"], saved["category"], saved["required_variables"]) == ("Shipped", "orders", [])
    assert send(as_service, ann).status_code == 201
    as_service.post(f"templates/{made['id']}/publish", {})
    now = as_service.get(f"templates/{made['id']}").json()
    assert (now["name"], now["category"], now["channels"]) == ("New name", "security", ["sms"])
    refused(send(as_service, ann), 422, "missing_variables")
    back = as_service.post(f"templates/{made['id']}/rollback", {"version": 1}).json()
    assert (back["name"], back["category"], sorted(back["channels"])) == ("Shipped", "orders", ["in_app", "sms"])
    assert send(as_service, ann).status_code == 201


def test_who_wrote_and_who_published_and_why_is_kept(as_staff: Api, as_other: Api, staff: User) -> None:
    made = make(as_staff, note="because of the law", publish=False)
    as_other.post(f"templates/{made['id']}/publish", {"note": "read and found right"})
    shown = as_staff.get(f"templates/{made['id']}/versions/1").json()
    other = User.objects.exclude(pk=staff.id).get()
    assert (shown["author_id"], shown["note"]) == (str(staff.id), "because of the law")
    assert (shown["publisher_id"], shown["publish_note"]) == (str(other.id), "read and found right")
    assert shown["published_at"] >= shown["created_at"]
    assert shown["archived_at"] is None
    back = as_staff.put(f"templates/{made['id']}", body("second")).json()
    as_other.post(f"templates/{made['id']}/rollback", {"version": 1, "note": "wrong prices"})
    shown = as_staff.get(f"templates/{made['id']}/versions/3").json()
    assert (back["version"], shown["restored_from"], shown["publish_note"]) == (2, 1, "wrong prices")
    assert shown["author_id"] == shown["publisher_id"] == str(other.id)


def test_a_rollback_is_a_new_version_with_the_old_words(as_service: Api, ann: User, drain: Callable[[], int]) -> None:
    made = make(as_service, "good")
    as_service.put(f"templates/{made['id']}", body("bad"))
    back = as_service.post(f"templates/{made['id']}/rollback", {"version": 1}).json()
    assert (back["version"], back["content"]) == (3, body("good")["content"])
    assert states(as_service, made["id"]) == [(3, "published"), (2, "archived"), (1, "archived")]
    send(as_service, ann)
    drain()
    assert OutboxMessage.objects.get().content["text"] == "good"
    refused(as_service.post(f"templates/{made['id']}/rollback", {"version": 3}), 409, "already_in_force", "/version")
    refused(as_service.post(f"templates/{made['id']}/rollback", {"version": 9}), 404, "version_not_found", "/version")
    as_service.put(f"templates/{made['id']}", body("draft", publish=False))
    refused(as_service.post(f"templates/{made['id']}/rollback", {"version": 4}), 409, "never_published", "/version")
    assert len(states(as_service, made["id"])) == 4


def test_a_draft_of_before_a_rollback_is_not_published_over_it(as_service: Api) -> None:
    made = make(as_service, "one")
    as_service.put(f"templates/{made['id']}", body("two"))
    as_service.put(f"templates/{made['id']}", body("three", publish=False))
    as_service.post(f"templates/{made['id']}/rollback", {"version": 1})
    refused(as_service.post(f"templates/{made['id']}/publish", {}), 409, "version_conflict", "/version")
    saved = as_service.put(f"templates/{made['id']}", body("three", publish=False, expected_version=4)).json()
    assert saved["draft_version"] == 5
    assert as_service.post(f"templates/{made['id']}/publish", {}).json()["version"] == 5


def test_a_draft_may_have_errors_and_is_not_published_with_them(as_service: Api) -> None:
    made = make(as_service, "{% if x %}", publish=False)
    errors = {(p["code"], p["pointer"]) for p in made["draft"]["problems"] if p["severity"] == "error"}
    assert errors == {
        ("template_syntax", "/content/sms/default/body"),
        ("template_syntax", "/content/in_app/default/body"),
    }
    answer = as_service.post(f"templates/{made['id']}/publish", {})
    refused(answer, 422, "template_syntax")
    assert states(as_service, made["id"]) == [(1, "draft")]
    report = as_service.post(f"templates/{made['id']}/validate").json()
    assert (report["valid"], {e["code"] for e in report["errors"]}) == (False, {"template_syntax"})


def test_a_sample_that_cannot_be_rendered_stops_publishing(as_service: Api) -> None:
    text = "{% for n in numbers %}{{ 10 // n }}{% endfor %}"
    given = {"optional_variables": ["numbers"], "sample": {"numbers": [5, 0]}}
    refused(as_service.post("templates", body(text, **given)), 422, "template_value", "/content/sms/default/body")
    assert Template.objects.count() == 0
    given["sample"] = {"numbers": [5, 1]}
    assert make(as_service, text, **given)["sample"] == {"numbers": [5, 1]}


def test_a_draft_can_be_discarded(as_service: Api) -> None:
    made = make(as_service)
    as_service.put(f"templates/{made['id']}", body("second", publish=False))
    gone = as_service.post(f"templates/{made['id']}/versions/2/discard").json()
    assert (gone["state"], gone["published_at"]) == ("archived", None)
    assert as_service.get(f"templates/{made['id']}").json()["draft"] is None
    refused(as_service.post(f"templates/{made['id']}/versions/1/discard"), 409, "not_a_draft", "/version")
    assert states(as_service, made["id"]) == [(2, "archived"), (1, "published")]


def test_out_of_use_and_back(as_service: Api, ann: User) -> None:
    made = make(as_service)
    assert as_service.post(f"templates/{made['id']}/archive").json()["active"] is False
    refused(send(as_service, ann), 404, "template_not_found")
    as_service.put(f"templates/{made['id']}", body("draft", publish=False))
    as_service.post(f"templates/{made['id']}/publish", {})
    refused(send(as_service, ann), 404, "template_not_found")
    assert as_service.post(f"templates/{made['id']}/restore").json()["active"] is True
    assert send(as_service, ann).status_code == 201


def test_the_difference_of_two_versions_is_told_by_field_and_setting(as_service: Api) -> None:
    made = make(as_service, "Dear {{ name }}\nbye", optional_variables=["name"], sample={"name": "Ann"})
    second = body("Hello {{ name }}\nbye", optional_variables=["name"], sample={"name": "Bob"}, name="Other")
    second["content"]["sms"]["sw"] = {"body": "Jambo {{ name }}"}
    second["content"].pop("in_app")
    as_service.put(f"templates/{made['id']}", second)
    found = as_service.get(f"templates/{made['id']}/diff?from=1&to=2&rendered=true").json()
    assert [(s["name"], s["before"], s["after"]) for s in found["settings"]] == [
        ("name", "Shipped", "Other"),
        ("sample", {"name": "Ann"}, {"name": "Bob"}),
    ]
    fields = {(f["channel"], f["locale"], f["field"]): (f["change"], f["diff"].splitlines()) for f in found["fields"]}
    assert fields == {
        ("in_app", "default", "body"): ("removed", ["@@ -1,2 +0,0 @@", "-Dear {{ name }}", "-bye"]),
        ("in_app", "default", "title"): ("removed", ["@@ -1 +0,0 @@", "-Shipped"]),
        ("sms", "default", "body"): (
            "changed",
            ["@@ -1,2 +1,2 @@", "-Dear {{ name }}", "+Hello {{ name }}", " bye"],
        ),
        ("sms", "sw", "body"): ("added", ["@@ -0,0 +1 @@", "+Jambo {{ name }}"]),
    }
    rendered = {(f["channel"], f["locale"]): f["diff"].splitlines()[1:] for f in found["rendered"]}
    assert rendered[("sms", "default")] == ["-Dear Bob", "+Hello Bob", " bye"]
    assert rendered[("sms", "sw")] == ["-Dear Bob", "-bye", "+Jambo Bob"]
    back = as_service.get(f"templates/{made['id']}/diff?from=2&to=2").json()
    assert (back["settings"], back["fields"], back["rendered"]) == ([], [], None)
    refused(as_service.get(f"templates/{made['id']}/diff?from=1&to=9"), 404, "version_not_found", "/query/to")
    refused(as_service.get(f"templates/{made['id']}/diff?from=1"), 422, "invalid_input")


def test_nobody_saves_over_what_they_have_not_seen(as_staff: Api, as_other: Api) -> None:
    answer = as_staff.post("templates", body())
    identifier, etag = answer.json()["id"], answer.headers["ETag"]
    assert etag == as_other.get(f"templates/{identifier}").headers["ETag"] == '"1"'
    put = f"templates/{identifier}"
    first = as_staff.put(put, body("staff", publish=False), headers={"If-Match": etag})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    late = as_other.put(put, body("other", publish=False), headers={"If-Match": etag})
    refused(late, 409, "version_conflict", "/expected_version")
    refused(as_other.put(put, body("other", expected_version=1)), 409, "version_conflict", "/expected_version")
    refused(as_other.put(put, body("other", publish=False)), 409, "version_conflict", "/expected_version")
    refused(as_other.put(put, body("other")), 409, "version_conflict", "/expected_version")
    refused(as_other.put(put, body(), headers={"If-Match": "nonsense"}), 422, "invalid_etag")
    refused(as_other.post(f"{put}/publish", {"expected_version": 1}), 409, "version_conflict", "/expected_version")
    rollback = {"version": 1, "expected_version": 1}
    as_staff.put(put, body("staff again"))
    refused(as_other.post(f"{put}/rollback", rollback), 409, "version_conflict", "/expected_version")
    assert states(as_staff, identifier) == [(3, "published"), (2, "archived"), (1, "archived")]
    assert as_other.put(put, body("other"), headers={"If-Match": '"3"'}).json()["version"] == 4


@pytest.mark.usefixtures("real_ground")
def test_of_many_editors_at_once_one_wins_and_the_others_are_told() -> None:
    users = [make_user(email=f"editor.{n}@example.com", is_staff=True) for n in range(6)]
    identifier = make(api_as(users[0]))["id"]
    barrier, statuses = Barrier(len(users)), []

    def edit(user: User) -> None:
        api = api_as(user)
        barrier.wait()
        answer = api.put(f"templates/{identifier}", body(user.email[:8], publish=False, expected_version=1))
        statuses.append((answer.status_code, answer.json().get("code")))
        connection.close()

    threads = [Thread(target=edit, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses, key=str) == [(200, None)] + [(409, "version_conflict")] * 5
    assert TemplateVersion.objects.count() == 2


@pytest.mark.usefixtures("real_ground")
def test_publishing_switches_all_channels_and_locales_at_once() -> None:
    """Whoever looks meanwhile sees one version in all places, never some old and some new words."""
    places = [(ChannelKey.SMS, "body"), (ChannelKey.IN_APP, "title")]

    def draft(word: str) -> Draft:
        content = {key: {locale: {field: word} for locale in ("", "sw", "fr")} for key, field in places}
        category = Category.objects.get(key="orders").id
        return Draft(path="order.shipped", name="x", category_id=category, content=content)

    template = writer.create(draft("0"), None)
    done = False

    def publish() -> None:
        nonlocal done
        for number in range(1, 25):
            writer.save(template.id, draft(str(number)), None, publish=True)
        done = True
        connection.close()

    writing = Thread(target=publish)
    writing.start()
    catalog, seen = Catalog(), set()
    while not done:
        catalog.refresh()
        facts = catalog.find("order.shipped")
        assert facts is not None
        words = {
            word for fields in contents.of([facts.version_id])[facts.version_id].values() for word in fields.values()
        }
        assert len(words) == 1
        seen |= words
    writing.join()
    assert len(seen) > 1


@pytest.mark.usefixtures("four_eyes")
def test_with_four_eyes_nobody_publishes_what_they_wrote(as_staff: Api, as_other: Api, ann: User) -> None:
    made = make(as_staff)
    assert (made["state"], made["draft_version"]) == ("draft", 1)
    put = f"templates/{made['id']}"
    refused(as_staff.post(f"{put}/publish", {}), 403, "four_eyes", "/version")
    assert as_other.post(f"{put}/publish", {}).json()["state"] == "published"
    # a draft that others worked on before
    as_staff.put(put, body("by staff"))
    as_other.put(put, body("finished by other", expected_version=2))
    for api in (as_staff, as_other):
        refused(api.post(f"{put}/publish", {}), 403, "four_eyes", "/version")
    third = api_as(make_user(email="third@example.com", is_staff=True))
    assert third.post(f"{put}/publish", {}).json()["version"] == 3
    # nor back to what they wrote
    refused(as_staff.post(f"{put}/rollback", {"version": 1}), 403, "four_eyes", "/version")
    assert as_staff.get(put).json()["version"] == 3
    assert as_other.post(f"{put}/rollback", {"version": 1}).json()["version"] == 4


@pytest.mark.usefixtures("ground")
def test_the_content_of_a_version_cannot_be_changed_even_by_hand(as_service: Api) -> None:
    make(as_service)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        TemplateContent.objects.update(fields={"body": "other"})
    assert {row.fields.get("body", "first") for row in TemplateContent.objects.all()} == {"first"}


def test_patterns_that_make_it_unclear_who_answers_are_refused(as_service: Api) -> None:
    for path in ("order.*.late", "order.eu.late.*"):
        make(as_service, path=path)
    refused(as_service.post("templates", body(path="order.eu.*")), 409, "path_ambiguous", "/path")
    make(as_service, path="order.eu.late", publish=False)
    make(as_service, path="order.eu.*")
    assert Template.objects.count() == 4


def test_bodies_that_are_too_large_and_locales_that_do_not_exist_are_refused(as_service: Api) -> None:
    refused(as_service.post("templates", body("x" * 10_000_000)), 413, "body_too_large")
    refused(as_service.post("templates", body(locales=["xx"])), 422, "invalid_locale", "/locales/0")
    refused(as_service.post("templates", body(reviewed_locales=["pt-XXX"])), 422, "invalid_locale")
    unknown = body()
    unknown["content"]["sms"]["xx-YY"] = {"body": "?"}
    refused(as_service.post("templates", unknown), 422, "invalid_locale", "/content/sms/xx-YY")
    twice = body()
    twice["content"]["sms"] |= {"pt-BR": {"body": "a"}, "pt_BR": {"body": "b"}}
    refused(as_service.post("templates", twice), 422, "duplicate_locale", "/content/sms/pt_BR")
    many = {locale: {"body": "x" * 90_000} for locale in ("default", "fr", "sw", "de", "es", "it", "nl", "pt", "pl")}
    large = body(content={"sms": many, "chat": {k: {"text": v["body"]} for k, v in many.items()}})
    large["content"]["in_app"] = {k: {"title": "x", "body": v["body"]} for k, v in many.items()}
    large["content"]["push"] = {k: {"title": "x", "body": v["body"]} for k, v in many.items()}
    large["content"]["websocket"] = large["content"]["in_app"]
    refused(as_service.post("templates", large | {"publish": False}), 422, "content_too_large", "/content")
    refused(as_service.post("templates", body(schema={"$ref": "http://a/b"})), 422, "invalid_schema", "/schema/$ref")
    refused(as_service.get(f"templates/{UUID(int=1)}/versions/1"), 404, "template_not_found")
    assert Template.objects.count() == 0
