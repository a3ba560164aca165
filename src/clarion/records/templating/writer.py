"""Writing templates: every save is a new version over all channels and locales, every publishing one switch for all.

What a version must satisfy is gate.py's; it is asked before the transaction, for it renders samples. Every change of a
template locks its row, so that numbers, the draft and the version in force cannot be lost between two editors.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation

from clarion.contract.input_error import InputError
from clarion.records import clock
from clarion.records.ids import new_id
from clarion.records.templating import gate, paths, translations
from clarion.records.templating.catalog import catalog
from clarion.records.templating.draft import Content, Draft
from clarion.records.templating.models import Template, TemplateContent, TemplateVersion, VersionState
from clarion.records.templating.preparing import prepared
from clarion.records.templating.refusals import (
    needs_second,
    refuse_conflict,
    refuse_newer,
    refuse_outdated,
    refuse_same_eyes,
    refuse_undraft,
)
from clarion.records.templating.versions import (
    current_draft,
    draft_of,
    find_template,
    find_version,
    newest,
    settings_of,
    was_published,
)

__all__ = ["Content", "Draft", "create", "current_draft", "discard", "publish", "rollback", "save", "take_out", "use"]


def create(draft: Draft, author: UUID | None, *, publish: bool = True, tested: bool = False) -> Template:
    """A new template with version 1: published, or a draft (`publish` False, or four eyes are wanted and somebody is
    named as the author). Raises InputError; a draft may have errors, only not such as make no sense at all. `tested`:
    it is one of ours, which our tests have asked the gate about; a start need not wait for that again."""
    paths.check(draft.path)
    gate.refuse_unsound(draft)
    publish = publish and not needs_second(author)
    if publish and not tested:
        gate.refuse_errors(draft, translations.made_from(draft, None))
    try:
        with transaction.atomic():
            paths.refuse_ambiguous(draft.path)
            row = Template(path=draft.path, active=draft.active is not False)
            _settle(row, draft)
            row.save()
            version = _store(row, draft, author, 1, clock.now())
            if publish:
                _put_in_force(row, version, author, draft.note, clock.now())
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise InputError("path_taken", "another template has this path", pointer="/path", status=409) from error
    catalog.refresh()
    return row


def save(
    template_id: UUID, draft: Draft, author: UUID | None, *, expected_version: int | None = None, publish: bool = False
) -> TemplateVersion:
    """A new version: a draft in place of the one there was, or (`publish`, and four eyes are not wanted) in force at
    once. `expected_version` is the highest number that the author has seen; raises InputError 409 `version_conflict`
    when there is a newer one, and, without an expectation, when somebody else's draft would be replaced unseen."""
    template = find_template(template_id)
    if draft.path != template.path:
        raise InputError("path_is_fixed", "a template keeps its path; make another one", pointer="/path")
    gate.refuse_unsound(draft)
    publish = publish and not needs_second(author)
    refuse_conflict(template, author, expected_version)
    if publish:
        gate.refuse_errors(draft, translations.made_from(draft, newest(template)))
    with transaction.atomic():
        row = _locked(template_id)
        latest = refuse_conflict(row, author, expected_version)
        now = clock.now()
        version = _store(row, draft, author, latest + 1, now)
        if publish:
            row.active = row.active if draft.active is None else draft.active
            _settle(row, draft)
            _put_in_force(row, version, author, draft.note, now)
    catalog.refresh()
    return version


def publish(
    template_id: UUID, number: int, publisher: UUID | None, note: str = "", *, expected_version: int | None = None
) -> TemplateVersion:
    """Put a draft in force, all channels and locales at once. Raises InputError: 409 `not_a_draft`, 409
    `version_conflict` (another version came into force since the draft was saved), 403 `four_eyes`, and 422 with the
    first error of the gate."""
    template, version = find_template(template_id), find_version(template_id, number, "/version")
    refuse_undraft(version)
    refuse_same_eyes(template, version, publisher)
    draft = draft_of(template, version)
    gate.refuse_unsound(draft)
    gate.refuse_errors(draft, translations.stored(version.contents.all()))
    with transaction.atomic():
        row = _locked(template_id)
        version = find_version(template_id, number, "/version")
        refuse_newer(template_id, expected_version)
        refuse_undraft(version)
        refuse_outdated(row, version)
        _settle(row, draft)
        _put_in_force(row, version, publisher, note, clock.now())
    catalog.refresh()
    return version


def rollback(
    template_id: UUID, to_number: int, publisher: UUID | None, note: str = "", *, expected_version: int | None = None
) -> TemplateVersion:
    """A new published version with the content and settings of an earlier one, exactly as they were compiled then. An
    open draft stays, and must be saved anew before it can be published. Raises InputError: 409 `never_published`,
    409 `already_in_force`, 403 `four_eyes`."""
    template, old = find_template(template_id), find_version(template_id, to_number, "/version")
    if not was_published(old):
        message = "this version was never in force; publish it instead"
        raise InputError("never_published", message, pointer="/version", status=409)
    if template.current_version_id == old.id:
        raise InputError("already_in_force", "this version is in force", pointer="/version", status=409)
    refuse_same_eyes(template, old, publisher)
    draft = replace(draft_of(template, old), note=note)
    gate.refuse_unsendable(draft)
    with transaction.atomic():
        row, now = _locked(template_id), clock.now()
        latest = refuse_newer(template_id, expected_version)
        version = _add_version(row, draft, publisher, latest + 1)
        version.restored_from = old.number
        _copy_contents(old, version)
        _settle(row, draft)
        _put_in_force(row, version, publisher, note, now)
    catalog.refresh()
    return version


def discard(template_id: UUID, number: int) -> TemplateVersion:
    """Archive a draft nobody wants any more. Raises InputError 409 `not_a_draft`."""
    with transaction.atomic():
        _locked(template_id)
        version = find_version(template_id, number, "/version")
        refuse_undraft(version)
        _archive(version, clock.now())
    return version


def take_out(template_id: UUID) -> Template:
    """Out of use: it sends no more; what was accepted is still delivered."""
    return _set_active(template_id, active=False)


def use(template_id: UUID) -> Template:
    """Back in use, as it was."""
    return _set_active(template_id, active=True)


def _set_active(template_id: UUID, *, active: bool) -> Template:
    find_template(template_id)
    with transaction.atomic():
        row = _locked(template_id)
        row.active = active
        row.save()
    catalog.refresh()
    return row


def _locked(template_id: UUID) -> Template:
    return Template.objects.select_for_update().get(pk=template_id)


def _store(row: Template, draft: Draft, author: UUID | None, number: int, now: datetime) -> TemplateVersion:
    """A draft with its content, in place of the draft there was."""
    made = translations.made_from(draft, newest(row) if number > 1 else None)
    for old in row.versions.filter(state=VersionState.DRAFT):
        _archive(old, now)
    version = _add_version(row, draft, author, number)
    TemplateContent.objects.bulk_create(
        TemplateContent(
            version=version,
            channel=key,
            locale=locale,
            fields=dict(fields),
            prepared=prepared(key, fields, draft.theme, locale),
            made_from=made.get((key, locale)),
        )
        for key, locales in draft.content.items()
        for locale, fields in locales.items()
    )
    return version


def _add_version(row: Template, draft: Draft, author: UUID | None, number: int) -> TemplateVersion:
    return TemplateVersion.objects.create(
        id=new_id(),
        template=row,
        number=number,
        state=VersionState.DRAFT,
        settings=settings_of(draft),
        author_id=author,
        note=draft.note,
        based_on=row.current_version.number if row.current_version else 0,
    )


def _copy_contents(old: TemplateVersion, version: TemplateVersion) -> None:
    TemplateContent.objects.bulk_create(
        TemplateContent(
            version=version,
            channel=each.channel,
            locale=each.locale,
            fields=each.fields,
            prepared=each.prepared,
            made_from=each.made_from,
        )
        for each in old.contents.all()
    )


def _settle(row: Template, draft: Draft) -> None:
    """The columns of the version in force."""
    row.name = draft.name
    row.category_id = draft.category_id
    row.channels = [str(key) for key in draft.content]
    row.required_variables = list(draft.required)
    row.optional_variables = list(draft.optional)
    row.default_priority = draft.default_priority
    row.fallback = dict(draft.fallback)
    row.schema = dict(draft.schema)
    row.sample_context = dict(draft.sample)
    row.theme = draft.theme
    row.locales = list(draft.locales)
    row.publish_threshold = draft.publish_threshold


def _put_in_force(row: Template, version: TemplateVersion, publisher: UUID | None, note: str, now: datetime) -> None:
    for old in row.versions.filter(state=VersionState.PUBLISHED):
        _archive(old, now)
    version.state = VersionState.PUBLISHED
    version.publisher_id, version.publish_note, version.published_at = publisher, note, now
    version.save()
    row.current_version = version
    row.save()


def _archive(version: TemplateVersion, now: datetime) -> None:
    if version.state == VersionState.PUBLISHED and version.published_at is None:
        version.published_at = version.created_at  # written by a process of before drafts
    version.state, version.archived_at = VersionState.ARCHIVED, now
    version.save(update_fields=["state", "archived_at", "published_at"])
