"""Signed links: what they say, and that nothing of them can be changed, moved or outlived."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.records.preferences import links
from clarion.records.preferences.links import AGE, BadLink, Link, LinkPurpose, OldLink, Scope

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANN = UUID("01890000-0000-7000-8000-000000000001")
BOB = UUID("01890000-0000-7000-8000-000000000002")


def _token(**changed: object) -> str:
    fields: dict[str, object] = {
        "purpose": LinkPurpose.UNSUBSCRIBE,
        "user_id": ANN,
        "scope": Scope.CATEGORY,
        "subject": UUID(int=7),
        "channel": "email",
        "issued": NOW.date(),
        **changed,
    }
    return links.token_of(Link(**fields))  # type: ignore[arg-type]


def test_a_token_says_what_was_put_in() -> None:
    link = links.read(links.unsubscribe_token(ANN, 7, "email", NOW), LinkPurpose.UNSUBSCRIBE, NOW)

    assert (link.user_id, link.scope, link.category_id, link.channel) == (ANN, Scope.CATEGORY, 7, "email")
    assert link.issued == NOW.date()


@pytest.mark.parametrize("channel", list(ChannelKey))
@pytest.mark.parametrize("scope", list(Scope))
def test_every_scope_and_channel_comes_back(scope: Scope, channel: ChannelKey) -> None:
    link = links.read(_token(scope=scope, channel=channel), LinkPurpose.UNSUBSCRIBE, NOW)

    assert (link.scope, link.channel) == (scope, channel)


def test_a_token_is_short_and_needs_no_escaping() -> None:
    token = _token()

    assert len(token) == 80
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("purpose", [LinkPurpose.PREFERENCES, LinkPurpose.CONFIRM])
def test_a_token_is_good_for_its_own_purpose_only(purpose: LinkPurpose) -> None:
    with pytest.raises(BadLink):
        links.read(_token(), purpose, NOW)
    with pytest.raises(BadLink):
        links.read(_token(purpose=purpose), LinkPurpose.UNSUBSCRIBE, NOW)


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": BOB},
        {"subject": UUID(int=8)},
        {"channel": "sms"},
        {"scope": Scope.MARKETING},
        {"scope": Scope.LIST},
        {"issued": NOW.date() + timedelta(days=365)},
    ],
    ids=["user", "category", "channel", "scope", "list", "date"],
)
def test_the_signature_of_one_link_does_not_fit_another(other: dict[str, object]) -> None:
    raw, swapped = (urlsafe_b64decode(text) for text in (_token(), _token(**other)))
    forged = urlsafe_b64encode(swapped[:-16] + raw[-16:]).decode()

    with pytest.raises(BadLink) as caught:
        links.read(forged, LinkPurpose.UNSUBSCRIBE, NOW)
    assert caught.value.code == "invalid_token"


def test_every_changed_character_is_found_out() -> None:
    token = _token()
    for at, char in enumerate(token):
        other = token[:at] + ("A" if char != "A" else "B") + token[at + 1 :]
        with pytest.raises(BadLink):
            links.read(other, LinkPurpose.UNSUBSCRIBE, NOW)


@pytest.mark.parametrize("length", [0, 1, 40, 79])
def test_a_cut_token_is_refused(length: int) -> None:
    with pytest.raises(BadLink):
        links.read(_token()[:length], LinkPurpose.UNSUBSCRIBE, NOW)


@given(st.text(max_size=200))
def test_nothing_that_people_type_is_a_token_or_breaks_the_reading(text: str) -> None:
    with pytest.raises(BadLink) as caught:
        links.read(text, LinkPurpose.UNSUBSCRIBE, NOW)
    assert "copy all of it" in str(caught.value)


@given(st.binary(min_size=60, max_size=60))
def test_no_bytes_of_the_right_length_break_the_reading(raw: bytes) -> None:
    with pytest.raises(BadLink):
        links.read(urlsafe_b64encode(raw).decode(), LinkPurpose.UNSUBSCRIBE, NOW)


@pytest.mark.parametrize("purpose", list(LinkPurpose))
def test_a_link_works_until_its_age_and_not_a_day_longer(purpose: LinkPurpose) -> None:
    token = _token(purpose=purpose)

    assert links.read(token, purpose, NOW + AGE[purpose]).user_id == ANN
    with pytest.raises(OldLink) as caught:
        links.read(token, purpose, NOW + AGE[purpose] + timedelta(days=1))
    assert caught.value.code == "expired_token"


def test_links_to_unsubscribe_work_for_five_years() -> None:
    assert AGE[LinkPurpose.UNSUBSCRIBE] == timedelta(days=1825)


def test_a_forged_token_is_not_told_that_it_is_old() -> None:
    token = _token(issued=NOW.date() - timedelta(days=4000))
    with pytest.raises(BadLink) as caught:
        links.read(token[:-1] + ("A" if token[-1] != "A" else "B"), LinkPurpose.UNSUBSCRIBE, NOW)
    assert caught.value.code == "invalid_token"


def test_a_token_outlives_a_change_of_the_secret_key_while_the_old_one_is_kept(settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a" * 40, []
    token = _token()

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "b" * 40, ["a" * 40]
    assert links.read(token, LinkPurpose.UNSUBSCRIBE, NOW).user_id == ANN
    assert _token() != token

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(BadLink):
        links.read(token, LinkPurpose.UNSUBSCRIBE, NOW)


def test_a_token_of_another_installation_is_refused(settings: Any) -> None:
    settings.SECRET_KEY = "c" * 40
    token = _token()
    settings.SECRET_KEY = "d" * 40

    with pytest.raises(BadLink):
        links.read(token, LinkPurpose.UNSUBSCRIBE, NOW)


def test_addresses_lie_under_the_public_url(settings: Any) -> None:
    settings.PUBLIC_URL = "https://news.example.com"
    page = urlsplit(links.unsubscribe_url(ANN, 7, "email", NOW))
    centre = urlsplit(links.preferences_url(ANN, NOW))
    confirm = urlsplit(links.confirm_url(ANN, BOB, NOW))

    assert [f"{url.scheme}://{url.netloc}{url.path}" for url in (page, centre, confirm)] == [
        "https://news.example.com/unsubscribe/",
        "https://news.example.com/preferences/",
        "https://news.example.com/confirm/",
    ]
    assert links.read(parse_qs(page.query)["token"][0], LinkPurpose.UNSUBSCRIBE, NOW).channel == "email"
    assert links.read(parse_qs(centre.query)["token"][0], LinkPurpose.PREFERENCES, NOW).user_id == ANN
    assert links.read(parse_qs(confirm.query)["token"][0], LinkPurpose.CONFIRM, NOW).subject == BOB


def test_the_same_day_gives_the_same_token_so_that_a_retry_says_the_same() -> None:
    assert links.unsubscribe_token(ANN, 7, "email", NOW) == links.unsubscribe_token(
        ANN, 7, "email", NOW + timedelta(hours=3)
    )
