"""Reading versions: what stands in one, which is the draft, which was in force, and a stored version as a Draft again.

Writing is in writer.py."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.templating.draft import Content, Draft
from clarion.records.templating.models import Template, TemplateContent, TemplateVersion, VersionState


def find_template(template_id: UUID) -> Template:
    """The template with its category and the version in force; raises InputError 404 `template_not_found`."""
    row = Template.objects.select_related("category", "current_version").filter(pk=template_id).first()
    if row is None:
        raise InputError("template_not_found", "there is no template with this id", status=404)
    return row


def find_version(template_id: UUID, number: int, pointer: str = "") -> TemplateVersion:
    """A version by its number; raises InputError 404 `version_not_found`."""
    found = TemplateVersion.objects.filter(template_id=template_id, number=number).first() if number < 2**31 else None
    if found is None:
        message = "the template has no version of this number; see its versions"
        raise InputError("version_not_found", message, pointer=pointer, status=404)
    return found


def current_draft(template: Template) -> TemplateVersion | None:
    """The draft somebody is working on, if any."""
    return template.versions.filter(state=VersionState.DRAFT).order_by("-number").first()


def newest(template: Template) -> TemplateVersion | None:
    """The version an editor starts from: the draft, or else the one in force, or else the last there was."""
    return current_draft(template) or template.current_version or template.versions.order_by("-number").first()


def latest_number(template_id: UUID) -> int:
    """The highest number given so far, of a draft or not; what `expected_version` is compared with. 0: none."""
    numbers = (
        TemplateVersion.objects.filter(template_id=template_id).order_by("-number").values_list("number", flat=True)
    )
    return numbers.first() or 0


def was_published(version: TemplateVersion) -> bool:
    """Whether it was in force at any time."""
    return version.published_at is not None or version.state == VersionState.PUBLISHED


def contents_of(version_ids: Iterable[UUID]) -> dict[UUID, dict[ChannelKey, dict[str, dict[str, str]]]]:
    """What people wrote, by version, channel and locale; one query."""
    rows: dict[UUID, list[TemplateContent]] = {}
    for row in TemplateContent.objects.filter(version_id__in=list(version_ids)).order_by("channel", "locale"):
        rows.setdefault(row.version_id, []).append(row)
    return {version: content_of_rows(of) for version, of in rows.items()}


def content_of_rows(rows: Iterable[TemplateContent]) -> dict[ChannelKey, dict[str, dict[str, str]]]:
    """Rows of one version by channel and locale."""
    found: dict[ChannelKey, dict[str, dict[str, str]]] = {}
    for row in rows:
        found.setdefault(ChannelKey(row.channel), {})[row.locale] = row.fields
    return found


def settings_of(draft: Draft) -> dict[str, Any]:
    """What a version holds beside its content; `draft_of` reads it back."""
    return {
        "name": draft.name,
        "category_id": draft.category_id,
        "required": list(draft.required),
        "optional": list(draft.optional),
        "default_priority": draft.default_priority,
        "fallback": dict(draft.fallback),
        "schema": dict(draft.schema),
        "sample": dict(draft.sample),
        "theme": draft.theme,
        "locales": list(draft.locales),
        "publish_threshold": draft.publish_threshold,
    }


def draft_of(template: Template, version: TemplateVersion, content: Content | None = None) -> Draft:
    """A stored version as somebody wrote it; `content` where it is at hand already."""
    said = version.settings if version.settings is not None else _standing(template)
    return Draft(
        path=template.path,
        name=said["name"],
        category_id=said["category_id"],
        content=contents_of([version.id]).get(version.id, {}) if content is None else content,
        required=tuple(said["required"]),
        optional=tuple(said["optional"]),
        default_priority=said["default_priority"],
        note=version.note,
        fallback=said["fallback"],
        schema=said["schema"],
        sample=said["sample"],
        theme=said["theme"],
        locales=tuple(said["locales"]),
        publish_threshold=said["publish_threshold"],
    )


def _standing(template: Template) -> Mapping[str, Any]:
    """The template's own columns: for versions from before they held settings of their own."""
    return {
        "name": template.name,
        "category_id": template.category_id,
        "required": template.required_variables,
        "optional": template.optional_variables,
        "default_priority": template.default_priority,
        "fallback": template.fallback,
        "schema": template.schema,
        "sample": template.sample_context,
        "theme": template.theme,
        "locales": template.locales,
        "publish_threshold": template.publish_threshold,
    }
