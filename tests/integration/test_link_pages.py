"""The pages behind links: what they say, in which language, and that only the button does anything."""

import html
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.consents.models import Record
from clarion.records.lists.models import MailingList, State, Subscription
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.links import Scope
from clarion.records.preferences.models import CategoryPreference, GlobalPreference, PreferenceChange
from clarion.surfaces.pages.link_words import LOCALES, LinkWords, words_of
from tests.conftest import make_user


def _token(user: User, key: str = "marketing") -> str:
    return links.unsubscribe_token(user.id, Category.objects.get(key=key).id, "email", clock.now())


def _scoped(user: User, scope: Scope, **more: Any) -> str:
    return links.scoped_token(user.id, scope, clock.now(), **more)


def _open(token: str, method: str = "get", **headers: str) -> Any:
    return getattr(Client(enforce_csrf_checks=True), method)(f"/unsubscribe/?token={token}", headers=headers)


def _text(answer: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


class TestStop:
    def test_the_page_says_what_would_stop_and_what_would_not(self, ann: User) -> None:
        answer = _open(_token(ann))

        assert answer.status_code == 200
        text = _text(answer)
        assert "You would get no more messages of “Marketing” by email." in text
        assert "Messages about your account, such as orders and security, go on." in text
        assert CategoryPreference.objects.count() == 0

    def test_its_button_stops_the_category_on_the_channel(self, ann: User) -> None:
        answer = _open(_token(ann), "post")

        assert (answer.status_code, "It is stopped, from now on." in _text(answer)) == (200, True)
        assert CategoryPreference.objects.get().channels == {"email": False}
        last = PreferenceChange.objects.last()
        assert last is not None
        assert (last.source, last.actor) == ("unsubscribe_page", f"user:{ann.id}")

    def test_its_second_button_stops_all_marketing(self, ann: User) -> None:
        page = _open(_token(ann)).content.decode()
        (action,) = re.findall(r'action="([^"]+)"', page)
        answer = Client(enforce_csrf_checks=True).post(f"/unsubscribe/{html.unescape(action)}")

        assert answer.status_code == 200
        row = GlobalPreference.objects.get(pk=ann.id)
        assert (row.marketing_enabled, row.consents) == (False, {"marketing": False})
        assert Record.objects.get().source == "unsubscribe_page"

    def test_reloading_the_answer_changes_nothing_more(self, ann: User) -> None:
        for _ in range(5):
            assert _open(_token(ann), "post").status_code == 200

        assert PreferenceChange.objects.count() == 1

    def test_all_marketing_has_one_button(self, ann: User) -> None:
        page = _open(_scoped(ann, Scope.MARKETING)).content.decode()

        assert page.count("<form") == 1
        assert "You would get no more marketing, on any channel." in page

    def test_digests(self, ann: User) -> None:
        assert "no more digests" in _text(_open(_scoped(ann, Scope.DIGEST)))
        _open(_scoped(ann, Scope.DIGEST), "post")
        assert GlobalPreference.objects.get(pk=ann.id).digest == {"frequency": "never"}

    def test_a_list(self, ann: User) -> None:
        news = MailingList.objects.create(key="news", name="{News} & <b>more</b>")
        Subscription.objects.create(mailing_list=news, user=ann, state=State.CONFIRMED, asked_at=clock.now())
        token = _scoped(ann, Scope.LIST, subject=news.id)

        page = _open(token).content.decode()
        assert "“{News} &amp; &lt;b&gt;more&lt;/b&gt;”" in page
        _open(token, "post")
        assert Subscription.objects.get().state == "ended"

    def test_a_link_in_a_message_about_the_account_offers_to_stop_marketing_instead(self, ann: User) -> None:
        answer = _open(_token(ann, "orders"))

        assert "Messages of “Orders” tell you what happens to your account" in _text(answer)
        assert answer.content.decode().count("<form") == 1
        assert _open(_token(ann, "orders"), "post").status_code == 409
        assert CategoryPreference.objects.count() == GlobalPreference.objects.count() == 0

    def test_a_person_who_is_gone_sees_the_same(self, ann: User) -> None:
        category = Category.objects.get(key="marketing").id
        nobody = links.unsubscribe_token(uuid4(), category, "email", clock.now())

        assert _text(_open(nobody)) == _text(_open(_token(ann)))
        assert _text(_open(nobody, "post")) == _text(_open(_token(ann), "post"))

    def test_a_category_that_is_gone_is_no_error(self, ann: User) -> None:
        token = links.unsubscribe_token(ann.id, 99_999, "email", clock.now())

        assert _open(token).status_code == 200
        assert _open(token, "post").status_code == 200
        assert CategoryPreference.objects.count() == 0

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_bad_links_are_told_so_and_change_nothing(self, ann: User, method: str) -> None:
        old = links.unsubscribe_token(ann.id, 1, "email", clock.now() - timedelta(days=1827))
        for token, said in (("", "not complete"), ("x" * 80, "not complete"), (old, "too old")):
            answer = _open(token, method)
            assert (answer.status_code, said in _text(answer)) == (400, True)

        assert CategoryPreference.objects.count() == GlobalPreference.objects.count() == 0

    @pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
    def test_other_methods_do_nothing(self, ann: User, method: str) -> None:
        assert _open(_token(ann), method).status_code == 405
        assert CategoryPreference.objects.count() == 0


class TestThePageItself:
    def test_it_needs_no_script_no_cookie_and_no_foreign_host(self, ann: User) -> None:
        answer = _open(_token(ann))
        page = answer.content.decode()

        assert "<script" not in page
        assert "style=" not in page
        assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//", page)
        assert dict(answer.cookies) == {}

    def test_its_address_is_kept_nowhere(self, ann: User) -> None:
        headers = _open(_token(ann)).headers

        assert headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in headers["Cache-Control"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Robots-Tag"] == "noindex"

    def test_it_has_the_name_of_the_installation(self, ann: User, settings: Any) -> None:
        settings.APP_NAME = "Duka <Letu>"

        assert "<title>Stop these messages? · Duka &lt;Letu&gt;</title>" in _open(_token(ann)).content.decode()

    @pytest.mark.parametrize(
        ("person", "browser", "locale"),
        [
            ("sw-TZ", "fr", "sw"),
            ("fr", "", "fr"),
            ("pt", "de;q=0.9, fr-CH;q=0.8, en;q=0.7", "fr"),
            ("pt", "de", "en"),
            ("en", "fr", "en"),
        ],
    )
    def test_it_speaks_the_persons_language_else_the_browsers(
        self, ground: None, person: str, browser: str, locale: str
    ) -> None:
        user = make_user(email="x@example.com", locale=person)
        page = _open(_token(user), **{"Accept-Language": browser}).content.decode()

        assert f'<html lang="{locale}">' in page
        assert html.escape(words_of(locale).stop_title, quote=True) in page or words_of(locale).stop_title in page

    @pytest.mark.parametrize("locale", LOCALES)
    def test_every_text_is_there_in_every_language_with_the_same_places(self, locale: str) -> None:
        ours, english = words_of(locale), words_of("en")
        for name in LinkWords.__dataclass_fields__:
            if name == "channels":
                assert set(ours.channels) == set(english.channels)
                continue
            told, expected = getattr(ours, name), getattr(english, name)
            assert told
            assert set(re.findall(r"{\w+}", told)) == set(re.findall(r"{\w+}", expected)), name
