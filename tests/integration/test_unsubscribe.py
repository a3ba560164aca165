"""One-click unsubscribing: RFC 8058 line by line, what a link stops and what it never stops, and forged links."""

import re
from collections.abc import Callable
from datetime import timedelta
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from django.test import Client

from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent
from clarion.contract.message import Message
from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.consents.models import Record
from clarion.records.ledger.models import Notification
from clarion.records.lists.models import MailingList, State, Subscription
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.links import LinkPurpose, Scope
from clarion.records.preferences.models import CategoryPreference, GlobalPreference, PreferenceChange
from clarion.records.suppression.models import Entry
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import watch
from tests.integration.conftest import Carry

FORM = "application/x-www-form-urlencoded"
BODY = "List-Unsubscribe=One-Click"
MULTIPART = (
    '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
    "multipart/form-data; boundary=b",
)


@pytest.fixture(autouse=True)
def _every_answer_is_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture(autouse=True)
def _https(settings: Any) -> None:
    settings.PUBLIC_URL = "https://news.example.com"


@pytest.fixture
def carrier(carried_by: Carry) -> ScriptedProvider:
    one = ScriptedProvider()
    carried_by(ChannelKey.EMAIL, one)
    return one


@pytest.fixture
def ann(ann: User) -> User:
    """Ann agreed to marketing."""
    api_as(ann).patch("preferences", {"global": {"marketing_enabled": True}})
    return ann


def _category(key: str = "marketing") -> Category:
    return Category.objects.get(key=key)


def _token(user: User, key: str = "marketing", channel: str = "email") -> str:
    return links.unsubscribe_token(user.id, _category(key).id, channel, clock.now())


def _post(token: str, body: str = BODY, kind: str = FORM, query: str = "", **headers: str) -> Any:
    client = Client(enforce_csrf_checks=True)
    path = f"/api/v1/preferences/unsubscribe?token={token}{query}"
    return client.post(path, data=body.encode(), content_type=kind, headers=headers)


def _everything() -> dict[str, list[Any]]:
    """All that an unsubscription could change."""
    return {
        "global": list(GlobalPreference.objects.order_by("pk").values()),
        "category": list(CategoryPreference.objects.order_by("pk").values()),
        "changes": list(PreferenceChange.objects.order_by("pk").values()),
        "consents": list(Record.objects.order_by("pk").values()),
        "suppressions": list(Entry.objects.order_by("pk").values_list("pk", "lifted_at")),
        "subscriptions": list(Subscription.objects.order_by("pk").values()),
    }


def _send(api: Api, user: User, category: str = "marketing", **given: Any) -> Any:
    body = {"user_id": str(user.id), "channel": "email", "subject": "News", "body": "x", "category": category, **given}
    return api.post("notifications/send", body)


def _mail(carrier: ScriptedProvider, api: Api, user: User, drain: Callable[[], int], category: str) -> Message:
    assert _send(api, user, category).status_code == 201
    drain()
    (message,) = carrier.given[-1:]
    return message


def _headers(message: Message) -> dict[str, str]:
    assert isinstance(message.content, EmailContent)
    return dict(message.content.headers)


def _https_uri(headers: dict[str, str]) -> str:
    (found,) = re.findall(r"<(https://[^>]+)>", headers["List-Unsubscribe"])
    return str(found)


def _token_in(uri: str) -> str:
    return parse_qs(urlsplit(uri).query)["token"][0]


def requires(sentence: str) -> pytest.MarkDecorator:
    """The case's id is the sentence of the RFC."""
    return pytest.mark.parametrize("rfc", [sentence], ids=[sentence])


class TestRfc8058:
    """What https://www.rfc-editor.org/rfc/rfc8058 requires of those who send, section by section."""

    @requires("3.1: places one List-Unsubscribe header field and one List-Unsubscribe-Post header field in the message")
    def test_both_headers_are_there_once(
        self, rfc: str, carrier: ScriptedProvider, as_service: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        headers = _headers(_mail(carrier, as_service, ann, drain, "marketing"))

        assert [name for name in headers if name.lower().startswith("list-unsubscribe")] == [
            "List-Unsubscribe",
            "List-Unsubscribe-Post",
        ]

    @requires("3.1: The List-Unsubscribe header field MUST contain one HTTPS URI")
    def test_one_https_uri(
        self, rfc: str, carrier: ScriptedProvider, as_service: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        headers = _headers(_mail(carrier, as_service, ann, drain, "marketing"))

        assert len(re.findall(r"<https?://", headers["List-Unsubscribe"])) == 1
        assert _https_uri(headers).startswith("https://news.example.com/api/v1/preferences/unsubscribe?token=")

    @requires("3.1: It MAY contain other non-HTTP/S URIs such as MAILTO")
    def test_mailto_where_it_is_configured(
        self, rfc: str, settings: Any, carrier: ScriptedProvider, as_service: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        settings.UNSUBSCRIBE_MAILTO = "stop@news.example.com"
        headers = _headers(_mail(carrier, as_service, ann, drain, "marketing"))
        uri = _https_uri(headers)

        expected = f"<{uri}>, <mailto:stop@news.example.com?subject={_token_in(uri)}>"
        assert headers["List-Unsubscribe"] == expected

    @requires("3.1: The List-Unsubscribe-Post header MUST contain the single key/value pair List-Unsubscribe=One-Click")
    def test_the_pair(
        self, rfc: str, carrier: ScriptedProvider, as_service: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        headers = _headers(_mail(carrier, as_service, ann, drain, "marketing"))

        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    @requires("3.1: MUST contain one HTTPS URI, so without https nothing is promised")
    def test_without_https_there_is_no_one_click(
        self, rfc: str, settings: Any, carrier: ScriptedProvider, as_service: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        settings.PUBLIC_URL, settings.TRIAL = "http://news.example.com", False
        headers = _headers(_mail(carrier, as_service, ann, drain, "marketing"))

        assert "List-Unsubscribe" in headers
        assert "List-Unsubscribe-Post" not in headers

    @requires("3.1: MUST contain enough information to identify the mail recipient and the list")
    def test_the_uri_says_who_and_what(
        self, rfc: str, carrier: ScriptedProvider, as_service: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        uri = _https_uri(_headers(_mail(carrier, as_service, ann, drain, "marketing")))
        assert _post(_token_in(uri)).status_code == 200

        row = CategoryPreference.objects.get()
        assert (row.user_id, row.category_id, row.channels) == (ann.id, _category().id, {"email": False})

    @requires("3.1: The POST request MUST NOT include cookies, HTTP authorization, or any other context information")
    def test_context_is_not_looked_at(self, rfc: str, ann: User) -> None:
        assert _post(_token(ann), Authorization="ApiKey nonsense", Cookie="sessionid=x; csrftoken=y").status_code == 200

    @requires("3.1: The unsubscribe operation is logically unrelated to any previous web activity")
    def test_no_cookie_is_given_either(self, rfc: str, ann: User) -> None:
        answer = _post(_token(ann))

        assert dict(answer.cookies) == {}
        assert "Set-Cookie" not in answer.headers

    @requires(
        "3.1: MUST NOT return an HTTPS redirect, since redirected POST actions have historically not worked reliably"
    )
    def test_no_redirect(self, rfc: str, ann: User) -> None:
        for slash in ("", "/"):
            path = f"/api/v1/preferences/unsubscribe{slash}?token={_token(ann)}"
            answer = Client().post(path, data=BODY.encode(), content_type=FORM)
            assert answer.status_code == 200
            assert "Location" not in answer.headers

    @requires("3.1: The URI SHOULD include an opaque identifier or another hard-to-forge component")
    def test_the_uri_is_opaque(
        self, rfc: str, carrier: ScriptedProvider, as_service: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        uri = _https_uri(_headers(_mail(carrier, as_service, ann, drain, "marketing")))

        assert "ann" not in uri
        assert "example.com" not in urlsplit(uri).query
        assert str(ann.id) not in uri

    @requires(
        "3.1: The server handling the unsubscription SHOULD verify that the opaque or hard-to-forge component is valid"
    )
    def test_the_uri_is_verified(self, rfc: str, ann: User) -> None:
        before = _everything()
        token = _token(ann)

        assert _post(token[:-2] + ("AA" if token[-2:] != "AA" else "BB")).status_code == 400
        assert _everything() == before

    @requires("3.2: The POST content SHOULD be sent as multipart/form-data")
    def test_multipart(self, rfc: str, ann: User) -> None:
        assert _post(_token(ann), *MULTIPART).status_code == 200
        assert CategoryPreference.objects.get().channels == {"email": False}

    @requires("3.2: or MAY be sent as application/x-www-form-urlencoded")
    def test_urlencoded(self, rfc: str, ann: User) -> None:
        assert _post(_token(ann)).status_code == 200
        assert CategoryPreference.objects.get().channels == {"email": False}

    @requires("3.2: The target of the POST action is the same as the one in the GET action for a manual unsubscription")
    def test_a_get_is_for_people(self, rfc: str, ann: User) -> None:
        sent_on = Client().get(f"/api/v1/preferences/unsubscribe?token={_token(ann)}")
        assert (sent_on.status_code, sent_on.headers["Location"]) == (303, links.unsubscribe_page(_token(ann)))

        answer = Client().get(sent_on.headers["Location"].removeprefix("https://news.example.com"))
        assert answer.status_code == 200
        assert '<form method="post">' in answer.content.decode()

    @pytest.mark.parametrize("method", ["get", "head", "options"])
    @pytest.mark.parametrize("door", ["/api/v1/preferences/unsubscribe", "/unsubscribe/"])
    @requires(
        "1: software sometimes fetches URLs in mail header fields, and thereby accidentally triggers unsubscriptions"
    )
    def test_fetching_unsubscribes_nobody(self, rfc: str, ann: User, method: str, door: str) -> None:
        before = _everything()
        for headers in ({}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}):
            answer = getattr(Client(), method)(f"{door}?token={_token(ann)}", headers=headers)
            assert answer.status_code in (200, 303, 405)

        assert _everything() == before

    @requires("4: The List-Unsubscribe and List-Unsubscribe-Post headers MUST be covered by the signature")
    def test_dkim_covers_both(self, rfc: str) -> None:
        """With a real signature in tests/integration/test_unsubscribe_headers.py."""
        from clarion.providers.smtp.dkim import SIGNED

        assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(SIGNED)


class TestOneClick:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (BODY, FORM),
            (BODY, f"{FORM}; charset=UTF-8"),
            MULTIPART,
            (BODY, "text/plain"),
            ('{"List-Unsubscribe": "One-Click"}', "application/json"),
            (BODY, "application/octet-stream"),
            (BODY, "nonsense"),
        ],
    )
    def test_any_content_type_will_do(self, ann: User, body: str, kind: str) -> None:
        answer = _post(_token(ann), body, kind)

        assert answer.status_code == 200
        assert answer.json() == {
            "status": "unsubscribed",
            "scope": "category",
            "category": "marketing",
            "channel": "email",
        }
        assert PreferenceChange.objects.last().source == "one_click"

    def test_a_program_needs_no_body_and_the_history_says_that_it_was_one(self, ann: User) -> None:
        assert _post(_token(ann), "", "application/json").status_code == 200
        assert PreferenceChange.objects.last().source == "api"

    def test_ten_times_is_one_change(self, ann: User) -> None:
        before = PreferenceChange.objects.count()
        answers = [_post(_token(ann)) for _ in range(10)]

        assert [each.status_code for each in answers] == [200] * 10
        assert len({each.content for each in answers}) == 1
        assert PreferenceChange.objects.count() == before + 1

    def test_it_stands_in_the_history_with_its_source(self, ann: User) -> None:
        _post(_token(ann))

        row = PreferenceChange.objects.last()
        assert (row.source, row.actor) == ("one_click", f"user:{ann.id}")
        assert row.after == {"categories": {"marketing": {"email_enabled": False}}}

    def test_it_is_quick(self, ann: User) -> None:
        _post(_token(ann))
        started = perf_counter()
        for _ in range(20):
            _post(_token(ann))

        assert (perf_counter() - started) / 20 < 0.5

    def test_what_was_accepted_before_is_not_sent_after(
        self, carrier: ScriptedProvider, as_service: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        assert _send(as_service, ann).status_code == 201
        _post(_token(ann))
        drain()

        assert carrier.given == []
        row = Notification.objects.get()
        assert (row.status, row.reason) == ("suppressed", "category_off")

    @pytest.mark.parametrize("category", ["orders", "security"])
    def test_transactional_and_essential_mail_goes_on_and_has_no_such_header(
        self, category: str, carrier: ScriptedProvider, as_service: Api, ann: User, drain: Callable[[], int]
    ) -> None:
        _post(_token(ann))
        _post(links.scoped_token(ann.id, Scope.MARKETING, clock.now()))

        assert _headers(_mail(carrier, as_service, ann, drain, category)) == {}

    def test_other_channels_go_on(self, as_service: Api, ann: User, drain: Callable[[], int]) -> None:
        _post(_token(ann))

        assert _send(as_service, ann, channel="in_app").status_code == 201


class TestScopes:
    def test_all_marketing_is_the_switch_and_the_consent(self, ann: User, as_service: Api) -> None:
        answer = _post(links.scoped_token(ann.id, Scope.MARKETING, clock.now()))

        assert answer.json() == {"status": "unsubscribed", "scope": "marketing", "category": "", "channel": ""}
        row = GlobalPreference.objects.get(pk=ann.id)
        assert (row.marketing_enabled, row.consents) == (False, {"marketing": False})
        last = Record.objects.order_by("id").last()
        assert last is not None
        assert (last.given, last.source, last.actor) == (False, "one_click", f"user:{ann.id}")
        for channel in ("email", "in_app", "push"):
            assert _send(as_service, ann, channel=channel).status_code == 403

    def test_ten_times_all_marketing_is_one_change(self, ann: User) -> None:
        for _ in range(10):
            assert _post(links.scoped_token(ann.id, Scope.MARKETING, clock.now())).status_code == 200

        assert Record.objects.filter(given=False).count() == 1
        assert PreferenceChange.objects.filter(source="one_click").count() == 1

    def test_all_marketing_narrowed_down_to_a_category_stops_that_one_everywhere(self, ann: User) -> None:
        token = links.scoped_token(ann.id, Scope.MARKETING, clock.now())

        assert _post(token, query="&category=marketing").json()["category"] == "marketing"
        assert CategoryPreference.objects.get().enabled is False
        assert GlobalPreference.objects.get(pk=ann.id).marketing_enabled is True

    def test_a_link_for_all_marketing_does_not_stop_a_transactional_category(self, ann: User) -> None:
        before = _everything()
        answer = _post(links.scoped_token(ann.id, Scope.MARKETING, clock.now()), query="&category=orders")

        assert (answer.status_code, answer.json()["code"]) == (400, "not_marketing")
        assert _everything() == before

    @pytest.mark.parametrize("key", ["orders", "security"])
    def test_a_link_of_a_transactional_category_stops_nothing(self, ann: User, key: str) -> None:
        before = _everything()
        answer = _post(_token(ann, key))

        assert (answer.status_code, answer.json()["code"]) == (400, "not_marketing")
        assert _everything() == before

    def test_the_category_may_be_repeated_by_key_or_number(self, ann: User) -> None:
        assert _post(_token(ann), query="&category=marketing").status_code == 200
        assert _post(_token(ann), query=f"&category={_category().id}").status_code == 200

    def test_digests_are_stopped_as_a_whole(self, ann: User) -> None:
        assert _post(links.scoped_token(ann.id, Scope.DIGEST, clock.now())).json()["scope"] == "digest"
        assert GlobalPreference.objects.get(pk=ann.id).digest["frequency"] == "never"

    def test_a_list_is_left(self, ann: User) -> None:
        news = MailingList.objects.create(key="news", name="News")
        Subscription.objects.create(mailing_list=news, user=ann, state=State.CONFIRMED, asked_at=clock.now())
        token = links.scoped_token(ann.id, Scope.LIST, clock.now(), subject=news.id)
        for _ in range(3):
            assert _post(token).json()["scope"] == "list"

        assert Subscription.objects.get().state == "ended"
        told = Record.objects.filter(purpose="list:news").values_list("given", "source")
        assert list(told) == [(False, "one_click")]
        assert GlobalPreference.objects.get(pk=ann.id).consents["marketing"] is True


class TestForgery:
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_no_token_is_refused(self, ann: User, slash: str) -> None:
        before = _everything()

        assert Client().post(f"/api/v1/preferences/unsubscribe{slash}", data=BODY, content_type=FORM).status_code == 422
        assert _everything() == before

    @pytest.mark.parametrize("purpose", [LinkPurpose.PREFERENCES, LinkPurpose.CONFIRM])
    def test_a_link_for_something_else_is_refused(self, ann: User, purpose: LinkPurpose) -> None:
        before = _everything()
        link = links.Link(purpose=purpose, user_id=ann.id, issued=clock.now().date())
        answer = _post(links.token_of(link))

        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_token")
        assert _everything() == before

    def test_another_category_is_refused(self, ann: User) -> None:
        Category.objects.create(key="offers", name="Offers", kind="marketing")
        before = _everything()
        for query in ("&category=offers", f"&category={_category('offers').id}", "&category=nothing"):
            answer = _post(_token(ann), query=query)
            assert (answer.status_code, answer.json()["code"]) == (400, "category_mismatch")

        assert _everything() == before

    def test_an_old_link_says_so(self, ann: User) -> None:
        before = _everything()
        token = links.unsubscribe_token(ann.id, _category().id, "email", clock.now() - timedelta(days=1827))
        answer = _post(token)

        assert (answer.status_code, answer.json()["code"]) == (400, "expired_token")
        assert _everything() == before

    def test_whether_a_person_exists_is_not_said(self, ann: User) -> None:
        nobody = links.unsubscribe_token(uuid4(), _category().id, "email", clock.now())
        mine, theirs = _post(_token(ann)), _post(nobody)
        assert (mine.status_code, mine.content) == (theirs.status_code, theirs.content)

        def forged(user_id: UUID) -> bytes:
            token = links.unsubscribe_token(user_id, _category().id, "email", clock.now())
            answer = _post(token[:-3] + "AAA")
            return bytes(re.sub(rb'"trace_id":"[^"]*"', b"", answer.content))

        assert forged(ann.id) == forged(uuid4())

    def test_a_replayed_link_after_a_change_of_mind_only_ever_stops(self, ann: User) -> None:
        token = _token(ann)
        _post(token)
        api_as(ann).patch("preferences", {"categories": {"marketing": {"email_enabled": True}}})
        _post(token)

        assert CategoryPreference.objects.get().channels == {"email": False}
        assert set(PreferenceChange.objects.values_list("user_id", flat=True)) == {ann.id}

    def test_one_persons_link_touches_nobody_else(self, ann: User) -> None:
        bob = make_user(email="bob@example.com")
        _post(_token(ann))
        _post(links.scoped_token(ann.id, Scope.MARKETING, clock.now()))

        assert not GlobalPreference.objects.filter(pk=bob.id).exists()
        assert not CategoryPreference.objects.filter(user=bob).exists()
        assert not Record.objects.filter(user_id=bob.id).exists()
