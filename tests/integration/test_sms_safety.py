"""SMS safety in delivery, on real PostgreSQL and Redis: numbers, ranges of numbers, and what a day may cost."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.db import connection

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Unreachable
from clarion.contract.input_error import InputError
from clarion.contract.outcome import Rejected, Retry, Sent, Unclear
from clarion.contract.rate import parse_rate
from clarion.contract.reasons import Reason
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Fallback, Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.ledger.models import Attempt, Decision, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.records.sms_safety import spend
from clarion.records.sms_safety.models import SmsSpend
from clarion.records.sms_safety.policy import Cap, SmsPolicy, parse_cap, parse_countries, parse_lines, parse_prices
from clarion.records.sms_safety.spend import Item
from clarion.surfaces.cli.diagnosis import text_messages
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, agree_to_marketing, caller_of, make_user

SMS = ChannelKey.SMS
Drain = Callable[[], int]
LANDLINE, PREMIUM, KENYA = "+255222123456", "+19005551234", "+254712345678"


def person(number: str, **given: Any) -> User:
    return make_user(phone=number, **given)


def with_number(user: User, number: str) -> User:
    """The number changes after the notification was accepted."""
    user.phone = number
    user.save()
    return user


def send(user: User, *, body: str = "Hello", channels: tuple[ChannelKey, ...] = (SMS,), **given: Any) -> UUID:
    if given.get("category") == "marketing":
        agree_to_marketing(user)
    asked = Send(
        caller=caller_of(user, Permission.STAFF), user_id=user.id, subject="Hi", body=body, channels=channels, **given
    )
    return ingest.send(asked, clock.now()).notifications[0].id


def row(identifier: UUID) -> Notification:
    return Notification.objects.get(pk=identifier)


def decision(identifier: UUID) -> Decision:
    return Decision.objects.filter(notification_id=identifier).order_by("-id")[0]


def day() -> date:
    return clock.now().astimezone(UTC).date()


def spent() -> list[tuple[str, int, int, int]]:
    return [(r.country, r.messages, r.segments, r.cost_micro) for r in spend.of_day(day())]


@pytest.fixture
def provider(carried_by: Any) -> ScriptedProvider:
    found = ScriptedProvider()
    carried_by(SMS, found)
    return found


@pytest.fixture
def policy(settings: Any) -> Callable[..., None]:
    """`policy(cap=…)` changes that part of the policy."""

    def change(**given: Any) -> None:
        settings.SMS_POLICY = replace(settings.SMS_POLICY, **given)

    return change


# numbers


def test_a_landline_found_before_sending_ends_suppressed_and_nothing_is_handed_over(
    ground: None, provider: ScriptedProvider, drain: Drain
) -> None:
    user = person("+255712345678")
    one = send(user)
    with_number(user, LANDLINE)
    drain()
    assert (row(one).status, row(one).reason) == ("suppressed", "sms_number_type")
    told = decision(one)
    assert (told.stage, told.rule, told.outcome, told.detail) == ("sms_safety", "line", "suppressed", "landline")
    assert provider.given == []
    assert spent() == []
    assert not QueueEntry.objects.exists()


def test_one_refused_number_holds_up_no_other_of_its_batch(
    ground: None, provider: ScriptedProvider, drain: Drain, policy: Any
) -> None:
    users = [person(f"+25571234567{place}") for place in range(5)]
    sent = [send(user) for user in users]
    policy(countries=parse_countries("TZ"))
    with_number(users[2], KENYA)
    drain()
    assert [row(one).status for one in sent] == ["sent", "sent", "suppressed", "sent", "sent"]
    assert (row(sent[2]).reason, decision(sent[2]).detail) == ("sms_country", "KE")
    assert len(provider.given) == 4


def test_with_a_chain_the_next_channel_takes_over(ground: None, provider: ScriptedProvider, drain: Drain) -> None:
    user = person("+255712345678")
    one = send(user, channels=(), fallback=Fallback(channels=(SMS, ChannelKey.IN_APP)))
    with_number(user, PREMIUM)
    while drain():
        pass
    assert (row(one).status, row(one).reason) == ("failed", "sms_number_type")
    other = Notification.objects.exclude(pk=one).get()
    assert (other.channel, other.status) == ("in_app", "delivered")


def test_a_channel_other_than_sms_is_not_looked_at(ground: None, drain: Drain, policy: Any) -> None:
    policy(cap=Cap(segments=0), countries=parse_countries("US"))
    user = person("+255712345678")
    one = send(user, channels=(ChannelKey.IN_APP,))
    drain()
    assert row(one).status == "delivered"
    assert spent() == []


# at ingest


def test_what_is_certain_is_refused_at_once_and_nothing_is_stored(ground: None, policy: Any) -> None:
    with pytest.raises(InputError) as refused:
        send(person(LANDLINE))
    assert (refused.value.code, refused.value.status, refused.value.pointer) == ("sms_refused", 422, "/channel")
    assert "landline" in refused.value.message
    assert LANDLINE not in refused.value.message
    policy(countries=parse_countries("TZ"))
    with pytest.raises(InputError, match="KE"):
        send(person(KENYA))
    assert not Notification.objects.exists()


def test_a_person_whose_number_is_refused_is_reached_by_another_preferred_channel(ground: None, drain: Drain) -> None:
    user = person(LANDLINE, preferred_channels=["sms", "in_app"])
    one = send(user, channels=())
    assert row(one).channel == "in_app"
    chained = send(user, channels=(), fallback=Fallback(channels=(SMS, ChannelKey.IN_APP)))
    assert row(chained).channel == "in_app"


def test_the_api_says_why_and_the_dry_run_says_the_same(ground: None, as_service: Api) -> None:
    user = person(LANDLINE)
    asked = {"user_id": str(user.id), "channel": "sms", "subject": "Hi", "body": "Hello"}
    for path in ("notifications/send", "notifications/explain"):
        answer = as_service.post(path, asked)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "sms_refused"
    assert not Notification.objects.exists()


# ranges


def test_of_many_numbers_in_one_range_only_the_limit_goes_and_the_rest_waits(
    ground: None, provider: ScriptedProvider, drain: Drain, policy: Any, as_service: Api
) -> None:
    policy(range_limit=parse_rate("5/h"))
    pumped = [send(person(f"+2557123400{place:02d}"), priority=1) for place in range(20)]
    other = send(person("+255712350000"))
    drain()
    assert len(provider.given) == 6
    assert row(other).status == "sent"
    held = [one for one in pumped if row(one).status == "pending"]
    assert len(held) == 15
    told = decision(held[0])
    assert (told.stage, told.rule, told.outcome, told.reason) == ("sms_safety", "range 5/h", "hold", "sms_velocity")
    assert 0 < (QueueEntry.objects.get(pk=held[0]).due_at - clock.now()).total_seconds() < 4 * 3_600
    assert not Attempt.objects.filter(notification_id__in=held).exists()
    says = as_service.get(f"notifications/{held[0]}/explain").json()["steps"][-1]["says"]
    assert says.startswith("Too many text messages went to this range of numbers (SMS pumping)")
    assert [(country, messages) for country, messages, *_ in spent()] == [("TZ", 6)]


def test_the_key_in_redis_does_not_tell_the_range(
    ground: None, provider: ScriptedProvider, drain: Drain, redis_db: Any
) -> None:
    send(person("+255712345678"))
    drain()
    keys = [key for key in redis_db.keys("*") if "sms-range" in key]
    assert len(keys) == 1
    assert "5571234" not in keys[0]


def test_a_retry_does_not_count_again(ground: None, provider: ScriptedProvider, drain: Drain, policy: Any) -> None:
    policy(range_limit=parse_rate("1/d"))
    answers = [Retry(why=Reason.TEMPORARY), Sent(remote_id="x")]
    provider.script = lambda message: answers.pop(0)
    one = send(person("+255712345678"))
    drain()
    QueueEntry.objects.update(due_at=clock.now() - timedelta(seconds=1))
    drain()
    assert row(one).status == "sent"


# the day


def test_what_was_sent_is_counted_by_country_in_segments_and_money(
    ground: None, provider: ScriptedProvider, drain: Drain, policy: Any
) -> None:
    policy(prices=parse_prices("USD TZ=0.02 *=0.08"))
    send(person("+255712345678"), body="x" * 161)
    send(person(KENYA))
    drain()
    assert spent() == [("KE", 1, 1, 80_000), ("TZ", 1, 2, 40_000)]


def test_the_cap_holds_what_does_not_fit_until_the_next_day(
    ground: None, provider: ScriptedProvider, drain: Drain, policy: Any
) -> None:
    policy(cap=Cap(segments=3))
    sent = [send(person(f"+2557123{place}5678"), body="x" * 161) for place in range(3)]
    drain()
    assert [row(one).status for one in sent] == ["sent", "pending", "pending"]
    told = decision(sent[1])
    assert (told.rule, told.outcome, told.reason) == ("day", "hold", "sms_spend_cap")
    midnight = datetime.combine(day() + timedelta(days=1), datetime.min.time(), UTC)
    assert abs((QueueEntry.objects.get(pk=sent[1]).due_at - midnight).total_seconds()) < 60
    assert spent() == [("TZ", 1, 2, 0)]


def test_critical_transactional_messages_use_the_reserve_and_marketing_does_not(
    ground: None, provider: ScriptedProvider, drain: Drain, policy: Any
) -> None:
    policy(cap=Cap(segments=5))
    sent = [send(person(f"+2557123{place}5678"), priority=3) for place in range(6)]
    drain()
    assert [row(one).status for one in sent].count("sent") == 5
    critical = [send(person(f"+2557124{place}5678"), priority=1) for place in range(3)]
    marketing = send(person("+255713345678"), priority=1, category="marketing", bypass=True)
    drain()
    assert row(marketing).status == "pending"
    assert [row(one).status for one in critical].count("sent") == 1
    assert spent() == [("TZ", 6, 6, 0)]


def test_a_cap_in_money_counts_by_the_price_of_the_country(
    ground: None, provider: ScriptedProvider, drain: Drain, policy: Any
) -> None:
    prices = parse_prices("USD TZ=0.02 *=0.10")
    policy(prices=prices, cap=parse_cap("0.05 USD", prices))
    dear, cheap = send(person(KENYA)), send(person("+255712345678"))
    drain()
    assert (row(dear).status, row(cheap).status) == ("pending", "sent")


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (Sent(remote_id="x"), 1),
        (Unclear(why=Reason.TIMEOUT), 1),
        (Retry(why=Reason.TEMPORARY), 0),
        (Rejected(why=Reason.INVALID_ADDRESS), 0),
        (Unreachable("away"), 0),
    ],
)
def test_what_was_not_taken_comes_off_the_day_and_what_may_have_been_stays(
    ground: None, provider: ScriptedProvider, drain: Drain, outcome: Any, counted: int
) -> None:
    provider.script = lambda message: outcome
    send(person("+255712345678"))
    drain()
    assert sum(messages for _, messages, _, _ in spent()) == counted
    assert sum(segments for _, _, segments, _ in spent()) == counted


def test_workers_that_count_at_once_never_pass_the_cap(real_ground: None) -> None:
    admitted: list[bool] = []
    lock = threading.Lock()

    def work() -> None:
        items = [Item(country=country, segments=2, cost_micro=1) for country in ("TZ", "KE", "UG")] * 10
        for _ in range(5):
            found = spend.reserve(day(), items, Cap(segments=301))
            with lock:
                admitted.extend(found)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 150
    assert sum(r.segments for r in spend.of_day(day())) == 300


def test_workers_that_count_without_a_cap_lose_nothing(real_ground: None) -> None:
    def work() -> None:
        for turn in range(20):
            countries = ["TZ", "KE"] if turn % 2 else ["KE", "TZ"]
            spend.reserve(day(), [Item(country=each, segments=1, cost_micro=7) for each in countries], Cap())
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spent() == [("KE", 80, 80, 560), ("TZ", 80, 80, 560)]


def test_the_api_shows_what_a_day_came_to(
    ground: None, provider: ScriptedProvider, drain: Drain, policy: Any, as_service: Api
) -> None:
    prices = parse_prices("USD TZ=0.0075 *=0.08")
    policy(prices=prices, cap=parse_cap("100 segments, 5 USD", prices))
    send(person("+255712345678"), body="x" * 161)
    send(person(KENYA))
    drain()
    today = day().isoformat()
    assert as_service.get("sms/usage").json() == {
        "day": today,
        "messages": 2,
        "segments": 3,
        "cost": "0.095",
        "currency": "USD",
        "segments_cap": 100,
        "cost_cap": "5.00",
        "countries": [
            {"country": "KE", "messages": 1, "segments": 1, "cost": "0.08"},
            {"country": "TZ", "messages": 1, "segments": 2, "cost": "0.015"},
        ],
    }
    empty = as_service.get("sms/usage?day=2020-02-29").json()
    assert (empty["messages"], empty["cost"], empty["countries"]) == (0, "0.00", [])
    assert as_service.get("sms/usage?day=2020-02-30").status_code == 422


# attempts


def test_an_attempt_keeps_segments_and_price_as_told_and_else_as_counted(
    ground: None, provider: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    provider.script = lambda message: Sent(remote_id="r-1", segments=3, price="0.0225 USD")
    one = send(person("+255712345678"), body="я" * 71)
    drain()
    attempt = Attempt.objects.get(notification_id=one)
    assert (attempt.segments, attempt.price) == (3, "0.0225 USD")
    provider.script = lambda message: Rejected(why=Reason.INVALID_ADDRESS)
    two = send(person("+255712345679"), body="я" * 71)
    drain()
    assert (Attempt.objects.get(notification_id=two).segments, Attempt.objects.get(notification_id=two).price) == (
        2,
        "",
    )
    shown = as_service.get(f"notifications/{one}").json()["attempts"][0]
    assert (shown["segments"], shown["price"]) == (3, "0.0225 USD")


def test_the_batch_is_checked_in_a_handful_of_queries(
    ground: None, provider: ScriptedProvider, drain: Drain, policy: Any, django_assert_max_num_queries: Any
) -> None:
    policy(cap=Cap(segments=10_000), prices=parse_prices("USD *=0.05"))
    for place in range(40):
        send(person(f"+2557{place:02d}345678" if place < 10 else f"+25571{place}45678"))
    with django_assert_max_num_queries(75):
        drain()
    assert len(provider.given) == 40


def test_the_usual_policy_is_as_documented() -> None:
    found: SmsPolicy = django_settings.SMS_POLICY
    assert found.refused_lines == parse_lines("landline premium_rate shared_cost pager voicemail uan satellite")
    assert (str(found.range_limit), found.countries, found.cap.is_set) == ("300/h", {}, False)
    assert SmsSpend._meta.db_table == "sms_spend"


def test_the_doctor_says_what_is_left_open_once_a_real_account_carries_sms(ground: None, policy: Any) -> None:
    assert text_messages.limits() == []
    book.mirror({SMS: ["beem://key:secret@?sender=INFO"]})
    (open_ends,) = text_messages.limits()
    assert open_ends.state == "warning"
    assert open_ends.text == "they may go to every country, and there is no cap on what a day may cost"
    assert "CLARION_SMS_COUNTRIES and CLARION_SMS_DAILY_CAP" in open_ends.remedy
    policy(countries=parse_countries("marketing=TZ"), cap=Cap(segments=100))
    assert [finding.text for finding in text_messages.limits()] == ["they may go to every country"]
    policy(countries=parse_countries("TZ"))
    assert [finding.state for finding in text_messages.limits()] == ["ok"]
