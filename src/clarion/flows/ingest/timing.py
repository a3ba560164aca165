"""Times a caller may give: in the future, in order, and not absurdly far away."""

from datetime import datetime, timedelta

from clarion.contract.input_error import InputError
from clarion.flows.ingest.asked import Send

GRACE = timedelta(minutes=1)
FARTHEST = timedelta(days=366)
EXPIRY_FARTHEST = timedelta(days=3660)


def check_times(send: Send, now: datetime) -> None:
    """Raises InputError. A `scheduled_at` up to GRACE ago counts as now (clocks differ)."""
    if send.scheduled_at is not None:
        if send.scheduled_at < now - GRACE:
            raise InputError("scheduled_in_past", "scheduled_at lies in the past", pointer="/scheduled_at")
        if send.scheduled_at > now + FARTHEST:
            raise InputError("scheduled_too_far", "scheduled_at may be a year ahead at most", pointer="/scheduled_at")
    if send.expires_at is not None:
        if send.expires_at <= now:
            raise InputError("already_expired", "expires_at lies in the past", pointer="/expires_at")
        if send.expires_at > now + EXPIRY_FARTHEST:
            raise InputError("expires_too_far", "expires_at may be ten years ahead at most", pointer="/expires_at")
        if send.scheduled_at is not None and send.expires_at <= send.scheduled_at:
            raise InputError("expires_before_due", "expires_at must be after scheduled_at", pointer="/expires_at")
