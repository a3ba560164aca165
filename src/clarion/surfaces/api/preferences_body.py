"""The body of preferences: the guide's names, and what they mean to the store. What is answered is in
preferences_shown.py."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.categories.catalog import catalog
from clarion.records.preferences.wished import Forget, Preferences, Switches
from clarion.records.templating.models import Template
from clarion.surfaces.api.decoding import escaped

# null: take away what was set, so that the default holds again
Switch = bool | UnsetType | None
ClockText = Annotated[str, Meta(max_length=8, examples=["22:00"])]
FrequencyName = Literal["immediate", "hourly", "daily", "weekly", "never"]
WeekdayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MaxPerDay = Annotated[int, Meta(ge=1, le=1_000)]
MOST_IN_A_BODY = 500


class DaySpan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quiet hours that begin on one day of the week."""

    start: ClockText
    end: ClockText


class ChannelSwitches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One switch a channel; absent ones are not given, null takes away what was set."""

    email_enabled: Switch = UNSET
    sms_enabled: Switch = UNSET
    push_enabled: Switch = UNSET
    in_app_enabled: Switch = UNSET
    websocket_enabled: Switch = UNSET
    webhook_enabled: Switch = UNSET
    chat_enabled: Switch = UNSET


class CategorySwitches(ChannelSwitches, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Switches for one category; absent ones are not set and follow the general ones. `digest_frequency` goes before
    the general one."""

    enabled: Switch = UNSET
    digest_frequency: FrequencyName | UnsetType | None = UNSET


class GlobalSwitches(ChannelSwitches, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The general switches. Quiet hours and digests go by the person's own clock (`timezone` of `/me`).
    `quiet_hours_days`: days that differ, null for none that begins then. `max_per_day`: how many messages by email,
    SMS, push and chat a day at most; critical ones pass. `data_processing_consent`: nothing but essential categories
    goes out once it is withdrawn."""

    notifications_enabled: Switch = UNSET
    marketing_enabled: Switch = UNSET
    quiet_hours_enabled: Switch = UNSET
    quiet_hours_start: ClockText | UnsetType | None = UNSET
    quiet_hours_end: ClockText | UnsetType | None = UNSET
    quiet_hours_days: dict[WeekdayName, DaySpan | None] | UnsetType | None = UNSET
    digest_frequency: FrequencyName | UnsetType | None = UNSET
    digest_time: ClockText | UnsetType | None = UNSET
    digest_weekday: WeekdayName | UnsetType | None = UNSET
    max_per_day: MaxPerDay | UnsetType | None = UNSET
    data_processing_consent: bool | UnsetType | None = UNSET


class PreferencesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`global`; by category key, `categories`; by template path, `templates`. `reason` goes into the history, for staff
    who act for somebody."""

    general: GlobalSwitches = msgspec.field(default=GlobalSwitches(), name="global")
    categories: Annotated[dict[str, CategorySwitches], Meta(max_length=MOST_IN_A_BODY)] = {}
    templates: Annotated[dict[str, bool | None], Meta(max_length=MOST_IN_A_BODY)] = {}
    reason: Annotated[str, Meta(max_length=500)] = ""


def given(body: PreferencesIn, paths: dict[str, UUID] | None = None) -> Preferences:
    """What the body wants changed; raises InputError. `paths`: templates by path where they were looked up before."""
    for key in body.categories:
        if len(key) > 64 or catalog.find_known(key) is None:
            message = "there is no such category; see GET /categories"
            raise InputError("category_not_found", message, pointer=f"/categories/{escaped(key[:64])}")
    categories = {
        key: Switches(
            enabled=_value(one.enabled), channels=_channels(one), digest=_one(one.digest_frequency, "frequency")
        )
        for key, one in body.categories.items()
    }
    return Preferences(general=_general(body, paths), categories=categories)


def _general(body: PreferencesIn, paths: dict[str, UUID] | None) -> Switches:
    own = body.general
    return Switches(
        enabled=_value(own.notifications_enabled),
        marketing=_value(own.marketing_enabled),
        channels=_channels(own),
        quiet_hours=_quiet_hours(own),
        digest=_digest(own),
        max_per_day=_value(own.max_per_day),
        templates=_templates(body, paths),
        processing=None if isinstance(own.data_processing_consent, UnsetType) else own.data_processing_consent,
    )


def _value(found: Any) -> Any:
    """Absent, taken away, or a value, as the store says it."""
    if isinstance(found, UnsetType):
        return None
    return Forget.FORGET if found is None else found


def _channels(found: ChannelSwitches) -> dict[str, bool | Forget]:
    values = {key: _value(getattr(found, f"{key}_enabled")) for key in ChannelKey}
    return {str(key): value for key, value in values.items() if value is not None}


def _quiet_hours(own: GlobalSwitches) -> dict[str, Any] | Forget | None:
    if own.quiet_hours_enabled is None:
        return Forget.FORGET
    fields = {
        "enabled": own.quiet_hours_enabled,
        "start": own.quiet_hours_start,
        "end": own.quiet_hours_end,
        "days": _days(own.quiet_hours_days),
    }
    return _present(fields)


def _days(found: dict[WeekdayName, DaySpan | None] | UnsetType | None) -> Any:
    if isinstance(found, UnsetType):
        return None
    return {} if found is None else msgspec.to_builtins(found)


def _digest(own: GlobalSwitches) -> dict[str, Any] | Forget | None:
    if own.digest_frequency is None:
        return Forget.FORGET
    return _present({"frequency": own.digest_frequency, "at": own.digest_time, "weekday": own.digest_weekday})


def _one(frequency: FrequencyName | UnsetType | None, name: str) -> dict[str, Any] | Forget | None:
    return Forget.FORGET if frequency is None else _present({name: frequency})


def _present(fields: dict[str, Any]) -> dict[str, Any] | None:
    found = {name: value for name, value in fields.items() if value is not UNSET and value is not None}
    return found or None


def _templates(body: PreferencesIn, paths: dict[str, UUID] | None) -> dict[str, bool | Forget]:
    if not body.templates:
        return {}
    known = paths if paths is not None else template_ids(body.templates)
    for path in body.templates:
        if path not in known:
            message = "no template has exactly this path; see GET /templates"
            raise InputError("template_not_found", message, pointer=f"/templates/{escaped(path[:200])}")
    return {str(known[path]): Forget.FORGET if on is None else on for path, on in body.templates.items()}


def template_ids(paths: Any) -> dict[str, UUID]:
    """Templates of exactly these paths, in one query."""
    return dict(Template.objects.filter(path__in=list(paths)).values_list("path", "id"))
