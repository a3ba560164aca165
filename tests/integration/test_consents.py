"""Consent: an append-only history beside the current state, answers through the API, and what withdrawing stops."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from clarion.records.consents import history
from clarion.records.consents.history import Answer
from clarion.records.consents.models import Record, Text
from clarion.records.consents.purposes import Purpose, Source
from clarion.records.ledger.models import Decision, Notification
from clarion.records.people.models import User
from clarion.records.preferences.consenting import record
from clarion.records.preferences.models import GlobalPreference
from tests.conftest import Api, api_as, make_user

NOW = timezone.now()


def _answer(user: User, given: bool, **changed: Any) -> Answer:
    fields = {"purpose": Purpose.MARKETING, "source": Source.API, "actor": f"user:{user.id}", "at": NOW, **changed}
    return Answer(user_id=user.id, given=given, **fields)


def _state(user: User) -> dict[str, bool]:
    row = GlobalPreference.objects.filter(pk=user.id).first()
    return dict(row.consents) if row else {}


class TestTheHistory:
    def test_an_answer_stands_in_the_history_and_in_the_state(self, ann: User) -> None:
        written = record([_answer(ann, True, text_version=3, detail="checkout")])

        row = Record.objects.get()
        assert [row] == written
        assert (row.user_id, row.purpose, row.given, row.source) == (ann.id, "marketing", True, "api")
        assert (row.text_version, row.at, row.actor, row.detail) == (3, NOW, f"user:{ann.id}", "checkout")
        assert _state(ann) == {"marketing": True}

    def test_a_repeated_answer_changes_nothing(self, ann: User) -> None:
        for minutes in range(10):
            record([_answer(ann, True, at=NOW + timedelta(minutes=minutes))])

        assert Record.objects.count() == 1

    def test_agreeing_to_newer_words_is_a_new_answer(self, ann: User) -> None:
        record([_answer(ann, True, text_version=1)])
        record([_answer(ann, True, text_version=2, at=NOW + timedelta(days=1))])

        assert list(Record.objects.order_by("id").values_list("text_version", flat=True)) == [1, 2]

    def test_an_older_answer_becomes_history_and_changes_nothing(self, ann: User) -> None:
        record([_answer(ann, False)])
        record([_answer(ann, True, at=NOW - timedelta(days=400), source=Source.IMPORT)])

        assert Record.objects.count() == 2
        assert _state(ann) == {"marketing": False}

    def test_purposes_stand_beside_one_another(self, ann: User) -> None:
        record([_answer(ann, True), _answer(ann, False, purpose=Purpose.PROCESSING)])

        assert _state(ann) == {"marketing": True, "processing": False}

    def test_other_preferences_stay_as_they_are(self, ann: User) -> None:
        GlobalPreference.objects.create(user=ann, channels={"email": False}, marketing_enabled=True)
        record([_answer(ann, True)])

        row = GlobalPreference.objects.get(pk=ann.id)
        assert (row.channels, row.marketing_enabled, row.consents) == ({"email": False}, True, {"marketing": True})

    def test_people_who_do_not_exist_are_left_out(self, ann: User) -> None:
        stranger = Answer(
            user_id=uuid4(), purpose="marketing", given=True, source=Source.IMPORT, actor="system", at=NOW
        )

        assert record([stranger]) == []
        assert Record.objects.count() == 0

    def test_a_thousand_answers_cost_as_many_queries_as_one(
        self, ground: None, django_assert_num_queries: Callable[[int], Any]
    ) -> None:
        people = [make_user(reachable=False) for _ in range(40)]
        record([_answer(people[0], True)])
        with django_assert_num_queries(9):
            record([_answer(person, False) for person in people])
        assert Record.objects.count() == 41


class TestTheDatabase:
    def test_refuses_to_change_an_answer(self, ann: User) -> None:
        record([_answer(ann, True)])
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Record.objects.update(given=False)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE consents_record SET at = now()")

        assert Record.objects.get().given is True

    def test_refuses_to_delete_an_answer(self, ann: User) -> None:
        record([_answer(ann, True)])
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Record.objects.all().delete()

        assert Record.objects.count() == 1

    def test_lets_erasure_delete_one_person_and_nobody_else(self, ann: User) -> None:
        bob = make_user(email="bob@example.com")
        record([_answer(ann, True), _answer(bob, True)])

        assert history.erase(ann.id) == 1
        assert list(Record.objects.values_list("user_id", flat=True)) == [bob.id]
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Record.objects.all().delete()

    def test_keeps_the_proof_when_the_person_is_removed(self, ann: User) -> None:
        record([_answer(ann, True)])
        user_id = ann.id
        ann.delete()

        assert Record.objects.get().user_id == user_id

    def test_refuses_to_change_or_delete_a_published_text(self, ground: None) -> None:
        Text.objects.create(purpose="marketing", version=1, locale="en", text="News by mail.", published_at=NOW)
        for act in (lambda: Text.objects.update(text="All of it."), lambda: Text.objects.all().delete()):
            with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
                act()

        assert Text.objects.get().text == "News by mail."


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_lose_nothing(real_ground: None) -> None:
    ann = make_user()
    purposes = [Purpose.MARKETING, Purpose.PROCESSING, "list:a", "list:b", "list:c", "list:d"]

    def say(purpose: str) -> None:
        try:
            record([_answer(ann, True, purpose=purpose)])
        finally:
            connection.close()

    threads = [Thread(target=say, args=(purpose,)) for purpose in purposes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert _state(ann) == {str(purpose): True for purpose in purposes}
    assert Record.objects.count() == 6


def _given(api: Api, purpose: str = "marketing", path: str = "consents") -> Any:
    return next(each for each in api.get(path).json()["results"] if each["purpose"] == purpose)


class TestMyOwn:
    def test_what_was_never_asked_is_neither_yes_nor_no(self, as_ann: Api) -> None:
        assert _given(as_ann) == {
            "purpose": "marketing",
            "given": None,
            "at": None,
            "source": "",
            "text_version": None,
            "required": True,
            "words": None,
        }
        assert _given(as_ann, "processing")["required"] is False

    def test_giving_and_withdrawing_stand_in_the_history(self, as_ann: Api, ann: User) -> None:
        assert as_ann.post("consents", {"purpose": "marketing", "given": True}).status_code == 200
        assert as_ann.post("consents", {"purpose": "marketing", "given": False}).status_code == 200

        told = as_ann.get("consents/history").json()["results"]
        assert [(each["given"], each["source"], each["actor"]) for each in told] == [
            (False, "api", f"user:{ann.id}"),
            (True, "api", f"user:{ann.id}"),
        ]
        assert _given(as_ann)["given"] is False

    def test_the_marketing_switch_goes_along(self, as_ann: Api) -> None:
        as_ann.post("consents", {"purpose": "marketing", "given": True})
        assert as_ann.get("preferences").json()["global"]["marketing_enabled"] is True
        as_ann.post("consents", {"purpose": "marketing", "given": False})
        assert as_ann.get("preferences").json()["global"]["marketing_enabled"] is False

    def test_switching_marketing_on_by_myself_is_consent_and_off_withdraws(self, as_ann: Api) -> None:
        as_ann.patch("preferences", {"global": {"marketing_enabled": True}})
        assert (_given(as_ann)["given"], _given(as_ann)["source"]) == (True, "preferences")
        as_ann.patch("preferences", {"global": {"marketing_enabled": False}})
        assert (_given(as_ann)["given"], _given(as_ann)["source"]) == (False, "preferences")

    def test_the_history_comes_in_pages(self, as_ann: Api, ann: User) -> None:
        record([_answer(ann, each % 2 == 0, at=NOW + timedelta(minutes=each)) for each in range(5)])
        first = as_ann.get("consents/history?page_size=3").json()
        second = as_ann.get(first["next"].partition("/api/v1/")[2]).json()

        assert [each["given"] for each in first["results"] + second["results"]] == [True, False, True, False, True]
        assert second["next"] is None

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"purpose": "sms", "given": True}, "invalid_value"),
            ({"purpose": "list:news", "given": True}, "invalid_value"),
            ({"purpose": "marketing"}, "required"),
            ({"purpose": "marketing", "given": "yes"}, "wrong_type"),
            ({"purpose": "marketing", "given": True, "text_version": 9}, "unknown_text_version"),
        ],
    )
    def test_what_cannot_be_answered_is_refused_and_leaves_nothing(
        self, as_ann: Api, body: dict[str, Any], code: str
    ) -> None:
        answer = as_ann.post("consents", body)

        assert answer.status_code == 422
        assert [each["code"] for each in answer.json().get("errors", [])] == [code]
        assert Record.objects.count() == 0


class TestOfOthers:
    def test_staff_write_a_persons_answer_down_without_switching_marketing_on(
        self, as_staff: Api, staff: User, as_ann: Api, ann: User
    ) -> None:
        as_ann.patch("preferences", {"global": {"marketing_enabled": False}})
        body = {"purpose": "marketing", "given": True, "detail": "signed form 4711"}
        assert as_staff.post(f"users/{ann.id}/consents", body).status_code == 200

        told = as_staff.get(f"users/{ann.id}/consents/history").json()["results"][0]
        assert (told["source"], told["actor"], told["detail"]) == ("staff", f"user:{staff.id}", "signed form 4711")
        assert GlobalPreference.objects.get(pk=ann.id).marketing_enabled is False

    def test_other_people_may_neither_look_nor_answer(self, as_ann: Api) -> None:
        bob = make_user(email="bob@example.com")

        assert as_ann.get(f"users/{bob.id}/consents").status_code == 404
        assert as_ann.get(f"users/{bob.id}/consents/history").status_code == 404
        assert as_ann.post(f"users/{bob.id}/consents", {"purpose": "marketing", "given": True}).status_code == 404
        assert Record.objects.count() == 0

    def test_nobody_is_404(self, as_staff: Api) -> None:
        assert as_staff.get(f"users/{uuid4()}/consents").status_code == 404


class TestImport:
    def test_takes_over_answers_with_their_time(self, as_service: Api, ann: User) -> None:
        body = {
            "source_name": "old shop",
            "consents": [
                {"external_id": "ann", "purpose": "marketing", "given": True, "at": "2024-05-01T10:00:00Z"},
                {"user_id": str(ann.id), "purpose": "processing", "given": True, "at": "2024-05-01T10:00:00Z"},
                {"external_id": "nobody", "purpose": "marketing", "given": True, "at": "2024-05-01T10:00:00Z"},
                {"purpose": "marketing", "given": True, "at": "2024-05-01T10:00:00Z"},
                {"external_id": "ann", "purpose": "marketing", "given": True, "at": "2999-01-01T00:00:00Z"},
            ],
        }
        answer = as_service.post("consents/import", body).json()

        assert (answer["added"], answer["known"], answer["refused"]) == (2, 0, 3)
        assert [(each["pointer"], each["code"]) for each in answer["errors"]] == [
            ("/consents/2", "user_not_found"),
            ("/consents/3", "one_of"),
            ("/consents/4/at", "in_the_future"),
        ]
        row = Record.objects.get(purpose="marketing")
        assert (row.source, row.detail, row.at.year) == ("import", "old shop", 2024)
        assert _state(ann) == {"marketing": True, "processing": True}

        again = as_service.post("consents/import", body).json()
        assert (again["added"], again["known"]) == (0, 2)

    def test_does_not_bring_back_what_was_withdrawn_since(self, as_service: Api, as_ann: Api, ann: User) -> None:
        as_ann.post("consents", {"purpose": "marketing", "given": False})
        one = {"external_id": "ann", "purpose": "marketing", "given": True, "at": "2024-05-01T10:00:00Z"}
        as_service.post("consents/import", {"source_name": "old shop", "consents": [one]})

        assert Record.objects.count() == 2
        assert _state(ann) == {"marketing": False}

    def test_is_for_staff_and_services(self, as_ann: Api) -> None:
        one = {"external_id": "ann", "purpose": "marketing", "given": True, "at": "2024-05-01T10:00:00Z"}

        assert as_ann.post("consents/import", {"source_name": "x", "consents": [one]}).status_code == 403
        assert Record.objects.count() == 0


class TestTexts:
    def test_a_text_is_drafted_published_and_then_what_people_agree_to(self, as_staff: Api, as_ann: Api) -> None:
        en = as_staff.post("consent-texts", {"purpose": "marketing", "locale": "en", "text": "News by mail."}).json()
        sw = as_staff.post("consent-texts", {"purpose": "marketing", "locale": "sw", "text": "Habari."}).json()
        assert (en["version"], sw["version"], en["published_at"]) == (1, 1, None)
        assert as_ann.get("consent-texts").json()["results"] == []
        assert _given(as_ann)["words"] is None

        assert as_staff.patch(f"consent-texts/{en['id']}", {"text": "News by email."}).status_code == 200
        assert as_staff.post(f"consent-texts/{en['id']}/publish").json()["published_at"]
        assert as_staff.post(f"consent-texts/{en['id']}/publish").status_code == 200
        assert {each["locale"] for each in as_ann.get("consent-texts").json()["results"]} == {"en", "sw"}
        assert _given(as_ann)["words"] == {"version": 1, "locale": "en", "text": "News by email."}

        as_ann.post("consents", {"purpose": "marketing", "given": True})
        assert _given(as_ann)["text_version"] == 1

    def test_a_published_text_never_changes(self, as_staff: Api) -> None:
        text = as_staff.post("consent-texts", {"purpose": "marketing", "locale": "en", "text": "One."}).json()
        as_staff.post(f"consent-texts/{text['id']}/publish")

        assert as_staff.patch(f"consent-texts/{text['id']}", {"text": "Two."}).json()["code"] == "text_published"
        again = {"purpose": "marketing", "locale": "fr", "text": "Un.", "version": 1}
        assert as_staff.post("consent-texts", again).json()["code"] == "version_published"
        assert as_staff.post("consent-texts", {**again, "version": None}).json()["version"] == 2
        assert Text.objects.get(version=1).text == "One."

    def test_a_language_is_there_once_in_a_version(self, as_staff: Api) -> None:
        body = {"purpose": "marketing", "locale": "en", "text": "One."}
        as_staff.post("consent-texts", body)

        assert as_staff.post("consent-texts", body).json()["code"] == "version_exists"
        assert as_staff.post("consent-texts", {**body, "locale": "xx-nowhere"}).json()["code"] == "invalid_locale"
        assert Text.objects.count() == 1

    def test_a_person_gets_the_words_in_their_language_as_far_as_there_are_any(self, as_staff: Api) -> None:
        for locale, text in (("en", "News."), ("sw", "Habari.")):
            made = as_staff.post("consent-texts", {"purpose": "marketing", "locale": locale, "text": text}).json()
        as_staff.post(f"consent-texts/{made['id']}/publish")
        juma = make_user(email="juma@example.com", locale="sw-TZ")
        luc = make_user(email="luc@example.com", locale="fr")

        assert _given(api_as(juma))["words"]["text"] == "Habari."
        assert _given(api_as(luc))["words"]["text"] == "News."


class TestWithdrawing:
    def _send(self, api: Api, user: User, category: str = "marketing") -> Any:
        body = {"user_id": str(user.id), "channel": "email", "subject": "News", "body": "x", "category": category}
        return api.post("notifications/send", body)

    def test_marketing_needs_consent(self, as_service: Api, ann: User) -> None:
        answer = self._send(as_service, ann)

        assert answer.status_code == 403
        assert Notification.objects.get().reason == "no_consent"

    def test_takes_effect_on_what_waits_already(
        self, as_service: Api, as_ann: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        as_ann.post("consents", {"purpose": "marketing", "given": True})
        for category in ("marketing", "orders"):
            assert self._send(as_service, ann, category).status_code == 201
        as_ann.post("consents", {"purpose": "marketing", "given": False})
        drain()

        found = {row.category_id: (row.status, row.reason) for row in Notification.objects.all()}
        assert sorted(found.values()) == [("delivered", ""), ("suppressed", "no_consent")]
        marketing = Notification.objects.get(status="suppressed")
        last = Decision.objects.filter(notification_id=marketing.id).order_by("id").last()
        assert last is not None
        assert (last.stage, last.rule, last.reason) == ("gate", "consent", "no_consent")

    def test_of_processing_stops_all_but_essential_categories(
        self, as_service: Api, as_ann: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        as_ann.post("consents", {"purpose": "processing", "given": False})

        assert self._send(as_service, ann, "orders").status_code == 403
        assert self._send(as_service, ann, "security").status_code == 201
