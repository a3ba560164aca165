"""What mailing lists must never do: forget people who are known for more, say that somebody is subscribed who gets
nothing, ask for an answer by a mail that is never sent, or keep strangers' addresses longer than they promise."""

import re
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent
from clarion.flows.consent.unsubscribe import meant, unsubscribe
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.consents.models import Record
from clarion.records.consents.purposes import Source
from clarion.records.lists import store
from clarion.records.lists.models import MailingList, State, Subscription
from clarion.records.people import directory
from clarion.records.people.models import Device, Platform, User
from clarion.records.preferences import links
from clarion.records.preferences.links import Scope
from clarion.records.preferences.models import GlobalPreference
from clarion.surfaces.api.lists import LEAST_SECONDS
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, api_as, caller_of
from tests.integration.conftest import Carry

Drain = Callable[[], int]
EMAIL = ChannelKey.EMAIL


@pytest.fixture
def carrier(carried_by: Carry) -> ScriptedProvider:
    one = ScriptedProvider()
    carried_by(EMAIL, one)
    return one


@pytest.fixture
def news(ground: None) -> MailingList:
    return MailingList.objects.create(key="news", name="The News", public=True)


def _subscribe(email: str = "new@example.com") -> Any:
    answer = Api().post("lists/news/subscribe", {"email": email})
    assert answer.status_code == 202
    return answer


def _link(carrier: ScriptedProvider, drain: Drain) -> str:
    drain()
    content = carrier.given[-1].content
    assert isinstance(content, EmailContent)
    (found,) = re.findall(r"https?://\S+/confirm/\?token=\S+", content.text)
    parts = urlsplit(str(found))
    return f"{parts.path}?{parts.query}"


def _made() -> User:
    return User.objects.with_email("new@example.com").get()


def _answered(user: User, staff: User) -> None:
    answer = api_as(staff).post(f"users/{user.id}/consents", {"purpose": "marketing", "given": True})
    assert answer.status_code == 200


def _set_preferences(user: User, staff: User) -> None:
    body = {"global": {"email_enabled": False}}
    assert api_as(staff).patch(f"users/{user.id}/preferences", body).status_code == 200


def _was_written_to(user: User, staff: User) -> None:
    asked = Send(
        caller=caller_of(staff, Permission.SEND, Permission.SEND_OTHERS),
        user_id=user.id,
        channels=(EMAIL,),
        category="orders",
        subject="S",
        body="B",
    )
    ingest.send(asked, clock.now())


def _got_a_device(user: User, staff: User) -> None:
    Device.objects.create(user=user, platform=Platform.ANDROID)


def _was_changed(user: User, staff: User) -> None:
    before = clock.now() - timedelta(hours=1)
    User.objects.filter(pk=user.pk).update(created_at=before, updated_at=before)
    assert api_as(staff).patch(f"users/{user.id}", {"first_name": "Ann"}).status_code == 200


class TestForgetting:
    @pytest.mark.parametrize("happens", [_answered, _set_preferences, _was_written_to, _got_a_device, _was_changed])
    def test_who_became_more_than_a_place_on_a_list_is_not_forgotten(
        self, happens: Callable[[User, User], None], news: MailingList, carrier: ScriptedProvider, staff: User
    ) -> None:
        _subscribe()
        user = _made()
        happens(user, staff)
        store.forget_unconfirmed(clock.now() + timedelta(hours=73))

        assert Subscription.objects.count() == 0
        assert User.objects.filter(pk=user.pk).exists()

    def test_all_that_is_over_is_forgotten_at_once_however_much(
        self, news: MailingList, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "BATCH", 2)
        for number in range(5):
            store.ask(news, directory.create({"email": f"p{number}@example.com"}).id, clock.now(), made_person=True)

        assert store.forget_unconfirmed(clock.now() + timedelta(hours=73)) == 5
        assert not User.objects.exists()


class TestComingBack:
    def test_who_left_all_marketing_and_confirms_a_place_again_gets_it(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        start = clock.now()
        _subscribe()
        Client().post(_link(carrier, drain))
        user = _made()
        token = links.scoped_token(user.id, Scope.MARKETING, start)
        assert unsubscribe(meant(token, "", start), Source.ONE_CLICK, clock.now())
        with clock.standing_at(start + timedelta(hours=1)):
            _subscribe()
            link = _link(carrier, drain)
            assert GlobalPreference.objects.get(pk=user.pk).consents["marketing"] is False, "asking gives nothing"
            assert Client().post(link).status_code == 200

        state = GlobalPreference.objects.get(pk=user.pk)
        assert (state.consents["marketing"], state.marketing_enabled) == (True, True)
        assert Subscription.objects.get().state == State.CONFIRMED

    def test_an_old_link_does_not_undo_a_withdrawal(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        _subscribe()
        link = _link(carrier, drain)
        Client().post(link)
        user, now = _made(), clock.now()
        assert unsubscribe(meant(links.scoped_token(user.id, Scope.MARKETING, now), "", now), Source.ONE_CLICK, now)
        before = Record.objects.count()
        Client().post(link)

        assert GlobalPreference.objects.get(pk=user.pk).consents["marketing"] is False
        assert Record.objects.count() == before


class TestCategory:
    def test_a_confirmation_cannot_be_marketing(self, ground: None, as_staff: Api) -> None:
        found = catalog.find("marketing")
        assert found is not None
        assert found.marketing
        answer = as_staff.post("lists", {"key": "news", "name": "N", "category": "marketing"})
        assert (answer.status_code, answer.json()["code"]) == (422, "category_unusable")
        assert not MailingList.objects.exists()


class TestClocks:
    @pytest.mark.parametrize("purpose", ["marketing", "processing"])
    def test_a_withdrawal_counts_though_the_clock_that_heard_it_is_behind(self, ann: User, purpose: str) -> None:
        own, now = api_as(ann), clock.now()
        assert own.post("consents", {"purpose": purpose, "given": True}).status_code == 200
        with clock.standing_at(now - timedelta(seconds=3)):
            answer = own.post("consents", {"purpose": purpose, "given": False})

        assert [each["given"] for each in answer.json()["results"] if each["purpose"] == purpose] == [False]
        assert GlobalPreference.objects.get(pk=ann.pk).consents[purpose] is False


def test_how_long_the_answer_takes_does_not_tell_who_is_known(news: MailingList, ann: User) -> None:
    def taken(email: str) -> float:
        begun = monotonic()
        _subscribe(email)
        return monotonic() - begun

    assert min(taken("somebody.new@example.com"), taken(ann.email), taken(ann.email)) >= LEAST_SECONDS


def test_an_address_on_a_list_does_not_keep_its_owner_out_of_the_platforms_records(
    news: MailingList, as_staff: Api
) -> None:
    _subscribe("owner@example.com")
    reader = User.objects.with_email("owner@example.com").get()
    people = [
        {"external_id": "crm-1", "email": "Owner@example.com", "first_name": "Ow"},
        {"external_id": "crm-2", "email": "other@example.com"},
        {"external_id": "crm-3", "email": "owner@example.com"},
    ]
    answer = as_staff.post("users/bulk", {"users": people}).json()
    assert answer["ids"][0] == str(reader.id)
    assert (answer["created"], answer["updated"], [each["code"] for each in answer["errors"]]) == (
        1,
        1,
        ["email_taken"],
    )
    reader.refresh_from_db()
    assert (reader.external_id, reader.names["first_name"]) == ("crm-1", "Ow")
    assert Subscription.objects.get().user_id == reader.id
    again = as_staff.post("users/bulk", {"users": people[:1]}).json()
    assert (again["updated"], again["ids"]) == (1, [str(reader.id)])


def test_somebodys_account_is_not_taken_over_by_its_address(as_staff: Api, ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(external_id=None)
    answer = as_staff.post("users/bulk", {"users": [{"external_id": "crm-9", "email": ann.email}]}).json()
    assert [each["code"] for each in answer["errors"]] == ["email_taken"]
    ann.refresh_from_db()
    assert ann.external_id is None
