"""SMS safety: what numbers tell, what an operator may write, and who is refused. Pure."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.rate import parse_rate
from clarion.contract.reasons import Reason
from clarion.records.sms_safety.numbers import Line, NumberFacts, facts_of
from clarion.records.sms_safety.policy import (
    REFUSED_LINES,
    Cap,
    Prices,
    SmsPolicy,
    parse_cap,
    parse_countries,
    parse_lines,
    parse_prices,
    parse_range_limit,
)


@pytest.mark.parametrize(
    ("number", "country", "line"),
    [
        ("+255712345678", "TZ", Line.MOBILE),
        ("+255222123456", "TZ", Line.LANDLINE),
        ("+442071838750", "GB", Line.LANDLINE),
        ("+12025550123", "US", Line.MOBILE),
        ("+18005551234", "US", Line.TOLL_FREE),
        ("+19005551234", "US", Line.PREMIUM),
        ("+33836123456", "FR", Line.PREMIUM),
        ("+447012345678", "GB", Line.PERSONAL),
        ("+870773111632", "ZZ", Line.SATELLITE),
        ("+8821678123456", "ZZ", Line.SATELLITE),
        ("+979123456789", "ZZ", Line.PREMIUM),
        ("not a number", "ZZ", Line.UNKNOWN),
    ],
)
def test_a_number_tells_its_country_and_kind(number: str, country: str, line: Line) -> None:
    facts = facts_of(number)
    assert (facts.country, facts.line) == (country, line)


def test_a_range_is_the_number_without_its_last_four_digits_and_is_not_printed() -> None:
    assert facts_of("+255712345678").range == "+25571234"
    assert "25571234" not in repr(facts_of("+255712345678"))


def facts(country: str = "TZ", line: Line = Line.MOBILE) -> NumberFacts:
    return NumberFacts(country=country, line=line, range="+1")


def test_the_usual_policy_refuses_what_costs_and_never_arrives() -> None:
    policy = SmsPolicy(refused_lines=parse_lines(REFUSED_LINES))
    refused = {line for line in Line if policy.refusal(facts(line=line), "orders")}
    assert refused == {
        Line.LANDLINE,
        Line.PREMIUM,
        Line.SHARED_COST,
        Line.PAGER,
        Line.VOICEMAIL,
        Line.COMPANY,
        Line.SATELLITE,
    }
    assert policy.refusal(facts(line=Line.LANDLINE), "orders") == (Reason.SMS_NUMBER_TYPE, "landline")


def test_a_list_of_countries_holds_for_all_and_a_categorys_own_for_that_alone() -> None:
    policy = SmsPolicy(countries=parse_countries("TZ,KE marketing=TZ"))
    assert policy.refusal(facts("KE"), "orders") is None
    assert policy.refusal(facts("KE"), "marketing") == (Reason.SMS_COUNTRY, "KE")
    assert policy.refusal(facts("UG"), "orders") == (Reason.SMS_COUNTRY, "UG")
    assert policy.refusal(facts("ZZ"), "orders") == (Reason.SMS_COUNTRY, "ZZ")
    only = SmsPolicy(countries=parse_countries("marketing=TZ"))
    assert only.refusal(facts("UG"), "orders") is None
    assert only.refusal(facts("UG"), "marketing") == (Reason.SMS_COUNTRY, "UG")
    assert SmsPolicy().refusal(facts("ZZ", Line.PREMIUM), "orders") is None


def test_prices_are_per_segment_by_country_with_one_for_the_rest() -> None:
    prices = parse_prices("USD TZ=0.02 KE=0.031 *=0.08")
    assert (prices.currency, prices.of("TZ", 3), prices.of("KE", 1), prices.of("DE", 2)) == (
        "USD",
        60_000,
        31_000,
        160_000,
    )
    assert parse_prices("USD TZ=0.02").of("DE", 5) == 0
    assert parse_prices("") == Prices()


def test_a_cap_may_be_of_segments_of_money_or_of_both() -> None:
    prices = parse_prices("USD *=0.08")
    assert parse_cap("", prices) == Cap()
    assert parse_cap("20000 segments", Prices()) == Cap(segments=20_000)
    assert parse_cap("50 USD", prices) == Cap(cost_micro=50_000_000)
    assert parse_cap("1 segment, 0.5USD", prices) == Cap(segments=1, cost_micro=500_000)


def test_only_critical_messages_use_the_fifth_above_the_cap_and_no_more_than_that() -> None:
    cap = Cap(segments=100)
    assert cap.admits(100, 0, critical=False)
    assert not cap.admits(101, 0, critical=False)
    assert cap.admits(120, 0, critical=True)
    assert not cap.admits(121, 0, critical=True)
    assert not Cap(segments=0).admits(1, 0, critical=True)
    assert Cap().admits(10**9, 10**12, critical=False)


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (parse_countries, "tz", "country codes"),
        (parse_countries, "TZ KE", "country codes"),
        (parse_countries, "=TZ", "country codes"),
        (parse_countries, "TZ,", "country codes"),
        (parse_lines, "landlines", "landlines; there are mobile"),
        (parse_range_limit, "many", "a rate is a number"),
        (parse_prices, "TZ=0.02", "currency"),
        (parse_prices, "USD", "currency"),
        (parse_prices, "USD TZ=cheap", "currency"),
        (lambda text: parse_cap(text, parse_prices("USD TZ=1")), "50 USD", "price for the rest"),
        (lambda text: parse_cap(text, parse_prices("USD *=1")), "50 EUR", "CLARION_SMS_PRICES in EUR"),
        (lambda text: parse_cap(text, Prices()), "a lot", "20000 segments"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_write(parse, text, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        parse(text)


def test_none_switches_a_rule_off() -> None:
    assert parse_lines("none") == frozenset()
    assert parse_range_limit("none") is None
    assert parse_range_limit("300/h") == parse_rate("300/h")
    assert parse_countries("") == {}


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_countries, parse_lines, parse_range_limit, parse_prices, lambda t: parse_cap(t, Prices())):
        with contextlib.suppress(ValueError):
            parse(text)  # type: ignore[operator]
