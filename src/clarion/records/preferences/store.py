"""Reading and writing what a person set. Only what is given changes; every change leaves a row of history, in the same
transaction. What it all comes to is inheritance.py's and rules.py's."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction

from clarion.contract.input_error import InputError
from clarion.records import clock
from clarion.records.consents.history import Answer
from clarion.records.consents.purposes import Source
from clarion.records.digests import rechecks
from clarion.records.preferences import consenting, document
from clarion.records.preferences.document import Document, consents_given
from clarion.records.preferences.models import CategoryPreference, GlobalPreference, PreferenceChange
from clarion.records.preferences.wished import Forget, Preferences, Switches

__all__ = ["Changed", "Preferences", "Standing", "Switches", "change", "change_many", "read", "stop_digests"]

MOST_CATEGORIES = 1_000
MOST_TEMPLATES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a person has set, and the number of the last change."""

    wishes: Preferences
    consents: Mapping[str, bool]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Whose wishes differ now, who of those named does not exist, and whose wishes could not be taken."""

    changed: frozenset[UUID]
    gone: frozenset[UUID]
    refused: Mapping[UUID, InputError]


def read(user_id: UUID) -> Standing:
    """What is set, and nothing else."""
    row = GlobalPreference.objects.filter(pk=user_id).first() or GlobalPreference(pk=user_id)
    rows = CategoryPreference.objects.filter(user_id=user_id).select_related("category").order_by("category__key")
    general = Switches(
        enabled=row.notifications_enabled,
        marketing=row.marketing_enabled,
        channels=row.channels,
        quiet_hours=row.quiet_hours,
        digest=row.digest,
        max_per_day=row.max_per_day or None,
        templates=row.templates,
        processing=row.consents.get("processing"),
    )
    categories = {
        each.category.key: Switches(enabled=each.enabled, channels=each.channels, digest=each.digest) for each in rows
    }
    wishes = Preferences(general=general, categories=categories)
    return Standing(wishes=wishes, consents=row.consents, version=row.version)


def change(
    user_id: UUID,
    given: Preferences,
    *,
    replace: bool,
    source: str,
    actor: str,
    note: str = "",
    version: int | None = None,
) -> bool:
    """Store what is given; `replace` forgets what is not; whether anything differs now. Category keys must exist (the
    caller checked). `version`: the one that the caller saw. Raises InputError: 404 when the person is gone, 412 when
    somebody changed them since that version."""
    expected = {user_id: version} if version is not None else {}
    done = change_many({user_id: given}, replace=replace, source=source, actor=actor, note=note, expected=expected)
    if user_id in done.refused:
        raise done.refused[user_id]
    if done.gone:
        raise InputError("user_not_found", "there is no user with this id", status=404)
    return bool(done.changed)


def stop_digests(user_id: UUID, *, source: str, actor: str) -> bool:
    """No digests any more, of no category; whether that changed anything."""
    own = CategoryPreference.objects.filter(user_id=user_id, digest__isnull=False).select_related("category")
    never = Switches(digest={"frequency": "never"})
    categories = {row.category.key: Switches(digest=Forget.FORGET) for row in own}
    return change(user_id, Preferences(general=never, categories=categories), replace=False, source=source, actor=actor)


def change_many(
    given: Mapping[UUID, Preferences],
    *,
    replace: bool,
    source: str,
    actor: str,
    note: str = "",
    expected: Mapping[UUID, int] | None = None,
) -> Changed:
    """The same for many people, in one transaction and a bounded number of queries for any number of them. What cannot
    be taken concerns its person alone."""
    with transaction.atomic():
        present = _locked(given)
        before = document.load(present)
        laid = _Laid(source=Source(source), actor=actor)
        for user_id in present:
            laid.add(before[user_id], given[user_id], replace=replace, version=(expected or {}).get(user_id))
        differing = {key for key, after in laid.after.items() if document.differs(before[key], after)}
        document.save({key: (before[key], laid.after[key]) for key in differing})
        _note(before, laid.after, differing, source, actor, note)
        consented = {row.user_id for row in consenting.record(laid.answers)}
        rechecks.ask(differing | consented, clock.now())
    return Changed(changed=frozenset(differing | consented), gone=frozenset(set(given) - present), refused=laid.refused)


@dataclass(slots=True)
class _Laid:
    """What wishes come to, person by person; what cannot be taken is set apart."""

    source: Source
    actor: str
    after: dict[UUID, Document] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    refused: dict[UUID, InputError] = field(default_factory=dict)

    def add(self, before: Document, given: Preferences, *, replace: bool, version: int | None) -> None:
        try:
            if version is not None and version != before.version:
                message = "the preferences were changed meanwhile: read them again"
                raise InputError("version_mismatch", message, status=412)
            after = document.changed(before, given, replace=replace)
            _check_size(after)
            answers = consents_given(before, given.general, source=self.source, actor=self.actor)
        except InputError as error:
            self.refused[before.user_id] = error
            return
        self.after[before.user_id] = after
        self.answers += answers


def _locked(user_ids: Collection[UUID]) -> set[UUID]:
    """One writer a person at a time, in one order for everybody, so that two changes at once do not lose one another's
    switches."""
    people = get_user_model().objects.select_for_update(no_key=True).filter(pk__in=list(user_ids)).order_by("pk")
    return set(people.values_list("pk", flat=True))


def _check_size(wished: Document) -> None:
    if len(wished.categories) > MOST_CATEGORIES:
        message = f"a person may set {MOST_CATEGORIES} categories at most; the general switches rule the rest"
        raise InputError("too_many_categories", message, pointer="/categories")
    if len(wished.templates) > MOST_TEMPLATES:
        message = f"a person may set {MOST_TEMPLATES} templates at most; switch off their categories"
        raise InputError("too_many_templates", message, pointer="/templates")


def _note(
    before: Mapping[UUID, Document],
    after: Mapping[UUID, Document],
    differing: Collection[UUID],
    source: str,
    actor: str,
    note: str,
) -> None:
    rows = []
    for user_id in sorted(differing):
        was, is_ = document.difference(before[user_id], after[user_id])
        rows.append(
            PreferenceChange(
                user_id=user_id, at=clock.now(), source=source, actor=actor, note=note[:500], before=was, after=is_
            )
        )
    PreferenceChange.objects.bulk_create(rows)
