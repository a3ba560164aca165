"""The values of `format` that a template's schema may use. All are checked by the standard library, none by a regex."""

from collections.abc import Callable
from datetime import date, datetime, time
from urllib.parse import urlsplit
from uuid import UUID

from jsonschema import FormatChecker


def _moment(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None


def _uri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme and (parts.netloc or parts.path)) and not any(each.isspace() for each in text)


def _email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(at and local and domain) and not any(each.isspace() for each in text)


_CHECKS: dict[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "date-time": _moment,
    "uri": _uri,
    "email": _email,
    "uuid": UUID,
}
NAMES = frozenset(_CHECKS)


def _checked(check: Callable[[str], object]) -> Callable[[object], bool]:
    """JSON Schema's rule: what is no text has no format."""

    def run(value: object) -> bool:
        return not isinstance(value, str) or (len(value) <= 2048 and check(value) is not False)

    return run


def _checker() -> FormatChecker:
    made = FormatChecker(formats=())
    for name, check in _CHECKS.items():
        made.checkers[name] = (_checked(check), (ValueError,))
    return made


FORMATS = _checker()
