"""Writing templates: every change is a new, immutable version over all channels and locales at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.categories.chain import require_content
from clarion.records.ids import new_id
from clarion.records.templating.catalog import catalog
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.trie import check_path
from clarion.records.templating.engine.validation import ValidationReport, validate
from clarion.records.templating.models import Template, TemplateContent, TemplateVersion

Content = Mapping[ChannelKey, Mapping[str, Mapping[str, str]]]
"""Channel → locale (empty: the default) → fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A template as somebody wrote it."""

    path: str
    name: str
    category_id: int
    content: Content = field(repr=False)
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    default_priority: int = 3
    active: bool = True
    note: str = ""
    fallback: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The report on one channel and locale."""

    channel: ChannelKey
    locale: str
    report: ValidationReport


def check(draft: Draft) -> list[Checked]:
    """Reports over every channel and locale; renders nothing, stores nothing."""
    return [
        Checked(channel=key, locale=locale, report=validate(fields, key, draft.required, draft.optional))
        for key, locales in draft.content.items()
        for locale, fields in locales.items()
    ]


def missing_everywhere(checked: Sequence[Checked]) -> list[str]:
    """Required variables that no channel uses at all (one channel alone may well do without)."""
    reports = [c.report for c in checked]
    return sorted(set.intersection(*(set(r.missing) for r in reports))) if reports else []


def create(draft: Draft, author: UUID | None) -> Template:
    """A new template with its first version, published; raises InputError."""
    _check_path(draft.path)
    refuse_faults(draft)
    try:
        with transaction.atomic():
            row = Template.objects.create(**_columns(draft), path=draft.path)
            _publish(row, draft, author)
    except IntegrityError as error:
        raise InputError("path_taken", "another template has this path", pointer="/path", status=409) from error
    catalog.refresh()
    return row


def update(row: Template, draft: Draft, author: UUID | None) -> Template:
    """A new version of a template; what was accepted before keeps the version it was accepted with."""
    if draft.path != row.path:
        raise InputError("path_is_fixed", "a template keeps its path; make another one", pointer="/path")
    refuse_faults(draft)
    with transaction.atomic():
        locked = Template.objects.select_for_update().get(pk=row.pk)
        for name, value in _columns(draft).items():
            setattr(locked, name, value)
        _publish(locked, draft, author)
    catalog.refresh()
    return locked


def refuse_faults(draft: Draft) -> None:
    """Raise InputError for the first fault of the draft."""
    if not draft.content or not all(draft.content.values()):
        raise InputError("no_content", "give content for one channel at least", pointer="/content")
    require_content(draft.fallback, draft.content)
    checked = check(draft)
    for one in checked:
        for fault in one.report.errors:
            place = f"/content/{one.channel}/{one.locale or 'default'}/{fault.field}"
            line = f", line {fault.line}" if fault.line else ""
            raise InputError(fault.code, f"{fault.message}{line}", pointer=place)
    unused = missing_everywhere(checked)
    if unused:
        message = f"declared as required but used nowhere: {', '.join(unused)}"
        raise InputError("unused_variables", message, pointer="/required_variables")


def _check_path(path: str) -> None:
    try:
        check_path(path)
    except (TemplateError, ValueError) as error:
        raise InputError("invalid_path", str(error), pointer="/path") from error


def _columns(draft: Draft) -> dict[str, object]:
    return {
        "name": draft.name,
        "category_id": draft.category_id,
        "channels": [str(key) for key in draft.content],
        "required_variables": list(draft.required),
        "optional_variables": list(draft.optional),
        "default_priority": draft.default_priority,
        "active": draft.active,
        "fallback": dict(draft.fallback),
    }


def _publish(row: Template, draft: Draft, author: UUID | None) -> None:
    last = TemplateVersion.objects.filter(template=row).aggregate(last=Max("number"))["last"] or 0
    version = TemplateVersion.objects.create(
        id=new_id(), template=row, number=last + 1, author_id=author, note=draft.note
    )
    TemplateContent.objects.bulk_create(
        TemplateContent(version=version, channel=key, locale=locale, fields=dict(fields))
        for key, locales in draft.content.items()
        for locale, fields in locales.items()
    )
    row.current_version = version
    row.save()
