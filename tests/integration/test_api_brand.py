"""The brand over the API, and that what is rendered shows it."""

import pytest
from conftest import Api, make_user
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from clarion.records import clock
from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.records.brand.models import BrandSettings
from clarion.records.templating import brand

BODY = {
    "name": "Mbuyu Market",
    "logo_url": "https://cdn.example.com/logo.png",
    "logo_alt": "Mbuyu",
    "color": "#123456",
    "address": "12 Harbour Street\nMombasa",
    "support_email": "help@example.com",
    "support_url": "https://example.com/help",
    "social": [{"name": "Instagram", "url": "https://example.com/i"}],
}


@pytest.fixture
def api(ground: None) -> Api:
    return Api(f"ApiKey {keys.mint(make_user(is_staff=True), 'test', list(Permission)).secret}")


def test_an_unset_brand_is_the_deployments(api: Api) -> None:
    assert api.get("brand").json()["name"] == ""
    assert brand.current().name == settings.APP_NAME
    assert brand.current().as_context()["color"] == "#3f51b5"


def test_what_is_put_is_kept_and_seen_by_templates_at_once(api: Api) -> None:
    brand.current()
    answer = api.put("brand", BODY)
    assert answer.status_code == 200, answer.content
    assert answer.json() == BODY == api.get("brand").json()
    seen = brand.current().as_context()
    assert (seen["name"], seen["color"], seen["ink"]) == ("Mbuyu Market", "#123456", "#ffffff")
    assert seen["address_lines"] == ["12 Harbour Street", "Mombasa"]


def test_a_put_replaces_all_of_it(api: Api) -> None:
    api.put("brand", BODY)
    assert api.put("brand", {"name": "Other"}).json()["support_email"] == ""
    assert BrandSettings.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"logo_url": "http://example.com/x.png"}, "/logo_url"),
        ({"color": "red"}, "/color"),
        ({"support_email": "nobody"}, "/support_email"),
        ({"social": [{"name": "X", "url": "javascript:x"}]}, "/social/0/url"),
        ({"name": "x" * 101}, "/name"),
        ({"logo": "x"}, "/logo"),
    ],
)
def test_a_brand_that_cannot_stand_in_a_mail_is_refused_and_changes_nothing(
    api: Api, change: dict[str, object], pointer: str
) -> None:
    api.put("brand", BODY)
    answer = api.put("brand", {**BODY, **change})
    assert answer.status_code in (400, 422), answer.content
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert api.get("brand").json() == BODY


def test_whoever_may_write_templates_may_see_the_brand_and_not_change_it(ground: None) -> None:
    user = make_user(permissions=["templates"])
    key = keys.mint(user, "test", [Permission.TEMPLATES])
    assert keys.caller_for(key.secret, clock.now()) is not None
    api = Api(f"ApiKey {key.secret}")
    assert api.get("brand").status_code == 200
    assert api.put("brand", BODY).status_code == 403
    assert not BrandSettings.objects.exists()


def test_there_is_one_brand(ground: None) -> None:
    BrandSettings.objects.create()
    with pytest.raises(IntegrityError), transaction.atomic():
        BrandSettings.objects.create(id=2)


def test_it_is_read_once_in_some_seconds(ground: None, django_assert_num_queries: object) -> None:
    brand.forget()
    with django_assert_num_queries(1, connection=connection):  # type: ignore[operator]
        assert {brand.current().name for _ in range(20)} == {settings.APP_NAME}
