"""Times a caller may give: instants or local times, in the future, in order, and not absurdly far away."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from clarion.contract.input_error import InputError
from clarion.flows.ingest.asked import Send
from clarion.records.local_time import local_to_instant
from clarion.records.people.directory import checked_timezone

GRACE = timedelta(minutes=1)
FARTHEST = timedelta(days=366)
EXPIRY_FARTHEST = timedelta(days=3660)
RECIPIENT = "recipient"


def check_times(send: Send, now: datetime) -> None:
    """Raises InputError. A `scheduled_at` up to GRACE ago counts as now (clocks differ). A local time is checked as far
    as it can be before its zone is known; `at_instant` checks the rest."""
    check_form(send.scheduled_at, send.timezone)
    if send.expires_at is not None:
        if send.expires_at <= now:
            raise InputError("already_expired", "expires_at lies in the past", pointer="/expires_at")
        if send.expires_at > now + EXPIRY_FARTHEST:
            raise InputError("expires_too_far", "expires_at may be ten years ahead at most", pointer="/expires_at")
    if send.scheduled_at is not None and not send.timezone:
        check_instant(send.scheduled_at, send.expires_at, now)


def check_form(scheduled_at: datetime | None, timezone: str) -> None:
    """An instant stands alone, a local time needs its zone: a zone name, or `recipient`. Raises InputError."""
    if timezone and timezone != RECIPIENT:
        checked_timezone(timezone)
    if scheduled_at is None:
        if timezone:
            raise InputError("required", "timezone needs a scheduled_at", pointer="/scheduled_at")
        return
    if timezone and scheduled_at.tzinfo is not None:
        message = "with timezone, scheduled_at is a local time without an offset; leave one of them out"
        raise InputError("ambiguous_time", message, pointer="/scheduled_at")
    if not timezone and scheduled_at.tzinfo is None:
        message = "give scheduled_at an offset (…Z), or a timezone (a zone name, or 'recipient')"
        raise InputError("naive_time", message, pointer="/scheduled_at")


def check_instant(scheduled_at: datetime, expires_at: datetime | None, now: datetime) -> None:
    """In the future, within a year, and before it expires; raises InputError."""
    if scheduled_at < now - GRACE:
        raise InputError("scheduled_in_past", "scheduled_at lies in the past", pointer="/scheduled_at")
    if scheduled_at > now + FARTHEST:
        raise InputError("scheduled_too_far", "scheduled_at may be a year ahead at most", pointer="/scheduled_at")
    if expires_at is not None and expires_at <= scheduled_at:
        raise InputError("expires_before_due", "expires_at must be after scheduled_at", pointer="/expires_at")


def at_instant(send: Send, recipients_zone: str, now: datetime) -> Send:
    """The send with its local time (if it has one) read on the right clock, and checked; raises InputError."""
    if send.scheduled_at is None or not send.timezone:
        return send
    instant = instant_of(send.scheduled_at, send.timezone, recipients_zone, now)
    check_instant(instant, send.expires_at, now)
    return replace(send, scheduled_at=instant, timezone="", local=f"{send.scheduled_at.isoformat()} {send.timezone}")


def instant_of(local: datetime, timezone: str, recipients_zone: str, now: datetime) -> datetime:
    """The instant of a local time; one that is centuries away is pulled near, so that it can be reckoned with."""
    near, margin = now.replace(tzinfo=None), FARTHEST + timedelta(days=30)
    bounded = min(max(local, near - margin), near + margin)
    return local_to_instant(bounded, ZoneInfo(recipients_zone if timezone == RECIPIENT else timezone))
