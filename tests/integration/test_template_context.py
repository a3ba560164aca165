"""What a template sees of a person and the deployment: all it mentions, plain data only, nothing opened in vain."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.test import override_settings
from msgspec.structs import replace

from clarion.contract.channel import ChannelKey
from clarion.records.people.facts import PersonFacts
from clarion.records.personal.envelope import Undecryptable, place_of
from clarion.records.personal.ring import ring
from clarion.records.preferences.links import LinkPurpose, read
from clarion.records.preferences.rules import Wishes
from clarion.records.templating.context import (
    EVERYTHING,
    SAMPLE,
    is_personal,
    merged,
    preview_context,
    recipient_of,
    standard_context,
)
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.validation import STANDARD_NAMES
from clarion.records.templating.greetings import GREETINGS, greeting
from clarion.records.templating.tone import ToneFacts, load_tone

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 3, 5, tzinfo=UTC)
ID = UUID(int=7)
PLAIN = {str, int, float, bool, type(None), Decimal, datetime, date, time, timedelta, dict, list}


def sealed(column: str, text: str) -> bytes:
    return ring().seal(text.encode(), place_of("people_user", ID, column))


PERSON = PersonFacts(
    id=ID,
    active=True,
    locale="en",
    timezone="Africa/Nairobi",
    attributes={"tier": "gold", "tags": ["a", {"b": 1.5}], "on": True, "none": None},
    preferred_channels=(),
    email_sealed=sealed("email_sealed", "ann@example.com"),
    phone_sealed=None,
    names_sealed=sealed("names_sealed", '{"first_name":"Ann","last_name":"Lee"}'),
    reachable=frozenset(),
    wishes={0: Wishes(notifications_enabled=True, marketing_enabled=True, channels={})},
)
CLOSED = replace(PERSON, email_sealed=b"nothing that opens, of no key", names_sealed=b"nothing that opens, of no key")


def rendered(source: str, person: PersonFacts = PERSON, key: ChannelKey = ChannelKey.CHAT, **own: object) -> str:
    field = "text"
    fields = {"subject": "s", field: source} if key is ChannelKey.EMAIL else {field: source}
    content = compile_content(key, fields)
    return content.render(merged(standard_context(person, key, 3, NOW, content.names), own))[field]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ user.first_name }} {{ user.id }}", f"Ann {ID}"),
        ("{{ user['full_name'] }}", "Ann Lee"),
        ("{% for key, value in user.items() %}{% if key == 'last_name' %}{{ value }}{% endif %}{% endfor %}", "Lee"),
        ("{% set who = user %}{{ who.first_name }}", "Ann"),
        ("{{ user.attributes.tier }} {{ user.locale }} {{ user.timezone }}", "gold en Africa/Nairobi"),
        ("{{ greeting }}, {{ current_time.hour }}", "Good morning, 8"),
        ("{{ locale }} {{ timezone }} {{ now.hour }}", "en Africa/Nairobi 5"),
        ("{{ engagement_tone }} {{ brand.name }} {{ app_name }}", "neutral Clarion Clarion"),
    ],
)
def test_whatever_a_template_mentions_is_there(source: str, expected: str) -> None:
    assert rendered(source) == expected


@pytest.mark.parametrize("source", ["{{ user.email }}", "{{ user.get('email') }}", "{% set u = user %}{{ u.email }}"])
def test_an_address_is_in_full_only_in_a_mail_to_it(source: str) -> None:
    assert rendered(source, key=ChannelKey.EMAIL) == "ann@example.com"
    assert rendered(source) == "a***@example.com"
    assert rendered(source, replace(PERSON, email_sealed=None)) == ""


def test_the_links_are_the_persons_own_for_the_category_and_channel_of_the_message() -> None:
    url = rendered("{{ unsubscribe_url }}")
    link = read(url.partition("?token=")[2], LinkPurpose.UNSUBSCRIBE, NOW)
    assert (link.user_id, link.category_id, link.channel) == (ID, 3, "chat")
    url = rendered("{{ preferences_url }}")
    assert read(url.partition("?token=")[2], LinkPurpose.PREFERENCES, NOW).user_id == ID


def test_what_a_template_does_not_mention_is_not_opened() -> None:
    assert rendered("Order {{ order }} for {{ user.attributes.tier }}", CLOSED, order="A-1") == "Order A-1 for gold"
    with pytest.raises(Undecryptable):
        rendered("{{ user.first_name }}", CLOSED)
    assert set(standard_context(CLOSED, ChannelKey.SMS, 1, NOW, {"order"})) == {
        "app_name", "app_url", "now", "locale", "timezone",
    }  # fmt: skip


def test_the_persons_own_links_are_never_the_callers() -> None:
    own = {
        "unsubscribe_url": "https://a.example/",
        "preferences_url": "https://a.example/",
        "app_url": "https://b.example",
    }
    whole = merged(standard_context(PERSON, ChannelKey.EMAIL, 1, NOW, EVERYTHING), own)
    assert "a.example" not in f"{whole['unsubscribe_url']} {whole['preferences_url']}"
    assert whole["app_url"] == "https://b.example"


def test_a_callers_own_user_adds_to_ours_and_hides_nothing() -> None:
    assert rendered("{{ user.first_name }} {{ user.plan }}", user={"first_name": "Eve", "plan": "pro"}) == "Ann pro"


@pytest.mark.parametrize(
    ("source", "personal"),
    [
        ("{{ order.number }}", False),
        ("{{ app_name }} {{ locale }} {{ now }} {{ brand.name }}", False),
        # the hour and the words for it are the same for all of one locale and zone
        ("{% if greeting %}x{% endif %}{{ current_time }}", False),
        ("{{ user.id }}", True),
        ("{{ engagement_tone }}", True),
        ("{{ unsubscribe_url }}", True),
        ("{{ order.total|currency(code) }} {{ preferences_url }}", True),
    ],
)
def test_content_that_names_nobody_is_known_as_such(source: str, personal: bool) -> None:
    assert is_personal(compile_content(ChannelKey.SMS, {"body": source}).names) is personal


def types_in(value: object) -> set[type]:
    found = {type(value)}
    if isinstance(value, dict):
        found = found.union(*(types_in(key) | types_in(item) for key, item in value.items()))
    elif isinstance(value, list):
        found = found.union(*map(types_in, value))
    return found


@pytest.mark.parametrize("key", ChannelKey)
def test_every_value_of_the_context_is_plain_data(key: ChannelKey) -> None:
    own = {"order": {"items": [{"price": "1.50", "n": 2}]}, "user": {"plan": None}}
    whole = merged(standard_context(PERSON, key, 1, NOW, EVERYTHING), own)
    assert set(whole) == STANDARD_NAMES | {"order"}
    assert types_in(dict(whole)) <= PLAIN
    assert types_in(preview_context(recipient_of(PERSON), key, NOW)) <= PLAIN


def test_a_preview_sees_what_a_send_sees_but_for_links_that_act() -> None:
    sent = standard_context(PERSON, ChannelKey.SMS, 1, NOW, EVERYTHING)
    seen = preview_context(recipient_of(PERSON), ChannelKey.SMS, NOW)
    for name in ("unsubscribe_url", "preferences_url"):
        assert sent.pop(name) != seen[name]
        assert str(seen.pop(name)).endswith("?token=preview")
    assert sent == seen
    assert set(preview_context(SAMPLE, ChannelKey.SMS, NOW)) == STANDARD_NAMES


@pytest.mark.parametrize(
    ("locale", "hour", "words"),
    [
        ("en", 4, "Good evening"), ("en", 5, "Good morning"), ("en-GB", 12, "Good afternoon"),
        ("en", 18, "Good evening"), ("sw", 8, "Habari za asubuhi"), ("sw-KE", 17, "Habari za jioni"),
        ("fr", 9, "Bonjour"), ("fr-CA", 19, "Bonsoir"), ("pt-BR", 9, "Bom dia"), ("pt_PT", 15, "Boa tarde"),
        ("de", 10, "Guten Morgen"), ("de", 11, "Guten Tag"), ("es-MX", 19, "Buenas tardes"), ("ar", 13, "مساء الخير"),
        ("ja", 8, "おはようございます"), ("pl", 8, "Dzień dobry"), ("xx", 8, "Good morning"), ("", 8, "Good morning"),
    ],
)  # fmt: skip
def test_people_are_greeted_by_the_hour_in_their_language(locale: str, hour: int, words: str) -> None:
    assert greeting(locale, hour) == words


def test_every_hour_has_a_greeting_in_every_language() -> None:
    for language, hours in GREETINGS.items():
        assert [until for until, _ in hours] == sorted({until for until, _ in hours})
        assert all(greeting(language, hour) for hour in range(24))


def friendly(facts: ToneFacts) -> str:
    return f"{facts.attributes['tier']}-{facts.now.hour}"


def failing(facts: ToneFacts) -> str:
    raise RuntimeError(str(facts.user_id))


def odd(facts: ToneFacts) -> object:
    return object()


@pytest.mark.parametrize(
    ("function", "word"), [("friendly", "gold-5"), ("failing", "neutral"), ("odd", "neutral"), ("gone", "neutral")]
)
def test_the_tone_is_decided_by_the_function_of_the_setting_and_never_fails_a_message(function: str, word: str) -> None:
    with override_settings(TONE=f"{__name__}:{function}"):
        assert rendered("{{ engagement_tone }}") == word


@pytest.mark.parametrize("place", ["friendly", "nowhere.at.all:f", f"{__name__}:gone", f"{__name__}:ID"])
def test_a_tone_that_is_not_there_is_refused_at_the_start(place: str) -> None:
    with pytest.raises(ValueError, match=r"package\.module:function|cannot be imported|no function"):
        load_tone(place)
