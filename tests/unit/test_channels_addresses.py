"""Addresses of every channel: what is taken, in which form it is kept, what is refused, what is shown."""

import pytest

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import CHANNELS, channel
from clarion.channels.webhook import parse_webhook_url
from clarion.contract.channel import ChannelKey

LONG = "x" * 5000


def refusal(key: str, value: str) -> str:
    with pytest.raises(InvalidValue) as raised:
        channel(key).parse_address(value)
    assert len(value) < 15 or value not in str(raised.value)
    return raised.value.code


def test_every_channel_is_defined_once_in_the_order_of_the_contract() -> None:
    assert list(CHANNELS) == list(ChannelKey)
    assert all(key is each.key for key, each in CHANNELS.items())
    with pytest.raises(ValueError, match="pigeon"):
        channel("pigeon")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ann.Bee@EXAMPLE.com", "Ann.Bee@example.com"),
        (" ann+tag@example.co.tz ", "ann+tag@example.co.tz"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@clarion.test", "ann@clarion.test"),
    ],
)
def test_an_email_keeps_its_local_part_and_lowers_its_domain(given: str, kept: str) -> None:
    assert channel("email").parse_address(given) == kept


@pytest.mark.parametrize(
    "value",
    ["", "ann", "ann@", "@example.com", "ann@localhost", "a b@example.com", "ann@example..com", "ann@[127.0.0.1]",
     "Ann <ann@example.com>", "ann@example.com\r\nBcc: eve@example.com", "ann\x00@example.com", "änn@example.com",
     "ann@example.com,eve@example.com", LONG + "@example.com"],
)  # fmt: skip
def test_a_bad_email_is_refused(value: str) -> None:
    assert refusal("email", value) == "invalid_email"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("+255 712 345 123", "+255712345123"),
        ("+1 (650) 253-0000", "+16502530000"),
        (" +442079460000 ", "+442079460000"),
    ],
)
def test_a_phone_number_is_kept_in_e164(given: str, kept: str) -> None:
    assert channel("sms").parse_address(given) == kept


@pytest.mark.parametrize(
    "value", ["", "0712345678", "255712345123", "+1555", "+999999999999", "+1 650 253 0000 ext 5", "+abc", "+" + LONG]
)
def test_a_bad_phone_number_is_refused(value: str) -> None:
    assert refusal("sms", value) == "invalid_phone"


@pytest.mark.parametrize("value", ["", "a b", "töken", "a\nb", LONG])
def test_a_bad_device_token_is_refused(value: str) -> None:
    assert refusal("push", value) == "invalid_token"


def test_a_device_token_is_kept_as_it_is() -> None:
    assert channel("push").parse_address("abc:DEF-_12") == "abc:DEF-_12"


@pytest.mark.parametrize("key", ["in_app", "websocket"])
def test_the_inner_channels_take_the_users_id(key: str) -> None:
    given = "0190F2A0-0000-7000-8000-000000000001"
    assert channel(key).parse_address(given) == given.lower()
    assert refusal(key, "ann") == "invalid_user_id"


@pytest.mark.parametrize(
    "value",
    ["", "ftp://example.com", "https://", "https:///path", "https://u:p@example.com/", "https://example.com/#x",
     "https://example.com/a b", "https://example.com/\r\nHost: x", "https://example.com:99999/", "//example.com",
     "javascript:alert(1)", "https://exa\\mple.com", "https://[::1",
     "https://example.com/" + LONG, "file:///etc/passwd"],
)  # fmt: skip
def test_a_bad_webhook_url_is_refused(value: str) -> None:
    assert refusal("webhook", value) == "invalid_url"


def test_a_webhook_url_may_be_held_to_https() -> None:
    assert parse_webhook_url("HTTP://Example.com/Hook?a=B") == "http://example.com/Hook?a=B"
    assert parse_webhook_url("https://example.com:8443/", https_only=True) == "https://example.com:8443/"
    with pytest.raises(InvalidValue) as raised:
        parse_webhook_url("http://example.com/", https_only=True)
    assert raised.value.code == "invalid_url"


def test_a_chat_address_is_a_channel_id_a_url_or_an_opaque_word() -> None:
    parse = channel("chat").parse_address
    assert parse(" C0123456789 ") == "C0123456789"
    assert parse("-1001234") == "-1001234"
    assert parse("https://hooks.slack.com/services/T/B/x") == "https://hooks.slack.com/services/T/B/x"
    assert refusal("chat", "http://hooks.slack.com/x") == "invalid_url"
    assert refusal("chat", "two words") == "invalid_chat_address"


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("email", "ann@example.com", "a***@example.com"),
        ("email", "garbage", "***"),
        ("sms", "+255712345123", "+2557*****123"),
        ("sms", "+2557", "+***"),
        ("push", "abcdefghijklmnopqrstuvwxyz", "abcd…wxyz"),
        ("push", "short", "…"),
        ("in_app", "0190f2a0-0000-7000-8000-000000000001", "0190f2a0…"),
        ("websocket", "x", "…"),
        ("webhook", "https://example.com/secret?token=1", "https://example.com/…"),
        ("webhook", "https://u:p@example.com:8443/x", "https://example.com/…"),
        ("webhook", "https://[::1", "…"),
        ("chat", "C0123456789", "C0…89"),
        ("chat", "https://hooks.slack.com/services/T/B/x", "https://hooks.slack.com/…"),
        ("chat", "short", "…"),
    ],
)
def test_a_masked_address_does_not_give_the_address_away(key: str, value: str, shown: str) -> None:
    assert channel(key).mask(value) == shown
