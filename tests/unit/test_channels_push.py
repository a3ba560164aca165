"""Push: collapse ids and device tokens."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.channels.device_token import parse_device_token, parse_subscription
from clarion.channels.errors import InvalidValue
from clarion.channels.push import build, mask_token

KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
WRITTEN = {"endpoint": "https://updates.push.services.mozilla.com/wpush/v2/abc", "expirationTime": None, "keys": KEYS}


def test_messages_may_name_what_they_replace() -> None:
    assert build({"title": "T", "body": "B", "collapse": " order-1 "}, {}).collapse == "order-1"
    assert build({"title": "T", "body": "B"}, {}).collapse == ""


@pytest.mark.parametrize(
    ("value", "code"), [("ordér", "invalid_collapse"), ("a b", "invalid_collapse"), ("x" * 65, "too_long")]
)
def test_a_collapse_id_travels_in_a_header(value: str, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        build({"title": "T", "body": "B", "collapse": value}, {})
    assert (refused.value.code, refused.value.field) == (code, "collapse")


def test_a_subscription_has_one_normal_form() -> None:
    normal = parse_device_token("webpush", json.dumps(WRITTEN, indent=4))
    assert json.loads(normal) == {"endpoint": WRITTEN["endpoint"], "keys": KEYS}
    assert parse_device_token("webpush", normal) == normal
    found = parse_subscription(normal)
    assert (len(found.p256dh), found.p256dh[0], len(found.auth)) == (65, 4, 16)
    assert KEYS["auth"] not in repr(found)
    assert "mozilla" not in repr(found)


def test_a_subscription_is_shown_by_its_push_service_alone() -> None:
    long = WRITTEN | {"endpoint": "https://fcm.googleapis.com/fcm/send/a-long-secret-name-wxyz"}
    assert mask_token(parse_device_token("webpush", json.dumps(long))) == "fcm.googleapis.com…wxyz"
    assert mask_token('{"endpoint":"https://a.example/short"}') == '{"en…rt"}'


def test_keys_in_the_plain_alphabet_are_the_same_keys() -> None:
    plain = {name: key.replace("-", "+").replace("_", "/") + "=" for name, key in KEYS.items()}
    other = json.dumps(WRITTEN | {"keys": plain})
    assert parse_device_token("webpush", other) == parse_device_token("webpush", json.dumps(WRITTEN))


@given(
    st.text(max_size=200)
    | st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(
        json.dumps
    )
)
def test_nothing_but_a_subscription_is_one(text: str) -> None:
    with pytest.raises(InvalidValue):
        parse_device_token("webpush", text)
