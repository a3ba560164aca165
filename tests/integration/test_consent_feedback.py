"""What people say through their carrier or mail provider stands in the history of consent: STOP, START, complaints."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Kind, Reported
from clarion.flows.feedback.keywords import START_WORDS, STOP_WORDS, word_of
from clarion.records import clock
from clarion.records.consents.models import Record
from clarion.records.consents.purposes import Purpose, Source
from clarion.records.people.models import User
from clarion.records.preferences.models import GlobalPreference
from clarion.records.suppression.models import Entry
from clarion.testing.scripted_feedback import ScriptedVendor
from tests.conftest import Api, make_user
from tests.integration.callbacks import account, path_of, report
from tests.integration.conftest import Carry


@pytest.fixture
def texts(carried_by: Carry) -> ScriptedVendor:
    one = ScriptedVendor(name="texts")
    carried_by(ChannelKey.SMS, one)
    return one


@pytest.fixture
def mails(carried_by: Carry) -> ScriptedVendor:
    one = ScriptedVendor()
    carried_by(ChannelKey.EMAIL, one)
    return one


def _says(vendor: ScriptedVendor, user: User, text: str, at: datetime, event: str = "") -> None:
    event_id = event or f"{text} {at}"
    reply = Reported(event_id=event_id, kind=Kind.REPLIED, address=user.phone, text=text, happened_at=at)
    report(vendor, reply, path=path_of(account(ChannelKey.SMS, "texts")))


def _history(user: User) -> list[tuple[Any, ...]]:
    rows = Record.objects.filter(user_id=user.id).order_by("id")
    return list(rows.values_list("purpose", "given", "source", "actor"))


def _stopped() -> bool:
    return Entry.objects.filter(reason="stopped", lifted_at=None).exists()


class TestKeywords:
    @pytest.mark.parametrize(
        "text",
        [
            *("STOP", "Stop.", " stop ", "STOPALL", "Stop all!", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPT-OUT"),
            *("ARRET", "Arrêt", "arrêter", "Désabonner", "SITISHA", "Acha", "REVOKE"),
        ],
    )
    def test_these_stop(self, text: str) -> None:
        assert word_of(text) in STOP_WORDS

    @pytest.mark.parametrize("text", ["START", "yes", "Unstop", "ANZA", "oui", "Ndiyo!"])
    def test_these_start(self, text: str) -> None:
        assert word_of(text) in START_WORDS

    @pytest.mark.parametrize("text", ["", "stop it", "please stop", "the end", "yes please", "stop " * 20, "?", "停止"])
    def test_these_do_neither(self, text: str) -> None:
        assert word_of(text) not in STOP_WORDS | START_WORDS

    def test_no_word_does_both(self) -> None:
        assert frozenset() == STOP_WORDS & START_WORDS


class TestStopAndStart:
    @pytest.mark.parametrize("word", ["STOP", "Sitisha", "Arrêt"])
    def test_stop_stands_in_the_history_with_its_source(self, texts: ScriptedVendor, ann: User, word: str) -> None:
        _says(texts, ann, word, clock.now())

        assert _history(ann) == [("sms", False, "sms_keyword", "provider:sms.texts")]
        assert _stopped()

    def test_start_takes_it_back(self, texts: ScriptedVendor, ann: User) -> None:
        now = clock.now() - timedelta(minutes=1)
        _says(texts, ann, "STOP", now)
        _says(texts, ann, "START", now + timedelta(seconds=5))

        assert [each[1] for each in _history(ann)] == [False, True]
        assert GlobalPreference.objects.get(pk=ann.id).consents == {"sms": True}
        assert not _stopped()

    def test_start_takes_back_nothing_else(self, texts: ScriptedVendor, ann: User, as_ann: Api) -> None:
        as_ann.patch("preferences", {"global": {"marketing_enabled": True, "sms_enabled": False}})
        as_ann.patch("preferences", {"global": {"marketing_enabled": False}})
        now = clock.now()
        _says(texts, ann, "STOP", now - timedelta(seconds=9))
        _says(texts, ann, "START", now - timedelta(seconds=5))

        state = GlobalPreference.objects.get(pk=ann.id)
        assert state.consents == {"marketing": False, "sms": True}
        assert (state.marketing_enabled, state.channels) == (False, {"sms": False})

    def test_start_of_somebody_who_never_said_stop_agrees_to_nothing(self, texts: ScriptedVendor, ann: User) -> None:
        _says(texts, ann, "YES", clock.now())

        assert _history(ann) == []

    def test_a_repeated_stop_is_one_answer(self, texts: ScriptedVendor, ann: User) -> None:
        now = clock.now() - timedelta(minutes=1)
        for number in range(3):
            _says(texts, ann, "STOP", now + timedelta(seconds=number))

        assert len(_history(ann)) == 1

    def test_a_stop_that_comes_late_does_not_undo_a_start(self, texts: ScriptedVendor, ann: User) -> None:
        now = clock.now() - timedelta(minutes=2)
        _says(texts, ann, "STOP", now)
        _says(texts, ann, "START", now + timedelta(seconds=30))
        _says(texts, ann, "STOP", now + timedelta(seconds=10))
        _says(texts, ann, "STOP", now, event="the first one, repeated")

        assert GlobalPreference.objects.get(pk=ann.id).consents == {"sms": True}
        assert [each[1] for each in _history(ann)] == [False, True, False]

    def test_everybody_with_the_number_has_it_in_their_history(self, texts: ScriptedVendor, ann: User) -> None:
        bob = make_user(email="bob@example.com", phone=ann.phone)
        _says(texts, ann, "STOP", clock.now())

        assert len(_history(ann)) == len(_history(bob)) == 1

    def test_a_number_that_nobody_has_is_suppressed_without_a_history(self, texts: ScriptedVendor, ann: User) -> None:
        ann.phone = "+255712999999"
        number = ann.phone
        ann.refresh_from_db()
        reply = Reported(event_id="x", kind=Kind.REPLIED, address=number, text="STOP", happened_at=clock.now())
        report(texts, reply, path=path_of(account(ChannelKey.SMS, "texts")))

        assert _stopped()
        assert Record.objects.count() == 0


class TestMail:
    @pytest.mark.parametrize(
        ("kind", "source"), [(Kind.COMPLAINED, Source.COMPLAINT), (Kind.UNSUBSCRIBED, Source.PROVIDER)]
    )
    def test_a_complaint_and_unsubscribing_at_the_provider_withdraw_marketing(
        self, mails: ScriptedVendor, ann: User, as_ann: Api, as_service: Api, kind: Kind, source: Source
    ) -> None:
        as_ann.patch("preferences", {"global": {"marketing_enabled": True}})
        report(mails, Reported(event_id="c", kind=kind, address="ann@example.com", happened_at=clock.now()))

        assert _history(ann)[-1] == (Purpose.MARKETING, False, source, "provider:email.scripted")
        body = {"user_id": str(ann.id), "channel": "in_app", "subject": "N", "body": "x", "category": "marketing"}
        assert as_service.post("notifications/send", body).status_code == 403
        assert as_service.post("notifications/send", {**body, "category": "orders"}).status_code == 201

    def test_a_bounce_says_nothing_about_consent(self, mails: ScriptedVendor, ann: User) -> None:
        report(mails, Reported(event_id="b", kind=Kind.BOUNCED, address="ann@example.com", happened_at=clock.now()))

        assert _history(ann) == []

    def test_a_complaint_repeated_after_a_change_of_mind_changes_nothing(
        self, mails: ScriptedVendor, ann: User, as_ann: Api
    ) -> None:
        before = clock.now() - timedelta(minutes=5)
        report(mails, Reported(event_id="c", kind=Kind.COMPLAINED, address="ann@example.com", happened_at=before))
        as_ann.patch("preferences", {"global": {"marketing_enabled": True}})
        report(mails, Reported(event_id="d", kind=Kind.COMPLAINED, address="ann@example.com", happened_at=before))

        assert GlobalPreference.objects.get(pk=ann.id).consents["marketing"] is True
        assert [each[1] for each in _history(ann)] == [False, True]
