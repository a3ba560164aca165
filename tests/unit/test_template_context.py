"""What a template sees of a person: all it mentions, and nothing is opened that it does not."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from clarion.contract.channel import ChannelKey
from clarion.records.people.facts import PersonFacts
from clarion.records.personal.envelope import Undecryptable, place_of
from clarion.records.personal.ring import ring
from clarion.records.preferences.rules import Wishes
from clarion.records.templating.context import is_personal, merged, standard_context
from clarion.records.templating.engine.compile import compile_content

NOW = datetime(2026, 1, 3, 5, tzinfo=UTC)
ID = UUID(int=7)


def sealed(column: str, text: str) -> bytes:
    return ring().seal(text.encode(), place_of("people_user", ID, column))


PERSON = PersonFacts(
    id=ID,
    active=True,
    locale="en",
    timezone="Africa/Nairobi",
    attributes={"tier": "gold"},
    preferred_channels=(),
    email_sealed=sealed("email_sealed", "ann@example.com"),
    phone_sealed=None,
    names_sealed=sealed("names_sealed", '{"first_name":"Ann","last_name":"Lee"}'),
    reachable=frozenset(),
    wishes={0: Wishes(notifications_enabled=True, marketing_enabled=True, channels={})},
)
CLOSED = replace(PERSON, email_sealed=b"nothing that opens, of no key", names_sealed=b"nothing that opens, of no key")


def rendered(source: str, person: PersonFacts = PERSON, **own: object) -> str:
    content = compile_content(ChannelKey.SMS, {"body": source})
    return content.render(merged(standard_context(person, NOW, content.names), own))["body"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ user.first_name }} {{ user.email }}", "Ann ann@example.com"),
        ("{{ user['full_name'] }}", "Ann Lee"),
        ("{{ user.get('email') }}", "ann@example.com"),
        ("{% for key, value in user.items() %}{% if key == 'last_name' %}{{ value }}{% endif %}{% endfor %}", "Lee"),
        ("{% set who = user %}{{ who.first_name }}", "Ann"),
        ("{{ user.attributes.tier }} {{ user.locale }} {{ user.timezone }}", "gold en Africa/Nairobi"),
        ("{{ greeting }}, {{ current_time.hour }}", "Good morning, 8"),
        ("{{ locale }} {{ timezone }} {{ now.hour }}", "en Africa/Nairobi 5"),
    ],
)
def test_whatever_a_template_mentions_is_there(source: str, expected: str) -> None:
    assert rendered(source) == expected


def test_what_a_template_does_not_mention_is_not_opened() -> None:
    assert rendered("Order {{ order }} for {{ user.attributes.tier }}", CLOSED, order="A-1") == "Order A-1 for gold"
    with pytest.raises(Undecryptable):
        rendered("{{ user.first_name }}", CLOSED)


def test_a_callers_own_user_adds_to_ours_and_hides_nothing() -> None:
    assert rendered("{{ user.first_name }} {{ user.plan }}", user={"first_name": "Eve", "plan": "pro"}) == "Ann pro"


@pytest.mark.parametrize(
    ("source", "personal"),
    [
        ("{{ order.number }}", False),
        ("{{ app_name }} {{ locale }} {{ now }}", False),
        ("{{ user.id }}", True),
        ("{% if greeting %}x{% endif %}", True),
        ("{{ order.total|currency(code) }} {{ current_time }}", True),
    ],
)
def test_content_that_names_nobody_is_known_as_such(source: str, personal: bool) -> None:
    assert is_personal(compile_content(ChannelKey.SMS, {"body": source}).names) is personal
