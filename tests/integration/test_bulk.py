"""Bulk: every recipient durable or named as rejected; counts that add up; cancel half-way; crashes repeat nothing."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest import audience, bulk
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Attempt, Decision, Event, Job, Notification, QueueEntry, Request
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, api_as, make_user

Drain = Callable[[], int]


def people(number: int, **given: Any) -> list[User]:
    return [make_user(email=f"p{n}@example.com", **given) for n in range(number)]


def send(api: Api, recipients: list[dict[str, Any]] | None, **given: Any) -> Any:
    body: dict[str, Any] = {"subject": "Sale", "body": "Half price", "channel": "email", **given}
    if recipients is not None:
        body["recipients"] = recipients
    return api.post("notifications/bulk", body)


def job_of(api: Api, answer: Any) -> Any:
    found = api.get(answer.headers["Location"].removeprefix("/api/v1/")).json()
    assert found["accepted"] == sum(found["counts"].values()), "accepted is every end state and what still moves"
    return found


def test_a_list_is_taken_in_whole_and_delivered(as_service: Api, drain: Drain, carried_by: Any) -> None:
    provider = ScriptedProvider()
    carried_by(ChannelKey.EMAIL, provider)
    users = people(7)
    answer = send(as_service, [{"user_id": str(u.id)} for u in users])
    assert answer.status_code == 202, answer.content
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (7, 0)
    assert set(QueueEntry.objects.values_list("lane", "priority")) == {("email.bulk", 4)}
    assert job_of(as_service, answer)["status"] == "accepted"
    drain()
    job = job_of(as_service, answer)
    assert (job["status"], job["counts"], job["moving"]) == ("done", {"sent": 7}, 0)
    assert sorted(m.target.value for m in provider.given) == [f"p{n}@example.com" for n in range(7)]
    assert Request.objects.count() == 1, "the content is stored once"


def test_each_recipient_may_bring_channels_and_context(as_service: Api, drain: Drain, carried_by: Any) -> None:
    made = as_service.post(
        "templates",
        {
            "path": "sale",
            "name": "Sale",
            "category": "general",
            "required_variables": ["name", "rate"],
            "content": {
                "email": {"default": {"subject": "{{ rate }}", "text": "Dear {{ name }}: {{ rate }} off"}},
                "sms": {"default": {"body": "{{ name }}: {{ rate }}"}},
            },
        },
    )
    assert made.status_code == 201, made.content
    mail, text = ScriptedProvider(name="mail"), ScriptedProvider(name="text")
    carried_by(ChannelKey.EMAIL, mail)
    carried_by(ChannelKey.SMS, text)
    carried_by_both(mail, text)
    one, two, three = people(3)
    answer = as_service.post(
        "notifications/bulk",
        {
            "template_path": "sale",
            "channel": "email",
            "context": {"rate": "10%"},
            "recipients": [
                {"user_id": str(one.id), "context": {"name": "One"}},
                {"user_id": str(two.id), "context": {"name": "Two", "rate": "20%"}, "channels": ["sms", "email"]},
                {"user_id": str(three.id)},
            ],
        },
    )
    assert answer.status_code == 202, answer.content
    job = job_of(as_service, answer)
    assert (job["accepted"], job["rejected"]) == (3, 1)
    assert [(r["place"], r["code"]) for r in job["rejections"]] == [(2, "missing_variables")]
    drain()
    said = sorted(m.content.text for m in mail.given)  # type: ignore[union-attr]
    assert said == ["Dear One: 10% off", "Dear Two: 20% off"]
    assert [m.content.body for m in text.given] == ["Two: 20%"]  # type: ignore[union-attr]


def carried_by_both(mail: ScriptedProvider, text: ScriptedProvider) -> None:
    """Two scripted providers at once: the fixture installs one registry for each call."""
    from clarion.config import wiring
    from clarion.contract.registry import Registry, install, installed

    install(Registry([*wiring.PROVIDERS, mail.entry(), text.entry()]), installed().host)


def test_what_cannot_be_taken_is_named_and_the_rest_goes_out(as_service: Api, drain: Drain) -> None:
    good, silent, gone, mute = people(4)
    api_as(silent).patch("preferences", {"global": {"email_enabled": False}})
    gone.is_active = False
    gone.save()
    mute.email = ""
    mute.save()
    stranger = uuid4()
    answer = send(
        as_service,
        [{"user_id": str(u)} for u in (good.id, stranger, silent.id, gone.id, mute.id, good.id)],
    )
    job = job_of(as_service, answer)
    assert (job["accepted"], job["rejected"]) == (2, 4)
    assert [(r["place"], r["code"]) for r in job["rejections"]] == [
        (1, "user_not_found"),
        (3, "user_not_found"),
        (4, "no_address"),
        (5, "duplicate_recipient"),
    ]
    assert job["counts"] == {"pending": 1, "suppressed": 1}
    drain()
    assert job_of(as_service, answer)["counts"] == {"delivered": 1, "suppressed": 1}


def test_rejections_are_paged(as_service: Api) -> None:
    answer = send(as_service, [{"user_id": str(uuid4())} for _ in range(5)])
    path = answer.headers["Location"].removeprefix("/api/v1/")
    page = as_service.get(f"{path}?page_size=2").json()
    assert [r["place"] for r in page["rejections"]] == [0, 1]
    assert page["next_place"] == 2
    rest = as_service.get(f"{path}?from_place=2&page_size=100").json()
    assert [r["place"] for r in rest["rejections"]] == [2, 3, 4]
    assert rest["next_place"] is None


@pytest.mark.parametrize("size", [1, 2, 3])
def test_paging_comes_to_an_end_where_one_place_has_more_rejections_than_a_page(size: int, as_service: Api) -> None:
    ann = {"user_id": str(make_user().id), "channels": ["email", "sms", "push"]}
    answer = send(as_service, [ann, ann, {"user_id": str(uuid4())}])
    path = answer.headers["Location"].removeprefix("/api/v1/")
    found, more = [], f"{path}?page_size={size}"
    for _ in range(5):
        page = as_service.get(more).json()
        found += [(r["place"], r["channel"]) for r in page["rejections"]]
        if page["next_place"] is None:
            break
        more = f"{path}?page_size={size}&from_place={page['next_place']}&from_channel={page['next_channel']}"
    assert page["next_place"] is None
    assert page["next_channel"] is None
    assert found == [(1, "email"), (1, "push"), (1, "sms"), (2, "")]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"recipients": []}, 422, "invalid_input"),
        ({}, 422, "recipients_or_filters"),
        ({"recipients": [{"user_id": str(uuid4())}], "user_filters": {}}, 422, "recipients_or_filters"),
        ({"recipients": [{"user_id": "nobody"}]}, 422, "invalid_input"),
        ({"recipients": [{"user": 1}]}, 422, "invalid_input"),
        ({"recipients": [{"user_id": str(uuid4())}], "template_path": "no.such"}, 404, "template_not_found"),
        ({"recipients": [{"user_id": str(uuid4())}], "category": "no-such"}, 422, "category_not_found"),
        ({"recipients": [{"user_id": str(uuid4())}], "expires_at": "2001-01-01T00:00:00Z"}, 422, "already_expired"),
        ({"user_filters": {"locale": "xx-YY"}}, 422, "empty_audience"),
        ({"user_filters": {"shoe_size": 44}}, 422, "invalid_input"),
    ],
)
def test_a_job_that_cannot_be_is_refused_and_leaves_nothing(
    as_service: Api, body: dict[str, Any], status: int, code: str
) -> None:
    answer = as_service.post(
        "notifications/bulk",
        {"subject": "Sale", "body": "x", "channel": "email", **body} if "template_path" not in body else body,
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert not Job.objects.exists()
    assert not Request.objects.exists()
    assert not Notification.objects.exists()


def test_a_failure_half_way_stores_nothing(as_service: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    users = people(6)
    monkeypatch.setattr(bulk, "CHUNK", 2)
    real, calls = bulk.bulk_store.copy_accepted, []

    def fail_third(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError
        real(*args)

    monkeypatch.setattr(bulk.bulk_store, "copy_accepted", fail_third)
    answer = send(as_service, [{"user_id": str(u.id)} for u in users])
    assert answer.status_code == 500
    assert len(calls) == 3
    for table in (Job, Request, Notification, QueueEntry, Decision, Event):
        assert not table.objects.exists()


def test_an_audience_is_taken_in_page_by_page(as_service: Api, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "CHUNK", 3)
    chosen = people(8, attributes={"tier": "gold"})
    make_user(email="other@example.com", attributes={"tier": "tin"})
    answer = send(as_service, None, user_filters={"attributes": {"tier": "gold"}, "is_active": True})
    assert answer.status_code == 202, answer.content
    assert answer.json()["total"] == 8
    late = make_user(email="late@example.com", attributes={"tier": "gold"})
    assert job_of(as_service, answer)["status"] == "running"
    assert audience.take_in_all() == 3
    job = job_of(as_service, answer)
    assert (job["status"], job["accepted"], job["rejected"]) == ("accepted", 8, 0)
    taken = set(Notification.objects.values_list("user_id", flat=True))
    assert taken == {u.id for u in chosen}
    assert late.id not in taken, "the audience was frozen at the call"
    drain()
    assert job_of(as_service, answer)["status"] == "done"
    assert audience.take_in_all() == 0


def test_a_crash_between_pages_repeats_nobody_and_leaves_nobody_out(
    as_service: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "CHUNK", 2)
    chosen = people(7, locale="sw")
    answer = send(as_service, None, user_filters={"locale": "sw"})
    real, calls = audience.take_chunk, []

    def crash_sometimes(*args: Any) -> None:
        real(*args)
        calls.append(1)
        if len(calls) in (2, 4):
            raise ConnectionError

    monkeypatch.setattr(audience, "take_chunk", crash_sometimes)
    for _ in range(3):
        try:
            audience.take_in_all()
        except ConnectionError:
            continue
    users = list(Notification.objects.values_list("user_id", flat=True))
    assert sorted(users) == sorted(u.id for u in chosen)
    assert job_of(as_service, answer)["accepted"] == 7


def test_the_version_is_the_one_of_the_call(as_service: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "CHUNK", 2)
    people(4, locale="sw")
    given = {
        "path": "news",
        "name": "News",
        "category": "general",
        "content": {"email": {"default": {"subject": "old", "text": "old"}}},
    }
    template = as_service.post("templates", given).json()
    send(as_service, None, subject="", body="", template_path="news", user_filters={"locale": "sw"})
    assert audience._next_page(Job.objects.get().id)
    given["content"] = {"email": {"default": {"subject": "new", "text": "new"}}}
    assert as_service.put(f"templates/{template['id']}", given).status_code == 200
    audience.take_in_all()
    assert set(map(str, Notification.objects.values_list("version_id", flat=True))) == {template["version_id"]}


def test_cancelling_half_way_stops_the_taking_in_and_what_waits(
    as_service: Api, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "CHUNK", 2)
    people(6, locale="sw")
    answer = send(as_service, None, user_filters={"locale": "sw"})
    job_id = Job.objects.get().id
    audience._next_page(job_id)
    drain()
    audience._next_page(job_id)
    cancelled = as_service.post(f"notifications/bulk/{job_id}/cancel")
    assert cancelled.status_code == 200, cancelled.content
    assert cancelled.json()["status"] == "cancelled"
    assert cancelled.json()["counts"] == {"delivered": 2, "cancelled": 2}
    assert audience.take_in_all() == 0
    assert drain() == 0
    assert Attempt.objects.count() == 2
    assert job_of(as_service, answer)["accepted"] == 4
    again = as_service.post(f"notifications/bulk/{job_id}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "not_cancellable")


def test_bulk_needs_its_permission_and_a_job_is_its_callers(as_service: Api, as_ann: Api, ann: User) -> None:
    assert send(as_ann, [{"user_id": str(ann.id)}]).status_code == 403
    answer = send(as_service, [{"user_id": str(ann.id)}])
    other = make_user(email="other@example.com", permissions=["send", "bulk"])
    path = answer.headers["Location"].removeprefix("/api/v1/")
    assert api_as(other).get(path).status_code == 404
    assert api_as(other).post(f"{path}/cancel").status_code == 404


def test_the_commerce_form_works_as_written(as_service: Api, drain: Drain) -> None:
    people(3)
    answer = as_service.post(
        "notifications/bulk/send/",
        {
            "category": Category.objects.get(key="orders").id,
            "notification_type": "email",
            "subject": "Flash Sale Alert!",
            "message": "50% off everything!",
            "user_filters": {"is_active": True},
        },
    )
    assert answer.status_code == 202, answer.content
    audience.take_in_all()
    assert Notification.objects.filter(channel="email").count() >= 3
