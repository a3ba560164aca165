"""People through the API: oneself, everybody for staff, bulk upsert, devices and endpoints."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clarion.records.people.models import Device, Endpoint, User
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _path(address: str) -> str:
    return address.split("/api/v1/", 1)[1]


# --- oneself


def test_i_change_what_i_give_and_nothing_else(as_ann: Api, ann: User) -> None:
    before = as_ann.get("me").json()
    changed = as_ann.patch("me", {"phone": "+44 20 7946 0958", "locale": "pt_BR", "preferred_channels": ["sms"]}).json()
    differing = {name for name in before if before[name] != changed[name]}
    assert differing == {"phone", "locale", "preferred_channels", "updated_at"}
    assert (changed["phone"], changed["locale"]) == ("+442079460958", "pt-BR")
    assert as_ann.get("me/").json() == changed


@pytest.mark.parametrize("field", ["is_staff", "permissions", "external_id", "is_active", "attributes", "id"])
def test_i_cannot_give_myself_more(as_ann: Api, ann: User, field: str) -> None:
    refused(as_ann.patch("me", {field: True}), 422, "invalid_input", f"/{field}")
    ann.refresh_from_db()
    assert (ann.is_staff, ann.permissions, ann.external_id) == (False, ["send"], "ann")


def test_a_refused_change_changes_nothing(as_ann: Api) -> None:
    before = as_ann.get("me").json()
    refused(as_ann.patch("me", {"first_name": "Zoe", "phone": "12"}), 422, "invalid_phone", "/phone")
    make_user(email="taken@example.com")
    refused(as_ann.patch("me", {"first_name": "Zoe", "email": "Taken@example.com"}), 409, "email_taken", "/email")
    assert as_ann.get("me").json() == before


def test_what_is_personal_is_sealed_in_the_table(as_ann: Api) -> None:
    as_ann.patch("me", {"first_name": "Canaryann"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(u)::text FROM people_user u")
        stored = " ".join(row[0] for row in cursor.fetchall())
    for canary in ("ann@example.com", "255712345678", "Canaryann"):
        assert canary not in stored
        assert canary.encode().hex() not in stored


# --- everybody


def test_staff_create_show_change_and_remove_a_person(as_staff: Api) -> None:
    made = as_staff.post(
        "users", {"external_id": "u-1", "email": "Bo@Example.com", "attributes": {"vip": True}, "permissions": ["send"]}
    )
    assert made.status_code == 201
    person = made.json()
    assert made.headers["Location"] == f"/api/v1/users/{person['id']}"
    assert (person["email"], person["attributes"]) == ("Bo@example.com", {"vip": True})
    changed = as_staff.patch(f"users/{person['id']}", {"permissions": ["send", "bypass"], "email": ""}).json()
    assert (changed["permissions"], changed["email"], changed["external_id"]) == (["send", "bypass"], "", "u-1")
    assert as_staff.delete(f"users/{person['id']}").status_code == 204
    refused(as_staff.get(f"users/{person['id']}"), 404, "user_not_found")
    refused(as_staff.delete(f"users/{person['id']}"), 404, "user_not_found")


def test_email_and_external_id_are_unique(as_staff: Api) -> None:
    as_staff.post("users", {"external_id": "u-1", "email": "bo@example.com"})
    count = User.objects.count()
    refused(as_staff.post("users", {"email": "BO@example.com"}), 409, "email_taken", "/email")
    refused(as_staff.post("users", {"external_id": "u-1"}), 409, "external_id_taken", "/external_id")
    other = as_staff.post("users", {"external_id": "u-2"}).json()
    refused(as_staff.patch(f"users/{other['id']}", {"external_id": "u-1"}), 409, "external_id_taken", "/external_id")
    assert User.objects.count() == count + 1


def test_people_are_found_by_exact_address_or_external_id(as_staff: Api) -> None:
    bo = make_user(email="bo@example.com", phone="+442079460958", external_id="bo 1")
    make_user(email="cy@example.com", phone="+442079460959")
    for query in (
        "email=bo@example.com",
        "email=BO@EXAMPLE.com",
        "phone=%2B44%2020%207946%200958",
        "external_id=bo%201",
        "email=bo@example.com&phone=%2B442079460958&external_id=bo%201",
    ):
        assert [u["id"] for u in as_staff.get(f"users?{query}").json()["results"]] == [str(bo.id)], query
    for query in ("email=b@example.com", "external_id=bo", "email=cy@example.com&phone=%2B442079460958"):
        assert as_staff.get(f"users?{query}").json()["results"] == [], query


def test_pages_lead_through_everybody_in_both_directions(as_staff: Api) -> None:
    for number in range(6):
        make_user(email=f"p{number}@example.com")
    everybody = [u["id"] for u in as_staff.get("users").json()["results"]]
    assert len(everybody) == 7
    pages, address = [], "users?page_size=3"
    while address:
        page = as_staff.get(address).json()
        pages.append(page)
        address = _path(page["next"]) if page["next"] else ""
    assert [u["id"] for page in pages for u in page["results"]] == everybody
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    assert pages[0]["previous"] is None
    back = as_staff.get(_path(pages[2]["previous"])).json()
    assert back["results"] == pages[1]["results"]
    first = as_staff.get(_path(back["previous"])).json()
    assert (first["results"], first["previous"]) == (pages[0]["results"], None)
    assert "page_size=3" in first["next"]


# --- bulk


def _bulk(api: Api, *users: dict[str, Any]) -> dict[str, Any]:
    answer = api.post("users/bulk", {"users": list(users)})
    assert answer.status_code == 200, answer.content
    done: dict[str, Any] = answer.json()
    return done


def test_bulk_creates_and_changes_and_answers_ids_in_the_order_given(as_staff: Api, ann: User) -> None:
    done = _bulk(
        as_staff,
        {"external_id": "b", "email": "b@example.com", "timezone": "Europe/Paris"},
        {"external_id": "ann", "first_name": "Anna"},
        {"external_id": "a", "phone": "+442079460958"},
    )
    assert (done["created"], done["updated"], done["errors"]) == (2, 1, [])
    rows = {u.external_id: u for u in User.objects.exclude(external_id=None)}
    assert done["ids"] == [str(rows[key].id) for key in ("b", "ann", "a")]
    assert done["ids"][1] == str(ann.id)
    assert (rows["ann"].first_name, rows["ann"].last_name, rows["ann"].email) == ("Anna", "Abel", "ann@example.com")
    assert rows["ann"].updated_at > ann.updated_at
    assert (rows["b"].email, rows["b"].timezone, rows["b"].permissions) == ("b@example.com", "Europe/Paris", ["send"])
    assert not rows["b"].has_usable_password()


def test_bulk_again_changes_nothing_more(as_staff: Api) -> None:
    people = [{"external_id": f"e{n}", "email": f"e{n}@example.com"} for n in range(5)]
    first, second = _bulk(as_staff, *people), _bulk(as_staff, *people)
    assert (first["created"], second["created"], second["updated"]) == (5, 0, 5)
    assert first["ids"] == second["ids"]


def test_of_one_external_id_twice_the_later_wins(as_staff: Api) -> None:
    done = _bulk(
        as_staff,
        {"external_id": "x", "first_name": "One", "phone": "+442079460958"},
        {"external_id": "x", "first_name": "Two"},
    )
    assert (done["created"], len(set(done["ids"]))) == (1, 1)
    row = User.objects.get(external_id="x")
    assert (row.first_name, row.phone) == ("Two", "+442079460958")


def test_bulk_refuses_the_bad_alone_and_leaves_them_as_they_were(as_staff: Api, ann: User) -> None:
    done = _bulk(
        as_staff,
        {"external_id": "good", "email": "good@example.com"},
        {"external_id": "bad", "email": "no address"},
        {"external_id": "ann", "first_name": "Changed", "email": "changed@example.com", "phone": "12"},
        {"external_id": "name", "first_name": "A\r\nB"},
        {"external_id": "also good", "timezone": "Asia/Tokyo"},
    )
    assert (done["created"], done["updated"]) == (2, 0)
    assert [identifier is None for identifier in done["ids"]] == [False, True, True, True, False]
    assert [(e["pointer"], e["code"]) for e in done["errors"]] == [
        ("/users/1/email", "invalid_email"),
        ("/users/2/phone", "invalid_phone"),
        ("/users/3/first_name", "line_break"),
    ]
    ann.refresh_from_db()
    assert (ann.first_name, ann.email) == ("Ann", "ann@example.com")
    assert not User.objects.filter(external_id__in=["bad", "name"]).exists()


def test_a_refused_second_line_does_not_spoil_a_good_first_one(as_staff: Api, ann: User) -> None:
    done = _bulk(
        as_staff,
        {"external_id": "ann", "first_name": "Good"},
        {"external_id": "ann", "first_name": "Spoilt", "email": "spoilt@example.com", "phone": "12"},
    )
    assert [identifier is None for identifier in done["ids"]] == [False, True]
    ann = User.objects.get(pk=ann.id)
    assert (ann.first_name, ann.email) == ("Good", "ann@example.com")


def test_bulk_refuses_an_email_that_another_has_in_the_table_or_in_the_list(as_staff: Api, ann: User) -> None:
    done = _bulk(
        as_staff,
        {"external_id": "thief", "email": "ANN@example.com"},
        {"external_id": "one", "email": "same@example.com"},
        {"external_id": "two", "email": "Same@example.com"},
        {"external_id": "ann", "email": "ann@example.com"},
    )
    assert (done["created"], done["updated"]) == (1, 1)
    assert [(e["pointer"], e["code"]) for e in done["errors"]] == [
        ("/users/0/email", "email_taken"),
        ("/users/2/email", "email_taken"),
    ]
    assert [identifier is None for identifier in done["ids"]] == [True, False, True, False]
    assert User.objects.filter(external_id__in=["thief", "two"]).count() == 0


def test_a_thousand_people_cost_a_bounded_number_of_queries(as_staff: Api) -> None:
    as_staff.get("me")  # authentication is remembered from here on

    def queries(number: int, key: str) -> int:
        people = [
            {"external_id": f"{key}{n}", "email": f"{key}{n}@example.com", "timezone": "Africa/Nairobi", "locale": "sw"}
            for n in range(number)
        ]
        with CaptureQueriesContext(
            connection,
        ) as spent:
            assert _bulk(as_staff, *people)["ids"][-1] is not None
        return len(spent)

    few, many, again = queries(10, "few"), queries(1000, "many"), queries(1000, "many")
    assert many <= few + 1  # a second batch of inserts
    assert again <= few + 4  # five batches of updates
    assert User.objects.count() == 1011


# --- devices and endpoints


def test_a_device_is_registered_listed_masked_and_removed(as_ann: Api, ann: User) -> None:
    ann.devices.all().delete()
    made = as_ann.post(
        f"users/{ann.id}/devices", {"platform": "android", "token": "canary-device-token-1", "app": "shop"}
    )
    assert made.status_code == 201
    assert made.json()["token"] == "cana…en-1"
    listed = as_ann.get(f"users/{ann.id}/devices").json()["results"]
    assert [(d["id"], d["platform"], d["token_kind"], d["app"], d["active"]) for d in listed] == [
        (made.json()["id"], "android", "fcm_token", "shop", True)
    ]
    assert as_ann.delete(f"users/{ann.id}/devices/{made.json()['id']}").status_code == 204
    refused(as_ann.delete(f"users/{ann.id}/devices/{made.json()['id']}"), 404, "device_not_found")
    assert Device.objects.count() == 0


def test_the_same_token_again_moves_to_the_new_owner_and_wakes_up(as_ann: Api, ann: User) -> None:
    other = make_user(reachable=False)
    body = {"platform": "ios", "token": "0f" * 32, "token_kind": "apns"}
    first = api_as(other).post(f"users/{other.id}/devices", body).json()
    Device.objects.filter(pk=first["id"]).update(active=False)
    second = as_ann.post(f"users/{ann.id}/devices", body).json()
    assert (second["id"], second["active"]) == (first["id"], True)
    assert Device.objects.get(pk=first["id"]).user_id == ann.id
    assert api_as(other).get(f"users/{other.id}/devices").json()["results"] == []


def test_there_is_a_bound_on_devices_and_endpoints(as_ann: Api, ann: User) -> None:
    for number in range(49):
        Device.objects.create(user=ann, platform="ios", token_kind="apns", token=f"t{number}")
        Endpoint.objects.create(user=ann, channel="chat", target=f"C{number:010}")
    Endpoint.objects.filter(user=ann, channel="webhook").delete()
    refused(as_ann.post(f"users/{ann.id}/devices", {"platform": "ios", "token": "new"}), 409, "too_many_devices")
    assert as_ann.post(f"users/{ann.id}/devices", {"platform": "ios", "token": "t0"}).status_code == 201
    body = {"channel": "chat", "target": "C9999999999"}
    refused(as_ann.post(f"users/{ann.id}/endpoints", body), 409, "too_many_endpoints")


def test_a_webhooks_signing_secret_is_shown_once(as_ann: Api, ann: User) -> None:
    ann.endpoints.all().delete()
    made = as_ann.post(f"users/{ann.id}/endpoints", {"channel": "webhook", "target": "HTTPS://Hooks.Example.com/In"})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    assert made.json()["target"] == "https://hooks.example.com/In"
    listed = as_ann.get(f"users/{ann.id}/endpoints").json()["results"]
    assert [(e["id"], e["secret"]) for e in listed] == [(made.json()["id"], None)]
    chat = as_ann.post(f"users/{ann.id}/endpoints", {"channel": "chat", "target": "C0123456789"}).json()
    assert chat["secret"] is None
    assert as_ann.delete(f"users/{ann.id}/endpoints/{chat['id']}").status_code == 204
    refused(as_ann.delete(f"users/{ann.id}/endpoints/{chat['id']}"), 404, "endpoint_not_found")


def test_of_somebody_unknown_there_is_nothing(as_staff: Api) -> None:
    nobody = uuid4()
    for path in (f"users/{nobody}/devices", f"users/{nobody}/endpoints", f"users/{nobody}/preferences"):
        refused(as_staff.get(path), 404, "user_not_found")
