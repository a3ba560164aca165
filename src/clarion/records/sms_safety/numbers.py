"""What a telephone number tells of itself: its country, what kind of line it is, and its range. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberType

UNKNOWN = "ZZ"
NO_COUNTRY = "001"  # phonenumbers' region of satellite and international networks
RANGE_DIGITS = 4


class Line(StrEnum):
    """Kinds of lines, as far as the numbering plans tell them apart. Where they do not (+1), it is `mobile`."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    PREMIUM = "premium_rate"
    SHARED_COST = "shared_cost"
    TOLL_FREE = "toll_free"
    VOIP = "voip"
    PERSONAL = "personal"
    PAGER = "pager"
    COMPANY = "uan"
    VOICEMAIL = "voicemail"
    SATELLITE = "satellite"
    UNKNOWN = "unknown"


_LINES = {
    PhoneNumberType.MOBILE: Line.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Line.MOBILE,
    PhoneNumberType.FIXED_LINE: Line.LANDLINE,
    PhoneNumberType.PREMIUM_RATE: Line.PREMIUM,
    PhoneNumberType.SHARED_COST: Line.SHARED_COST,
    PhoneNumberType.TOLL_FREE: Line.TOLL_FREE,
    PhoneNumberType.VOIP: Line.VOIP,
    PhoneNumberType.PERSONAL_NUMBER: Line.PERSONAL,
    PhoneNumberType.PAGER: Line.PAGER,
    PhoneNumberType.UAN: Line.COMPANY,
    PhoneNumberType.VOICEMAIL: Line.VOICEMAIL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFacts:
    """`range` is the number without its last four digits: the 10,000 numbers that one owner often holds."""

    country: str
    line: Line
    range: str = field(repr=False)


def facts_of(number: str) -> NumberFacts:
    """The facts of a number in E.164. One that cannot be read is of an unknown line in an unknown country."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return NumberFacts(country=UNKNOWN, line=Line.UNKNOWN, range=number[:-RANGE_DIGITS])
    region = phonenumbers.region_code_for_number(parsed) or UNKNOWN
    line = _LINES.get(phonenumbers.number_type(parsed), Line.UNKNOWN)
    if region == NO_COUNTRY:
        region, line = UNKNOWN, line if line in (Line.PREMIUM, Line.SHARED_COST, Line.TOLL_FREE) else Line.SATELLITE
    return NumberFacts(country=region, line=line, range=number[:-RANGE_DIGITS])
