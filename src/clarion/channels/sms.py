"""SMS: telephone numbers in E.164 and the length of a text. Prices and sender names live with the provider."""

from collections.abc import Mapping

import phonenumbers

from clarion.channels.channel import Channel, FieldSpec
from clarion.channels.checked import checked
from clarion.channels.errors import InvalidValue
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent

_BLANKS = dict.fromkeys((0x00A0, 0x2009, 0x202F), " ")
FIELDS = (FieldSpec(name="body", required=True, limit=1600),)


def parse_phone(value: str) -> str:
    """E.164 (`+255712345123`). The number must be given with + and its country code."""
    written = value.strip()
    if not written.startswith("+") or len(written) > 40:
        raise InvalidValue("invalid_phone", "the phone number must start with + and the country code")
    try:
        number = phonenumbers.parse(written, None)
    except phonenumbers.NumberParseException as error:
        raise InvalidValue("invalid_phone", "not a phone number: write it as +255712345678") from error
    if number.extension or not phonenumbers.is_valid_number(number):
        raise InvalidValue("invalid_phone", "no such phone number: check country code and length")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask_phone(value: str) -> str:
    """`+2557*****123`."""
    if len(value) < 10:
        return "+***"
    return f"{value[:5]}{'*' * (len(value) - 8)}{value[-3:]}"


def build(fields: Mapping[str, str], data: Mapping[str, object]) -> SmsContent:
    """The text, trimmed; `data` is not used. Segments are counted by `sms_segments`, for whom it concerns.

    Blanks that do not break become plain ones: CLDR writes them into `1 234,50 €` and `3:00 PM`, and one of them would
    make the whole text UCS-2, of twice as many segments.
    """
    return SmsContent(body=checked(FIELDS, fields)["body"].translate(_BLANKS).strip())


SMS = Channel(
    key=ChannelKey.SMS,
    label="SMS",
    fields=FIELDS,
    parse_address=parse_phone,
    mask=mask_phone,
    build=build,
)
