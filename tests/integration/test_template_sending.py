"""Templates in real sends: what is missing, which language speaks, and what readers of one batch share."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent
from clarion.records import clock
from clarion.records.ledger.models import Decision, Notification
from clarion.records.people.models import User
from clarion.records.preferences.links import LinkPurpose, read
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import make_user

EMAIL = ChannelKey.EMAIL
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Drain = Callable[..., int]


@pytest.fixture
def provider(carried_by: Any) -> ScriptedProvider:
    scripted = ScriptedProvider()
    carried_by(EMAIL, scripted)
    return scripted


def template(as_service: Any, path: str, content: dict[str, Any], **more: Any) -> None:
    body = {"path": path, "name": path, "category": "general", "content": {"email": content}, **more}
    made = as_service.post("templates", body)
    assert made.status_code == 201, made.content


def send(as_service: Any, path: str, to: User, **context: Any) -> UUID:
    body = {"template_path": path, "user_id": str(to.id), "channel": "email", "context": context}
    answer = as_service.post("notifications/send", body)
    assert answer.status_code == 201, answer.content
    return UUID(answer.json()["id"])


def mails(provider: ScriptedProvider) -> dict[str, EmailContent]:
    """What was handed over, by address."""
    found = {}
    for message in provider.given:
        assert isinstance(message.content, EmailContent)
        found[message.target.value] = message.content
    return found


def test_a_variable_nobody_gave_shows_as_nothing_and_one_that_is_computed_with_fails_alone(
    as_service: Any, provider: ScriptedProvider, drain: Drain
) -> None:
    text = "Dear {{ name|default('friend') }}{{ nick }}: {% if price %}{{ price + fee }}{% else %}free{% endif %}"
    optional = ["name", "nick", "price", "fee"]
    template(as_service, "sum", {"default": {"subject": "s", "text": text}}, optional_variables=optional)
    people = [make_user(email=f"p{n}@example.com") for n in range(3)]
    whole = send(as_service, "sum", people[0], name="Ann", price=2, fee=1)
    broken = send(as_service, "sum", people[1], price=2)
    empty = send(as_service, "sum", people[2])
    drain()
    assert {to: mail.text for to, mail in mails(provider).items()} == {
        "p0@example.com": "Dear Ann: 3",
        "p2@example.com": "Dear friend: free",
    }
    states = {row.id: (row.status, row.reason) for row in Notification.objects.all()}
    assert states == {whole: ("sent", ""), empty: ("sent", ""), broken: ("failed", "render_failed")}
    detail = Decision.objects.filter(notification_id=broken, reason="render_failed").values_list("detail", flat=True)
    assert list(detail) == ["undefined_variable in text: 'fee' is undefined"]


def test_a_value_that_is_no_header_or_link_fails_alone(
    as_service: Any, provider: ScriptedProvider, drain: Drain
) -> None:
    content = {"default": {"subject": "Hi {{ v }}", "html": '<a href="{{ u }}">x</a>'}}
    template(as_service, "hostile", content, optional_variables=["v", "u"])
    people = [make_user(email=f"p{n}@example.com") for n in range(3)]
    send(as_service, "hostile", people[0], v="a\r\nBcc: eve@example.com", u="https://a.example")
    send(as_service, "hostile", people[1], v="a", u="javascript:alert(1)")
    send(as_service, "hostile", people[2], v="a", u="https://a.example")
    drain()
    assert list(mails(provider)) == ["p2@example.com"]
    assert sorted(Notification.objects.values_list("status", "reason")) == [
        ("failed", "content_invalid"), ("failed", "content_invalid"), ("sent", ""),
    ]  # fmt: skip


def test_each_field_is_read_by_the_rules_of_the_language_it_is_written_in(
    as_service: Any, provider: ScriptedProvider, drain: Drain
) -> None:
    content = {
        "default": {"subject": "{{ n }} {{ n|plural(one='item', other='items') }}", "text": "{{ n }}"},
        "fr": {"text": "{{ n }} {{ n|plural(one='objet', other='objets') }} à {{ 1.5|currency('EUR') }}"},
    }
    template(as_service, "count", content, required_variables=["n"])
    people = {locale: make_user(email=f"{locale}@example.com", locale=locale) for locale in ("en", "fr-CA", "ja")}
    for person in people.values():
        send(as_service, "count", person, n=0)
    drain()
    said = {to: (mail.subject, mail.text.replace("\xa0", " ")) for to, mail in mails(provider).items()}
    assert said == {
        "en@example.com": ("0 items", "0"),
        "fr-CA@example.com": ("0 items", "0 objet à 1,50 €"),
        "ja@example.com": ("0 items", "0"),
    }


def test_readers_of_one_batch_share_what_reads_alike_and_nothing_else(
    as_service: Any, provider: ScriptedProvider, drain: Drain
) -> None:
    content = {"default": {"subject": "{{ greeting }}!", "text": "{{ current_time.hour }} {{ price }}"}}
    template(as_service, "hello", content, optional_variables=["price"])
    places = {"a": ("en", "UTC"), "b": ("en", "UTC"), "c": ("sw", "UTC"), "d": ("en", "Asia/Tokyo")}
    people = {
        name: make_user(email=f"{name}@example.com", locale=tongue, timezone=zone)
        for name, (tongue, zone) in places.items()
    }
    recipients = [{"user_id": str(person.id), "channel": "email"} for person in people.values()]
    with clock.standing_at(NOON):
        answer = as_service.post(
            "notifications/bulk", {"template_path": "hello", "recipients": recipients, "context": {"price": 5}}
        )
        assert answer.status_code == 202, answer.content
        drain()
    found = mails(provider)
    said = {to[0]: (mail.subject, mail.text) for to, mail in found.items()}
    assert said == {
        "a": ("Good afternoon!", "12 5"),
        "b": ("Good afternoon!", "12 5"),
        "c": ("Habari za mchana!", "12 5"),
        "d": ("Good evening!", "21 5"),
    }
    assert found["a@example.com"] is found["b@example.com"]


def test_the_links_of_a_mail_are_its_readers_own(as_service: Any, provider: ScriptedProvider, drain: Drain) -> None:
    text = "{{ unsubscribe_url }} {{ preferences_url }} {{ user.email }} {{ brand.name }}"
    template(as_service, "links", {"default": {"subject": "s", "text": text}})
    people = [make_user(email=f"p{n}@example.com") for n in range(2)]
    for person in people:
        send(as_service, "links", person)
    drain()
    for person, to in zip(people, ("p0@example.com", "p1@example.com"), strict=True):
        unsubscribe, preferences, address, brand = mails(provider)[to].text.split()
        link = read(unsubscribe.partition("?token=")[2], LinkPurpose.UNSUBSCRIBE, clock.now())
        assert (link.user_id, link.channel) == (person.id, "email")
        assert read(preferences.partition("?token=")[2], LinkPurpose.PREFERENCES, clock.now()).user_id == person.id
        assert (address, brand) == (to, "Clarion")
