"""Numbers as they come out of JSON: int, float, Decimal or text. One place reads them, within limits."""

from decimal import Decimal, InvalidOperation

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import MAX_INT


def as_decimal(value: object) -> Decimal:
    """The number, exactly as written; raises TemplateError (`template_value`)."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _no_number()
    if isinstance(value, str) and len(value) > 64:
        raise _no_number()
    try:
        number = Decimal(repr(value) if isinstance(value, float) else str(value).strip())
    except InvalidOperation as error:
        raise _no_number() from error
    # A text of seven characters ("1e99999") can be a number of a hundred thousand digits.
    if not number.is_finite() or not -60 <= number.adjusted() <= 30:
        raise TemplateError(TemplateErrorCode.VALUE, "the number is not finite, or beyond 30 digits")
    return number


def _no_number() -> TemplateError:
    return TemplateError(
        TemplateErrorCode.VALUE,
        "a number was expected: pass a number or text such as 12.50",
    )


def bounded_int(value: int) -> int:
    """The integer, when it has at most 30 digits."""
    if not -MAX_INT <= value <= MAX_INT:
        raise TemplateError(TemplateErrorCode.VALUE, "the number is beyond 30 digits")
    return value
