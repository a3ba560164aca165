"""What one person has set as one value that can be changed, compared and saved; many people's at once. Used by store.py
alone; the names in it are those that history shows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings

from clarion.contract.input_error import InputError
from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.consents.history import Answer
from clarion.records.consents.purposes import Purpose, Source
from clarion.records.preferences.digest_choice import checked_digest
from clarion.records.preferences.models import CategoryPreference, GlobalPreference
from clarion.records.preferences.quiet_hours import checked_quiet_hours
from clarion.records.preferences.wished import Forget, Preferences, Switches

Values = dict[str, Any]
OWN_DOORS = frozenset({Source.PREFERENCES, Source.PREFERENCE_CENTRE, Source.DOUBLE_OPT_IN, Source.SMS_KEYWORD})
"""Doors at which the person speaks for themselves: only there does switching marketing on give consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Only what is set, by the names of the API; a category's by its key."""

    user_id: UUID
    general: Values = field(default_factory=dict)
    categories: Mapping[str, Values] = field(default_factory=dict)
    templates: Values = field(default_factory=dict)
    consents: Mapping[str, bool] = field(default_factory=dict)
    version: int = 0


def load(user_ids: Collection[UUID]) -> dict[UUID, Document]:
    """Everybody's. Two queries."""
    rows = GlobalPreference.objects.in_bulk(list(user_ids))
    own: dict[UUID, dict[str, Values]] = {key: {} for key in user_ids}
    found = CategoryPreference.objects.filter(user_id__in=list(user_ids)).select_related("category")
    for each in found:
        values: Values = {"enabled": each.enabled, "digest": each.digest, **_named(each.channels)}
        own[each.user_id][each.category.key] = _set(values)
    return {key: _document(rows.get(key) or GlobalPreference(pk=key), own[key]) for key in user_ids}


def _document(row: GlobalPreference, categories: Mapping[str, Values]) -> Document:
    general = {
        "notifications_enabled": row.notifications_enabled,
        "marketing_enabled": row.marketing_enabled,
        "quiet_hours": row.quiet_hours,
        "digest": row.digest,
        "max_per_day": row.max_per_day or None,
        **_named(row.channels),
    }
    return Document(
        user_id=row.pk,
        general=_set(general),
        categories=categories,
        templates=dict(row.templates),
        consents=dict(row.consents),
        version=row.version,
    )


def _named(channels: Mapping[str, Any]) -> Values:
    return {f"{key}_enabled": on for key, on in channels.items()}


def _set(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None}


def changed(before: Document, given: Preferences, *, replace: bool) -> Document:
    """The document with what is given laid over it, or (`replace`) in its place. Raises InputError."""
    general, was = given.general, {} if replace else before.general
    wanted: Values = {
        "notifications_enabled": general.enabled,
        "marketing_enabled": general.marketing,
        "quiet_hours": _quiet_hours(general.quiet_hours, was.get("quiet_hours")),
        "digest": _digest(general.digest, was.get("digest"), "/global/digest_"),
        "max_per_day": general.max_per_day,
        **_named(general.channels),
    }
    categories = {} if replace else dict(before.categories)
    for key, one in given.categories.items():
        was_own = {} if replace else before.categories.get(key, {})
        digest = _digest(one.digest, was_own.get("digest"), f"/categories/{key}/digest_")
        categories[key] = _laid(was_own, {"enabled": one.enabled, "digest": digest, **_named(one.channels)})
    return Document(
        user_id=before.user_id,
        general=_laid(was, wanted),
        categories={key: values for key, values in categories.items() if values},
        templates=_laid({} if replace else before.templates, dict(general.templates)),
        consents=before.consents,
        version=before.version + 1,
    )


def _quiet_hours(given: Mapping[str, Any] | Forget | None, before: Any) -> Any:
    return checked_quiet_hours(given, before) if isinstance(given, Mapping) else given


def _digest(given: Mapping[str, Any] | Forget | None, before: Any, pointer: str) -> Any:
    return checked_digest(given, before, pointer) if isinstance(given, Mapping) else given


def _laid(before: Values, given: Values) -> Values:
    after = {**before, **_set(given)}
    return {name: value for name, value in after.items() if value is not Forget.FORGET}


def differs(before: Document, after: Document) -> bool:
    """Whether anything that was set is not the same any more."""
    return (before.general, dict(before.categories), before.templates) != (
        after.general,
        dict(after.categories),
        after.templates,
    )


def difference(before: Document, after: Document) -> tuple[Values, Values]:
    """Only what differs, before and after; null: not set."""
    was: Values = {}
    now: Values = {}
    _compare(("global",), before.general, after.general, was, now)
    _compare(("templates",), before.templates, after.templates, was, now)
    for key in sorted({*before.categories, *after.categories}):
        _compare(("categories", key), before.categories.get(key, {}), after.categories.get(key, {}), was, now)
    return was, now


def _compare(path: tuple[str, ...], before: Values, after: Values, was: Values, now: Values) -> None:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    for target, values in ((was, before), (now, after)):
        if not names:
            return
        for step in path:
            target = target.setdefault(step, {})  # noqa: PLW2901 - down the path
        target.update({name: values.get(name) for name in names})


def save(pairs: Mapping[UUID, tuple[Document, Document]]) -> None:
    """Store these documents in place of what was there. A bounded number of queries."""
    GlobalPreference.objects.bulk_create(
        [_row(after) for _, after in pairs.values()],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=[
            "notifications_enabled",
            "marketing_enabled",
            "channels",
            "quiet_hours",
            "digest",
            "templates",
            "max_per_day",
            "version",
            "updated_at",
        ],
    )
    _save_categories(pairs)


def _row(wished: Document) -> GlobalPreference:
    general = wished.general
    return GlobalPreference(
        pk=wished.user_id,
        notifications_enabled=general.get("notifications_enabled"),
        marketing_enabled=general.get("marketing_enabled"),
        channels=_channels(general),
        quiet_hours=general.get("quiet_hours"),
        digest=general.get("digest"),
        templates=wished.templates,
        max_per_day=general.get("max_per_day", 0),
        version=wished.version,
        updated_at=clock.now(),
    )


_NOT_CHANNELS = frozenset({"notifications_enabled", "marketing_enabled", "enabled"})


def _channels(values: Values) -> dict[str, bool]:
    return {
        name.removesuffix("_enabled"): on
        for name, on in values.items()
        if name.endswith("_enabled") and name not in _NOT_CHANNELS
    }


def _save_categories(pairs: Mapping[UUID, tuple[Document, Document]]) -> None:
    keys = {key for before, after in pairs.values() for key in {*before.categories, *after.categories}}
    if not keys:
        return
    ids = dict(Category.objects.filter(key__in=keys).values_list("key", "id"))
    rows, emptied = [], []
    for user_id, (before, after) in pairs.items():
        emptied += [(user_id, ids[key]) for key in before.categories if key not in after.categories]
        rows += [
            CategoryPreference(
                user_id=user_id,
                category_id=ids[key],
                enabled=values.get("enabled"),
                channels=_channels(values),
                digest=values.get("digest"),
                updated_at=clock.now(),
            )
            for key, values in after.categories.items()
            if before.categories.get(key) != values
        ]
    CategoryPreference.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["user", "category"],
        update_fields=["enabled", "channels", "digest", "updated_at"],
    )
    gone = set(emptied)
    stale = CategoryPreference.objects.filter(
        user_id__in={user for user, _ in gone}, category_id__in={category for _, category in gone}
    )
    doomed = [row.pk for row in stale if (row.user_id, row.category_id) in gone]
    CategoryPreference.objects.filter(pk__in=doomed).delete()


def consents_given(before: Document, given: Switches, *, source: Source, actor: str) -> list[Answer]:
    """What a change says about consent: a person who switches marketing on where it did not come agrees to it, one who
    switches it off withdraws; staff and programs only turn the switch. Raises InputError for a consent to processing
    that somebody else gives."""
    answers: list[tuple[Purpose, bool]] = []
    agreed = before.consents.get(Purpose.MARKETING)
    if given.marketing is True and source in OWN_DOORS and not marketing_comes(before) and agreed is not True:
        answers.append((Purpose.MARKETING, True))
    if given.marketing is False and source in OWN_DOORS and (agreed or (agreed is None and marketing_comes(before))):
        answers.append((Purpose.MARKETING, False))
    if given.processing is not None and given.processing is not processing_allowed(before):
        if given.processing and source not in OWN_DOORS:
            message = "only the person can consent here; what they agreed to elsewhere goes through the consents API"
            raise InputError("consent_not_own", message, pointer="/global/data_processing_consent")
        answers.append((Purpose.PROCESSING, given.processing))
    return [
        Answer(user_id=before.user_id, purpose=purpose, given=yes, source=source, actor=actor, at=clock.now())
        for purpose, yes in answers
    ]


def processing_allowed(wished: Document) -> bool:
    """Whether their data may be processed; what the API shows."""
    agreed = wished.consents.get(Purpose.PROCESSING)
    return Purpose.PROCESSING not in settings.CONSENT_REQUIRED if agreed is None else agreed


def marketing_comes(wished: Document) -> bool:
    """Whether marketing goes out to them as far as switch and consent say; what the API shows as its switch."""
    on = wished.general.get("marketing_enabled")
    if on is None:
        on = "marketing" not in settings.PREFERENCES_OFF
    agreed = wished.consents.get(Purpose.MARKETING)
    return bool(on) and agreed is not False and (agreed is True or Purpose.MARKETING not in settings.CONSENT_REQUIRED)
