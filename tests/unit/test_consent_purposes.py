"""What CLARION_CONSENT and its neighbours may say, and what consent can be about."""

import pytest

from clarion.config.environment import ConfigurationError, read_environment
from clarion.records.consents.purposes import list_purpose, parse_required


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", set()),
        ("marketing", {"marketing"}),
        ("marketing processing", {"marketing", "processing"}),
        (" processing ", {"processing"}),
    ],
)
def test_what_needs_consent(text: str, expected: set[str]) -> None:
    assert parse_required(text) == expected


@pytest.mark.parametrize("text", ["", "sms", "all", "none marketing", "marketing,processing", "Marketing"])
def test_what_it_may_not_say(text: str) -> None:
    with pytest.raises(ValueError, match="write none, or one or more of marketing and processing"):
        parse_required(text)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CLARION_CONSENT", "everything", "write none"),
        ("CLARION_UNSUBSCRIBE_MAILTO", "not an address", "not an email address"),
    ],
)
def test_a_wrong_setting_ends_the_start(name: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_environment({name: value})


def test_marketing_needs_consent_unless_told_otherwise() -> None:
    assert read_environment({}).consent == "marketing"


def test_a_list_is_a_purpose() -> None:
    assert list_purpose("news") == "list:news"
