"""Plain text rules every channel shares: line breaks, control characters, lengths. No markup here."""

import re

from clarion.channels.errors import InvalidValue

LINE_BREAKS = re.compile("[\r\n\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
"""What some program on the way may take for the end of a line; NUL ends a C string."""

# Bidi overrides and isolates can make a text read backwards ("gpj.exe"); they are dropped with the controls.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_OTHER_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
# Most texts are tidy already. Finding that out must not cost three passes, nor a pattern's look at every character:
# what is left without the harmless ASCII is short.
_HARMLESS = b"\t\n" + bytes(range(0x20, 0x7F))
_UNTIDY = re.compile(f"{_CONTROLS.pattern}|{_OTHER_BREAKS.pattern}|{_SURROGATES.pattern}")


def single_line(value: str, *, field: str) -> str:
    """The value without surrounding blanks; raises InvalidValue (`line_break`) when a break is inside."""
    stripped = value.strip(" \t\r\n")
    if LINE_BREAKS.search(stripped):
        raise InvalidValue(
            "line_break",
            f"{field} must be one line: remove the line break",
            field=field,
        )
    return clean(stripped, field=field)


def clean(value: str, *, field: str) -> str:
    """Text with `\\n` as its only line break and no control characters; lone surrogates cannot be sent at all."""
    if _is_tidy(value):
        return value
    if _SURROGATES.search(value):
        raise InvalidValue(
            "invalid_text",
            f"{field} holds half a surrogate pair: send valid Unicode",
            field=field,
        )
    return _CONTROLS.sub("", _OTHER_BREAKS.sub("\n", value))


def _is_tidy(value: str) -> bool:
    try:
        rest = value.encode().translate(None, _HARMLESS).decode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return rest.isprintable() or not _UNTIDY.search(rest)


def within(value: str, limit: int, *, field: str) -> str:
    """The value, when it has at most `limit` characters."""
    if len(value) > limit:
        raise InvalidValue(
            "too_long",
            f"{field} is longer than {limit} characters: shorten it",
            field=field,
        )
    return value


def opaque(value: str, limit: int, *, code: str, what: str) -> str:
    """A printable ASCII word without blanks (a token, an id), at most `limit` characters."""
    word = value.strip()
    if not word or len(word) > limit or any(not "!" <= char <= "~" for char in word):
        raise InvalidValue(
            code,
            f"{what} must be 1 to {limit} printable ASCII characters without spaces",
        )
    return word
