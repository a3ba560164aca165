"""Mailing lists: a place is asked for, confirmed by its owner's click on a page, and given up; nobody is buried in
mails, and nobody learns who is known."""

import re
from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent
from clarion.flows.consent import opt_in
from clarion.records import clock
from clarion.records.consents.models import Record, Text
from clarion.records.ledger.models import Notification
from clarion.records.lists import store
from clarion.records.lists.models import MailingList, Subscription
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.models import GlobalPreference
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, make_user
from tests.integration.api_document import watch
from tests.integration.conftest import Carry

Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _every_answer_is_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture
def carrier(carried_by: Carry) -> ScriptedProvider:
    one = ScriptedProvider()
    carried_by(ChannelKey.EMAIL, one)
    return one


@pytest.fixture
def news(ground: None) -> MailingList:
    return MailingList.objects.create(key="news", name="The News", public=True)


def _mails(carrier: ScriptedProvider, drain: Drain) -> list[tuple[str, EmailContent]]:
    drain()
    return [(each.target.value, each.content) for each in carrier.given if isinstance(each.content, EmailContent)]


def _link(carrier: ScriptedProvider, drain: Drain) -> str:
    _, content = _mails(carrier, drain)[-1]
    (found,) = re.findall(r"https?://\S+/confirm/\?token=\S+", content.text)
    parts = urlsplit(str(found))
    return f"{parts.path}?{parts.query}"


def _subscribe(email: str = "new@example.com", key: str = "news", **given: Any) -> Any:
    return Api().post(f"lists/{key}/subscribe", {"email": email, **given})


class TestDoubleOptIn:
    def test_a_stranger_becomes_a_subscriber_by_their_own_click(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        assert _subscribe().status_code == 202
        address, content = _mails(carrier, drain)[-1]
        assert (address, content.subject) == ("new@example.com", "Please confirm: The News")
        assert "List-Unsubscribe" not in content.headers
        assert Subscription.objects.get().state == "pending"
        assert Record.objects.count() == 0

        link = _link(carrier, drain)
        page = Client().get(link).content.decode()
        assert "Confirm your subscription" in page
        assert "The News" in page
        assert Subscription.objects.get().state == "pending"

        done = Client(enforce_csrf_checks=True).post(link)
        assert (done.status_code, "You are subscribed" in done.content.decode()) == (200, True)
        row = Subscription.objects.get()
        assert (row.state, row.made_person, row.expires_at) == ("confirmed", False, None)
        told = Record.objects.order_by("purpose").values_list("purpose", "given", "source", "actor", "detail")
        actor = f"user:{row.user_id}"
        assert list(told) == [
            ("list:news", True, "double_opt_in", actor, "list news"),
            ("marketing", True, "double_opt_in", actor, "list news"),
        ]
        state = GlobalPreference.objects.get(pk=row.user_id)
        assert (state.consents, state.marketing_enabled) == ({"list:news": True, "marketing": True}, True)

    def test_looking_and_prefetching_confirm_nothing(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        _subscribe()
        link = _link(carrier, drain)
        for method in ("get", "head", "options", "put", "delete"):
            getattr(Client(), method)(link, headers={"Sec-Purpose": "prefetch"})

        assert Subscription.objects.get().state == "pending"
        assert Record.objects.count() == 0

    def test_confirming_ten_times_is_one_consent(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        _subscribe()
        link = _link(carrier, drain)

        assert [Client().post(link).status_code for _ in range(10)] == [200] * 10
        assert Record.objects.count() == 2

    def test_what_was_agreed_to_is_shown_and_kept_by_version(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        Text.objects.create(
            purpose="marketing", version=4, locale="en", text="News <b>twice</b> a month.", published_at=clock.now()
        )
        _subscribe()
        link = _link(carrier, drain)

        assert "News &lt;b&gt;twice&lt;/b&gt; a month." in Client().get(link).content.decode()
        Client().post(link)
        assert Record.objects.get(purpose="marketing").text_version == 4

    def test_a_known_person_who_had_marketing_off_gets_it_by_confirming(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain, ann: User, as_ann: Api, as_service: Api
    ) -> None:
        as_ann.patch("preferences", {"global": {"marketing_enabled": False}})
        assert as_ann.post("lists/news/subscribe").status_code == 202
        Client().post(_link(carrier, drain))

        body = {"user_id": str(ann.id), "channel": "email", "subject": "N", "body": "x", "category": "marketing"}
        assert as_service.post("notifications/send", body).status_code == 201

    def test_a_person_who_switched_everything_off_still_gets_the_mail_they_asked_for(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain, as_ann: Api
    ) -> None:
        as_ann.patch("preferences", {"global": {"notifications_enabled": False}})
        as_ann.post("lists/news/subscribe")

        assert len(_mails(carrier, drain)) == 1

    @pytest.mark.parametrize(
        ("locale", "subject"), [("sw", "Tafadhali thibitisha: The News"), ("fr-CA", "Veuillez confirmer : The News")]
    )
    def test_mail_and_page_speak_the_persons_language(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain, locale: str, subject: str
    ) -> None:
        _subscribe(locale=locale)

        assert _mails(carrier, drain)[-1][1].subject == subject
        assert f'<html lang="{locale[:2]}">' in Client().get(_link(carrier, drain)).content.decode()

    def test_leaving_ends_place_and_consent_and_old_links_do_not_bring_it_back(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain, as_ann: Api
    ) -> None:
        as_ann.post("lists/news/subscribe")
        link = _link(carrier, drain)
        Client().post(link)

        assert as_ann.post("lists/news/unsubscribe").json() == {"status": "unsubscribed", "changed": True}
        assert as_ann.post("lists/news/unsubscribe").json() == {"status": "unsubscribed", "changed": False}
        assert Client().post(link).status_code == 400
        assert Subscription.objects.get().state == "ended"
        told = Record.objects.filter(purpose="list:news").order_by("id").values_list("given", "source")
        assert list(told) == [(True, "double_opt_in"), (False, "api")]


class TestTime:
    def test_what_is_not_confirmed_in_three_days_is_forgotten_with_its_person(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        _subscribe()
        link = _link(carrier, drain)
        with clock.standing_at(clock.now() + timedelta(hours=73)):
            assert Client().post(link).status_code == 400
            assert store.forget_unconfirmed(clock.now()) == 1

        assert Subscription.objects.count() == 0
        assert not User.objects.with_email("new@example.com").exists()
        assert Record.objects.count() == 0

    def test_a_person_who_was_known_before_is_not_forgotten(self, news: MailingList, as_ann: Api, ann: User) -> None:
        as_ann.post("lists/news/subscribe")
        store.forget_unconfirmed(clock.now() + timedelta(hours=73))

        assert Subscription.objects.count() == 0
        assert User.objects.filter(pk=ann.pk).exists()

    def test_a_person_made_for_a_list_stays_when_they_became_more(self, news: MailingList) -> None:
        _subscribe()
        user = User.objects.with_email("new@example.com").get()
        user.external_id = "crm-1"
        user.save()
        store.forget_unconfirmed(clock.now() + timedelta(hours=73))

        assert User.objects.filter(pk=user.pk).exists()

    def test_what_is_confirmed_is_not_forgotten(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        _subscribe()
        Client().post(_link(carrier, drain))

        assert store.forget_unconfirmed(clock.now() + timedelta(days=400)) == 0
        assert Subscription.objects.get().state == "confirmed"


class TestBombing:
    def test_one_list_mails_a_person_three_times_and_not_in_a_row(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        start = clock.now()
        for minutes in (0, 1, 14, 16, 20, 40, 60, 600, 3000):
            with clock.standing_at(start + timedelta(minutes=minutes)):
                assert _subscribe("victim@example.com").status_code == 202

        assert len(Notification.objects.all()) == 3

    def test_many_lists_together_mail_a_person_five_times_a_day(self, ground: None) -> None:
        for number in range(9):
            MailingList.objects.create(key=f"l{number}", name="L", public=True)
            assert _subscribe("victim@example.com", f"l{number}").status_code == 202

        assert Notification.objects.count() == 5

    def test_one_client_may_not_ask_for_ever(self, news: MailingList) -> None:
        answers = [_subscribe(f"a{number}@example.com") for number in range(32)]

        assert [each.status_code for each in answers] == [202] * 30 + [429] * 2
        assert answers[-1].headers["Retry-After"] == "300"
        assert Subscription.objects.count() == 30


class TestSilence:
    def test_known_unknown_and_subscribed_addresses_are_answered_alike(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain, ann: User
    ) -> None:
        known, unknown = _subscribe("ann@example.com"), _subscribe("new@example.com")
        Client().post(_link(carrier, drain))
        again = _subscribe("new@example.com")
        gone = make_user(email="gone@example.com", reachable=False)
        gone.is_active = False
        gone.save()
        inactive = _subscribe("gone@example.com")

        answers = [known, unknown, again, inactive]
        assert {(each.status_code, each.content) for each in answers} == {(202, known.content)}

    def test_a_person_who_is_not_active_gets_no_mail(self, news: MailingList, ann: User) -> None:
        ann.is_active = False
        ann.save()
        _subscribe("ann@example.com")

        assert Notification.objects.count() == 0

    def test_a_list_that_is_not_public_is_not_there_for_strangers(self, ground: None, as_ann: Api) -> None:
        MailingList.objects.create(key="staff", name="S")

        assert _subscribe(key="staff").json()["code"] == "list_not_found"
        assert _subscribe(key="nothing").json()["code"] == "list_not_found"
        assert as_ann.post("lists/staff/subscribe", {"email": "bob@example.com"}).status_code == 403
        assert Subscription.objects.count() == 0

    def test_a_list_that_is_not_active_takes_nobody_and_confirms_nobody(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain
    ) -> None:
        _subscribe()
        link = _link(carrier, drain)
        MailingList.objects.update(active=False)

        assert _subscribe("other@example.com").status_code == 404
        assert Client().post(link).status_code == 400
        assert Record.objects.count() == 0

    def test_a_forged_or_swapped_link_confirms_nothing(
        self, news: MailingList, carrier: ScriptedProvider, drain: Drain, ann: User
    ) -> None:
        _subscribe()
        place = Subscription.objects.get()
        link = _link(carrier, drain)
        swapped = links.confirm_url(ann.id, place.id, clock.now()).partition("=")[2]
        stop = links.unsubscribe_token(place.user_id, 1, "email", clock.now())

        for token in (swapped, stop, "", "x" * 80, link.partition("=")[2][:-1]):
            answer = Client().post(f"/confirm/?token={token}")
            assert (answer.status_code, "does not work" in answer.content.decode()) == (400, True)
        assert Subscription.objects.get().state == "pending"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"email": "not an address"}, "invalid_email"),
            ({"email": "ann@example.com", "locale": "xx-nowhere"}, "invalid_locale"),
            ({}, "required"),
            ({"email": "ann@example.com", "user_id": "01890000-0000-7000-8000-000000000001"}, "one_of"),
        ],
    )
    def test_what_cannot_be_is_refused(self, news: MailingList, body: dict[str, Any], code: str) -> None:
        answer = Api().post("lists/news/subscribe", body)

        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert Subscription.objects.count() == 0


class TestServices:
    def test_staff_and_services_ask_for_others(self, news: MailingList, as_service: Api, ann: User) -> None:
        assert as_service.post("lists/news/subscribe", {"user_id": str(ann.id)}).status_code == 202
        assert Subscription.objects.get().user_id == ann.id

    def test_people_do_not(self, news: MailingList, as_ann: Api) -> None:
        bob = make_user(email="bob@example.com")

        assert as_ann.post("lists/news/subscribe", {"user_id": str(bob.id)}).status_code == 403
        assert as_ann.post("lists/news/unsubscribe", {"user_id": str(bob.id)}).status_code == 404
        assert Subscription.objects.count() == 0

    def test_lists_are_made_shown_and_changed(self, as_staff: Api) -> None:
        made = as_staff.post("lists", {"key": "news", "name": "News", "public": True})
        assert made.status_code == 201
        _subscribe()
        shown = as_staff.get("lists/news").json()
        assert (shown["pending"], shown["confirmed"], shown["public"]) == (1, 0, True)
        changed = as_staff.patch("lists/news", {"name": "The News", "public": False}).json()
        assert (changed["name"], changed["public"], changed["pending"]) == ("The News", False, 1)
        assert [each["key"] for each in as_staff.get("lists").json()["results"]] == ["news"]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"key": "News", "name": "N"}, "invalid_input"),
            ({"key": "n", "name": "line\nbreak"}, "invalid_input"),
            ({"key": "n", "name": "N", "template_path": "no.such"}, "template_not_found"),
            ({"key": "n", "name": "N", "category": "nothing"}, "category_not_found"),
            ({"key": "news", "name": "N"}, "list_exists"),
        ],
    )
    def test_impossible_lists_are_refused(
        self, news: MailingList, as_staff: Api, body: dict[str, Any], code: str
    ) -> None:
        assert as_staff.post("lists", body).json()["code"] == code
        assert MailingList.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_for_one_address_at_once_make_one_person_one_place_and_one_mail(real_ground: None) -> None:
    news = MailingList.objects.create(key="news", name="News", public=True)
    now = clock.now()

    def ask() -> None:
        try:
            opt_in.subscribe_address(news, "new@example.com", "en", now)
        finally:
            connection.close()

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert (User.objects.count(), Subscription.objects.count(), Notification.objects.count()) == (1, 1, 1)
