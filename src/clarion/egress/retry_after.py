"""Reading a Retry-After header. What to do with the answer is the caller's."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(hours=24)
_ABSURD_DIGITS = 9


def parse_retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Seconds or an HTTP date as a wait, at most LONGEST. None for what is absent, negative, past or unreadable."""
    text = (value or "").strip()
    if not text or len(text) > 64:
        return None
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text)), LONGEST) if len(text) <= _ABSURD_DIGITS else None
    try:
        moment = parsedate_to_datetime(text)
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return min(wait, LONGEST) if wait >= timedelta(0) else None
