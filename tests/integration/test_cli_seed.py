"""The demo data as rows, and that a second run changes nothing."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Api, make_user
from django.core.management import call_command

from clarion.contract.channel import ChannelKey
from clarion.records import clock
from clarion.records.access import keys, tokens
from clarion.records.access.permissions import Permission
from clarion.records.categories.models import Category
from clarion.records.people import facts
from clarion.records.people.models import Device, Endpoint, User
from clarion.records.templating.catalog import catalog
from clarion.records.templating.models import Template, TemplateVersion
from clarion.surfaces.cli.demo_data.access_file import DemoAccess, read_access
from clarion.surfaces.cli.demo_data.seed import seed

URL = "http://127.0.0.1:8000"


@pytest.fixture
def seeded(ground: None, tmp_path: Path) -> DemoAccess:
    return run(tmp_path)


def run(tmp_path: Path) -> DemoAccess:
    seed(tmp_path, URL)
    access = read_access(tmp_path)
    assert access is not None
    return access


def test_ten_people_can_be_reached_on_every_channel(seeded: DemoAccess) -> None:
    people = facts.load([User.objects.get(pk=p.id).pk for p in seeded.users], [])
    assert len(people) == 10
    assert all(person.reachable == frozenset(ChannelKey) for person in people.values())


def test_the_templates_answer_to_their_paths_also_by_wildcard(seeded: DemoAccess) -> None:
    for path in ("order.placed", "security.alert", "order_placed_email", "user.course.completed"):
        found = catalog.find(path)
        assert found is not None
        assert found.channels == frozenset(ChannelKey)


def test_the_categories_are_what_their_names_say(seeded: DemoAccess) -> None:
    found = {c.key: (c.kind, c.essential) for c in Category.objects.filter(key__in=["security", "marketing"])}
    assert found["security"] == ("transactional", True)
    assert found["marketing"][0] == "marketing"


def test_the_file_has_the_promised_form_and_its_keys_work(seeded: DemoAccess, tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = json.loads(path.read_text())
    assert list(content) == ["base_url", "staff", "api_key", "users", "outbox_url"]
    assert list(content["users"][0]) == ["id", "email", "phone", "locale", "timezone", "access"]
    assert content["outbox_url"] == f"{URL}/outbox/"
    caller = keys.caller_for(content["api_key"], clock.now())
    assert caller is not None
    assert caller.permissions == frozenset(Permission)
    assert str(tokens.caller_for(content["users"][3]["access"]).user_id) == content["users"][3]["id"]
    staff = User.objects.with_email(content["staff"]["email"]).get()
    assert staff.is_staff
    assert staff.check_password(content["staff"]["password"])


def test_a_second_run_changes_nothing(seeded: DemoAccess, tmp_path: Path) -> None:
    before = state(tmp_path)
    run(tmp_path)
    assert state(tmp_path) == before


def state(tmp_path: Path) -> list[object]:
    rows = [list(model.objects.order_by("pk").values()) for model in (User, Device, Endpoint, Category, Template)]
    return [*rows, TemplateVersion.objects.count(), (tmp_path / "demo.json").read_bytes()]


def test_what_staff_changed_is_left_alone(seeded: DemoAccess, tmp_path: Path) -> None:
    Template.objects.filter(path="welcome").update(name="Ours", active=False)
    User.objects.filter(external_id="demo-1").update(locale="fr-FR")
    run(tmp_path)
    assert Template.objects.get(path="welcome").name == "Ours"
    assert not Template.objects.get(path="welcome").active
    assert User.objects.get(external_id="demo-1").locale == "fr-FR"


def test_without_its_file_the_demo_gets_a_new_password_and_a_new_key_and_the_old_key_ends(
    seeded: DemoAccess, tmp_path: Path
) -> None:
    (tmp_path / "demo.json").unlink()
    again = run(tmp_path)
    assert again.staff.password != seeded.staff.password
    assert again.api_key != seeded.api_key
    assert keys.caller_for(seeded.api_key, clock.now()) is None
    assert keys.caller_for(again.api_key, clock.now()) is not None
    assert User.objects.filter(is_staff=True).count() == 1


def test_a_password_that_was_changed_by_hand_is_set_back_to_the_files(seeded: DemoAccess, tmp_path: Path) -> None:
    staff = User.objects.get(is_staff=True)
    staff.set_password("something else entirely")
    staff.save()
    assert run(tmp_path) == seeded
    staff.refresh_from_db()
    assert staff.check_password(seeded.staff.password)


def test_the_documents_test_call_works_as_it_stands(seeded: DemoAccess) -> None:
    api = Api(f"Bearer {seeded.users[0].access}")
    answer = api.post("notifications/test/", {"type": "email", "template": "order_placed_email"})
    assert answer.status_code in (200, 201, 202), answer.content


def test_a_template_sent_to_everybody_is_accepted(seeded: DemoAccess) -> None:
    api = Api(f"ApiKey {seeded.api_key}")
    context = {"order_number": "O-1", "tracking_number": "T-1"}
    for person in seeded.users:
        body = {"user_id": person.id, "template_path": "order.shipped", "context": context, "channels": ["sms", "push"]}
        answer = api.post("notifications/send", body)
        assert answer.status_code == 201, answer.content
        assert {n["status"] for n in answer.json()["notifications"]} == {"pending"}


def test_marketing_by_sms_passes_for_the_demo_users(seeded: DemoAccess) -> None:
    api = Api(f"ApiKey {seeded.api_key}")
    body = {
        "user_id": seeded.users[0].id,
        "template_path": "marketing.promotion",
        "channel": "sms",
        "context": {"headline": "Sale"},
    }
    assert api.post("notifications/send", body).json()["status"] == "pending"


def test_who_registered_with_the_staff_address_before_does_not_become_staff_by_it(ground: None, tmp_path: Path) -> None:
    stranger = make_user(email="staff@example.com")
    token = tokens.access_token(stranger, clock.now(), timedelta(hours=1))
    access = run(tmp_path)
    with pytest.raises(tokens.InvalidToken, match="revoked"):
        tokens.caller_for(token)
    stranger.refresh_from_db()
    assert stranger.check_password(access.staff.password)


def test_preparing_twice_is_preparing_once(db: None) -> None:
    call_command("prepare")
    before = (list(Category.objects.values()),)
    call_command("prepare")
    assert (list(Category.objects.values()),) == before
    assert Category.objects.filter(key="general").count() == 1
