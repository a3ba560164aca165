"""Reading and writing what a person set. Only what is given changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction

from clarion.contract.input_error import InputError
from clarion.records.categories.models import Category
from clarion.records.preferences.models import CategoryPreference, GlobalPreference


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """One scope's switches; None or an absent channel means not given (or not set)."""

    enabled: bool | None
    marketing: bool | None
    channels: Mapping[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The general switches and those by category key."""

    general: Switches
    categories: Mapping[str, Switches]


def read(user_id: UUID) -> Preferences:
    """What is set, defaults filled in for the general switches."""
    row = GlobalPreference.objects.filter(pk=user_id).first()
    general = Switches(
        enabled=row.notifications_enabled if row else True,
        marketing=row.marketing_enabled if row else True,
        channels=row.channels if row else {},
    )
    rows = CategoryPreference.objects.filter(user_id=user_id).select_related("category")
    categories = {r.category.key: Switches(enabled=r.enabled, marketing=None, channels=r.channels) for r in rows}
    return Preferences(general=general, categories=categories)


def change(user_id: UUID, given: Preferences, *, replace: bool) -> None:
    """Store what is given; `replace` forgets what is not. Category keys must exist (the caller checked).
    Raises InputError 404 when the person is gone."""
    with transaction.atomic():
        # one writer a person at a time, so that two changes at once do not lose one another's switches
        if get_user_model().objects.select_for_update().only("id").filter(pk=user_id).first() is None:
            raise InputError("user_not_found", "there is no user with this id", status=404)
        if replace:
            GlobalPreference.objects.filter(pk=user_id).delete()
            CategoryPreference.objects.filter(user_id=user_id).delete()
        _change_general(user_id, given.general)
        ids = dict(Category.objects.filter(key__in=given.categories).values_list("key", "id"))
        for key, switches in given.categories.items():
            _change_category(user_id, ids[key], switches)


def _change_general(user_id: UUID, given: Switches) -> None:
    row, _ = GlobalPreference.objects.get_or_create(pk=user_id)
    if given.enabled is not None:
        row.notifications_enabled = given.enabled
    if given.marketing is not None:
        row.marketing_enabled = given.marketing
    row.channels = {**row.channels, **given.channels}
    row.save()


def _change_category(user_id: UUID, category_id: int, given: Switches) -> None:
    row, _ = CategoryPreference.objects.get_or_create(user_id=user_id, category_id=category_id)
    if given.enabled is not None:
        row.enabled = given.enabled
    row.channels = {**row.channels, **given.channels}
    row.save()
