"""The console's doors: who may enter, what its pages forbid themselves, what it stores; without a browser."""

import re
from typing import Any
from uuid import UUID

import pytest
from conftest import api_as, make_user
from django.test import Client

from clarion.records import volatile
from clarion.records.access.throttle import LIMIT, too_many_logins
from clarion.records.people.models import User
from clarion.records.templating.models import Template, TemplateVersion
from clarion.surfaces.console.registry import PAGES
from clarion.surfaces.pages.login import TOO_OFTEN, WRONG

PASSWORD = "correct horse battery"
TEMPLATE = {
    "path": "order.placed",
    "name": "Order placed",
    "category": "orders",
    "sample": {"order": {"id": "A-1"}},
    "content": {"email": {"default": {"subject": "Order {{ order.id }}", "text": "Hello"}}},
}


def signed_in(**given: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(**given))
    return client


@pytest.fixture
def console(ground: None) -> Client:
    return signed_in(email="sara@example.com", is_staff=True, first_name="Sara", last_name="Staff")


def send(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/console/templates/{path}", body, content_type="application/json")


def made(client: Client, **more: Any) -> UUID:
    answer = send(client, "create", {"template": {**TEMPLATE, **more}})
    assert answer.status_code == 201, answer.content
    return UUID(answer.json()["id"])


def test_every_page_asks_who_is_there(ground: None) -> None:
    addresses = ["/console/", *(page.url for page in PAGES), "/console/templates/new"]
    for address in addresses:
        answer = Client().get(address)
        assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={address}")


def test_data_is_refused_with_a_problem_to_whoever_has_no_session(ground: None) -> None:
    answer = send(Client(), "create", {"template": TEMPLATE})

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert not Template.objects.exists()


def test_a_token_of_the_api_opens_no_page(staff: User) -> None:
    assert api_as(staff)._client.get("/console/", headers=api_as(staff)._headers).status_code == 302


def test_staff_see_every_page(console: Client) -> None:
    for address in ("/console/", "/console/templates/", "/console/templates/new"):
        assert console.get(address).status_code == 200


def test_an_author_who_is_not_staff_writes_templates_and_sees_no_people(ground: None) -> None:
    author = signed_in(email="author@example.com", permissions=["send", "templates"])

    assert author.get("/console/templates/").status_code == 200
    assert made(author)
    assert author.get("/console/templates/people").status_code == 403


@pytest.mark.parametrize(
    ("given", "enters"),
    [({"is_staff": True}, True), ({"permissions": ["templates"]}, True), ({"permissions": ["send", "bulk"]}, False)],
)
def test_the_login_lets_in_whoever_has_a_page(ground: None, given: dict[str, Any], enters: bool) -> None:
    ann = make_user(email="ann@example.com", **given)
    ann.set_password(PASSWORD)
    ann.save()
    client = Client()
    answer = client.post("/login/?next=/console/", {"email": "ann@example.com", "password": PASSWORD})

    assert (answer.status_code == 302) is enters
    assert (client.get("/console/").status_code == 200) is enters
    assert (WRONG in answer.content.decode()) is not enters


def test_who_lost_the_permission_is_told_and_stores_nothing(ground: None) -> None:
    author = signed_in(email="author@example.com", permissions=["send", "templates"])
    User.objects.update(permissions=["send"])

    page = author.get("/console/templates/")
    answer = send(author, "create", {"template": TEMPLATE})

    assert page.status_code == 403
    assert "not for your account" in page.content.decode()
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert not Template.objects.exists()


def test_who_is_out_of_use_is_out_at_once(console: Client) -> None:
    User.objects.update(is_active=False)

    assert console.get("/console/").status_code == 302
    assert send(console, "create", {"template": TEMPLATE}).status_code == 401


def test_the_login_tells_nobody_which_addresses_exist_and_slows_guessing_down(ground: None) -> None:
    make_user(email="sara@example.com", is_staff=True)
    known = Client().post("/login/", {"email": "sara@example.com", "password": "wrong"}).content.decode()
    unknown = Client().post("/login/", {"email": "nobody@example.com", "password": "wrong"}).content.decode()

    assert WRONG in known
    assert WRONG in unknown
    for _ in range(LIMIT):
        too_many_logins(volatile.connection(), "anybody@example.com", "127.0.0.1")
    slowed = Client().post("/login/", {"email": "sara@example.com", "password": "wrong"})
    assert TOO_OFTEN in slowed.content.decode()


def test_a_change_without_the_csrf_token_is_refused(ground: None) -> None:
    sara = make_user(email="sara@example.com", is_staff=True)
    client = Client(enforce_csrf_checks=True)
    client.force_login(sara)

    assert send(client, "create", {"template": TEMPLATE}).status_code == 403
    assert not Template.objects.exists()


def test_pages_run_no_inline_script_and_load_nothing_from_elsewhere(console: Client) -> None:
    identifier = made(console, name="</script><script>alert(1)</script>")
    for address in ("/console/", "/console/templates/", "/console/templates/new", f"/console/templates/{identifier}/"):
        answer = console.get(address)
        policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert re.fullmatch(r"'self' 'nonce-[\w-]{22}'", policy["style-src"])
        assert policy["frame-ancestors"] == "'none'"
        assert answer["Cache-Control"].startswith("max-age=0, no-cache")
        text = answer.content.decode()
        scripts = re.findall(r"<script([^>]*)>", text)
        assert all('src="/static/' in script or 'type="application/json"' in script for script in scripts), scripts
        assert re.findall(r'\s(?:on\w+|style)="', text) == []
        assert re.findall(r'(?:src|href)="(?:https?:)?//', text) == []


def test_each_answer_has_a_nonce_of_its_own(console: Client) -> None:
    policies = {console.get("/console/")["Content-Security-Policy"] for _ in range(3)}

    assert len(policies) == 3


def test_the_api_and_other_pages_keep_their_own_policy(console: Client) -> None:
    assert "nonce" not in console.get("/outbox/")["Content-Security-Policy"]
    assert "set-cookie" not in {name.lower() for name in Client().get("/api/v1/core/health").headers}


def test_rendered_html_is_locked_up_wherever_it_is_shown(console: Client) -> None:
    answer = console.post("/console/templates/preview/html", {"html": "<script>x</script>", "scheme": "light"})

    assert answer.content == b"<script>x</script>"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'; img-src data: https:;")
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_rendered_html_answers_only_to_authors_and_their_own_pages(ground: None) -> None:
    sara = make_user(email="sara@example.com", is_staff=True)
    client = Client(enforce_csrf_checks=True)
    client.force_login(sara)

    assert client.post("/console/templates/preview/html", {"html": "<p>"}).status_code == 403
    assert Client().post("/console/templates/preview/html", {"html": "<p>"}).status_code == 401


@pytest.mark.parametrize(("scheme", "condition"), [("dark", "(min-width: 0)"), ("light", "(max-width: 0)")])
def test_light_and_dark_are_chosen_for_the_mail(console: Client, scheme: str, condition: str) -> None:
    html = "<style>@media (prefers-color-scheme: dark) { p { color: red } }</style>"
    answer = console.post("/console/templates/preview/html", {"html": html, "scheme": scheme})

    assert answer.content.decode() == f"<style>@media {condition} {{ p {{ color: red }} }}</style>"


def test_a_new_template_waits_as_a_draft_until_it_is_published(console: Client) -> None:
    identifier = made(console)
    assert Template.objects.get().current_version is None

    answer = send(console, f"{identifier}/publish", {"number": 1, "note": "at last"})

    assert answer.status_code == 200
    assert (answer.json()["published"], answer.json()["state"]) == (1, "published")
    version = TemplateVersion.objects.get()
    assert (version.publish_note, version.publisher_id) == ("at last", User.objects.get().id)


def test_saving_on_top_of_what_somebody_else_saved_stores_nothing_and_shows_theirs(console: Client) -> None:
    identifier = made(console)
    other = signed_in(email="omar@example.com", is_staff=True, first_name="Omar", last_name="Other")
    theirs = {**TEMPLATE, "name": "Theirs"}
    assert send(other, f"{identifier}/save", {"template": theirs, "expected_version": 1}).status_code == 200

    answer = send(console, f"{identifier}/save", {"template": {**TEMPLATE, "name": "Mine"}, "expected_version": 1})

    assert (answer.status_code, answer.json()["code"]) == (409, "version_conflict")
    stored = answer.json()["stored"]
    assert (stored["version"], stored["saved_by"], stored["template"]["name"]) == (2, "Omar Other", "Theirs")
    assert list(TemplateVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_a_rollback_brings_back_what_was_and_says_why(console: Client) -> None:
    identifier = made(console)
    send(console, f"{identifier}/publish", {"number": 1})
    changed = {**TEMPLATE, "content": {"email": {"default": {"subject": "Changed", "text": "Hello"}}}}
    send(console, f"{identifier}/save", {"template": changed, "expected_version": 1})
    send(console, f"{identifier}/publish", {"number": 2})

    answer = send(console, f"{identifier}/rollback", {"number": 1, "note": "too soon"})

    assert answer.json()["template"]["content"] == TEMPLATE["content"]
    lines = console.get(f"/console/templates/{identifier}/versions").json()["versions"]
    assert [(line["number"], line["state"], line["restored_from"]) for line in lines] == [
        (3, "published", 1),
        (2, "archived", None),
        (1, "archived", None),
    ]
    assert (lines[0]["author"], lines[0]["publish_note"]) == ("Sara Staff", "too soon")


def test_checks_say_where_and_variables_say_what_is_used_where(console: Client) -> None:
    content = {"email": {"default": {"subject": "Order {{ order.id }}", "text": "a\n{{ nope | nope }}"}}}
    answer = send(console, "check", {"template": {**TEMPLATE, "content": content, "required_variables": ["order.id"]}})

    found = answer.json()
    errors = [(c["channel"], c["locale"], c["field"], c["line"]) for c in found["checks"] if c["severity"] == "error"]
    assert errors == [("email", "default", "text", 2)]
    order = next(each for each in found["variables"] if each["name"] == "order.id")
    assert order["standing"] == "required"
    assert order["used"] == [{"channel": "email", "locale": "default", "field": "subject"}]


def test_a_translation_that_the_default_outran_is_told(console: Client) -> None:
    content = {"email": {"default": {"subject": "One", "text": "Hello"}, "sw": {"subject": "Moja", "text": "Habari"}}}
    identifier = made(console, content=content)
    content["email"]["default"]["subject"] = "Two"
    answer = send(console, "check", {"template": {**TEMPLATE, "content": content}, "id": str(identifier)})

    assert {"channel": "email", "locale": "sw", "state": "stale"} in answer.json()["behind"]


def test_people_are_found_by_what_one_knows_of_them_whole_and_shown_masked(console: Client) -> None:
    juma = make_user(email="juma@example.com", external_id="crm-77", first_name="Juma", phone="+255712345678")

    for words in ("juma@example.com", "JUMA@example.COM"[:4].lower() + "@EXAMPLE.com", "crm-77", str(juma.id)):
        found = console.get("/console/templates/people", {"q": words}).json()["people"]
        assert [each["id"] for each in found] == [str(juma.id)], words
    assert found[0]["email"] == "j***@example.com"
    assert console.get("/console/templates/people", {"q": "jum"}).json()["people"] == []
    assert "juma@" not in console.get("/console/templates/people").content.decode()


def test_the_list_is_searched_and_filtered(console: Client) -> None:
    made(console)
    both = {"email": {"default": {"subject": "Hi", "text": "Hi"}, "sw": {"subject": "Habari", "text": "x"}}}
    half = {**both, "sms": {"default": {"body": "Hi"}}}
    both["webhook"] = {"default": {"event": "welcome"}}  # nothing to translate
    shipped = made(console, path="order.shipped", name="Order shipped", content=half)
    welcome = made(console, path="welcome", name="Welcome", category="general", content=both)
    for identifier in (shipped, welcome):
        assert send(console, f"{identifier}/publish", {"number": 1}).status_code == 200

    def listed(query: str) -> list[str]:
        return re.findall(r"<code>([\w.]+)</code>", console.get(f"/console/templates/?{query}").content.decode())

    assert listed("") == ["order.placed", "order.shipped", "welcome"]
    assert listed("q=shipped+order") == ["order.shipped"]
    assert listed("category=general") == ["welcome"]
    assert listed("channel=sms") == ["order.shipped"]
    assert listed("state=draft") == ["order.placed"]
    assert listed("state=published") == ["order.shipped", "welcome"]
    assert listed("locales=complete&state=published") == ["welcome"]
    assert listed("locales=incomplete&state=published") == ["order.shipped"]
    assert listed("q=%00nothing-like-it") == []
    assert listed("channel=nonsense&state=nonsense&page=99") == ["order.placed", "order.shipped", "welcome"]


def test_the_list_asks_the_database_as_often_for_many_as_for_one(
    console: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        made(console, path=f"many.n{number}")
    with django_assert_max_num_queries(9):
        assert console.get("/console/templates/").status_code == 200


def test_no_page_is_there_for_a_template_that_is_not(console: Client) -> None:
    gone = "01990000-0000-7000-8000-000000000009"

    assert console.get(f"/console/templates/{gone}/").status_code == 404
    assert send(console, f"{gone}/publish", {"number": 1}).json()["code"] == "template_not_found"
