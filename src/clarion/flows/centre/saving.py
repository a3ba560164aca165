"""Saving what a person changed in their preference centre: wishes, language and time zone, in one transaction, each
with its row of history. What the page looks like is surfaces/pages/centre."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import transaction

from clarion.contract.input_error import InputError
from clarion.records import clock
from clarion.records.consents.purposes import Source
from clarion.records.people import directory
from clarion.records.people.models import User
from clarion.records.preferences import store
from clarion.records.preferences.models import PreferenceChange
from clarion.records.preferences.wished import Preferences, Switches

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to change. `version`: of the preferences that they saw; empty `locale` and `timezone`: they stay."""

    wishes: Preferences
    version: int
    locale: str = ""
    timezone: str = ""


def save(user_id: UUID, wanted: Wanted) -> bool:
    """Save all of it or nothing; whether anything differs now. Raises InputError: 404 when the person is gone, 412 when
    the preferences were changed meanwhile, 422 for what cannot be."""
    with transaction.atomic():
        changed = _change(user_id, wanted.wishes, version=wanted.version)
        moved = _move(user_id, {"locale": wanted.locale, "timezone": wanted.timezone})
    if changed or moved:
        log.info("preferences_saved", source=str(Source.PREFERENCE_CENTRE), user=str(user_id))
    return changed or moved


def stop_all(user_id: UUID) -> bool:
    """The switch over everything and the one over marketing go off, and with it the consent; whether that changed
    anything. What is essential or urgent goes on (records/preferences/rules.py)."""
    return _change(user_id, Preferences(general=Switches(enabled=False, marketing=False), categories={}))


def _change(user_id: UUID, wishes: Preferences, *, version: int | None = None) -> bool:
    return store.change(
        user_id,
        wishes,
        replace=False,
        source=Source.PREFERENCE_CENTRE,
        actor=f"user:{user_id}",
        version=version,
    )


def _move(user_id: UUID, given: Mapping[str, str]) -> bool:
    """Language and time zone, which are the person's and not among the wishes; history has them as `person`."""
    person = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if person is None:
        raise InputError("user_not_found", "there is no user with this id", status=404)
    before = {name: getattr(person, name) for name, value in given.items() if value and getattr(person, name) != value}
    if not before:
        return False
    after = {name: given[name] for name in before}
    directory.change(user_id, after)
    PreferenceChange.objects.create(
        user_id=user_id,
        at=clock.now(),
        source=Source.PREFERENCE_CENTRE,
        actor=f"user:{user_id}",
        before={"person": before},
        after={"person": after},
    )
    return True
