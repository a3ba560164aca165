"""Who may change what, and when not: somebody was quicker, the version is no draft, the same eyes. Stores nothing."""

from uuid import UUID

from django.conf import settings

from clarion.contract.input_error import InputError
from clarion.records.templating.models import Template, TemplateVersion, VersionState
from clarion.records.templating.versions import current_draft, latest_number


def needs_second(author: UUID | None) -> bool:
    """Whether another person must publish. What no person writes (demo data, an operator's shell) needs none."""
    return settings.TEMPLATE_FOUR_EYES and author is not None


def refuse_newer(template_id: UUID, expected: int | None) -> int:
    """The highest number given so far; raises InputError when the caller has seen another."""
    latest = latest_number(template_id)
    if expected is not None and expected != latest:
        message = f"somebody saved version {latest} meanwhile; look at it and save on top of it"
        raise InputError("version_conflict", message, pointer="/expected_version", status=409)
    return latest


def refuse_conflict(row: Template, author: UUID | None, expected: int | None) -> int:
    """As above; who expects nothing does not replace somebody else's draft unseen."""
    latest = refuse_newer(row.id, expected)
    draft = current_draft(row)
    if expected is None and draft is not None and draft.author_id != author:
        message = f"version {draft.number} is somebody else's draft; say expected_version {latest} to replace it"
        raise InputError("version_conflict", message, pointer="/expected_version", status=409)
    return latest


def refuse_undraft(version: TemplateVersion) -> None:
    """Raise InputError for a version that is published or archived."""
    if version.state != VersionState.DRAFT:
        message = f"version {version.number} is {version.state} and no draft"
        raise InputError("not_a_draft", message, pointer="/version", status=409)


def refuse_outdated(row: Template, version: TemplateVersion) -> None:
    """Raise InputError when another version came into force since the draft was saved."""
    in_force = row.current_version.number if row.current_version else 0
    if version.based_on is not None and version.based_on != in_force:
        message = f"version {in_force} came into force after this draft was saved; look at it and save the draft again"
        raise InputError("version_conflict", message, pointer="/version", status=409)


def refuse_same_eyes(template: Template, version: TemplateVersion, publisher: UUID | None) -> None:
    """The author of this version, and of the drafts it came from, may not put it in force by themselves."""
    if not settings.TEMPLATE_FOUR_EYES:
        return
    wrote = {version.author_id}
    if version.state == VersionState.DRAFT:
        since = template.current_version.number if template.current_version else 0
        drafts = template.versions.filter(number__gt=since, number__lt=version.number, published_at=None)
        wrote |= set(drafts.values_list("author_id", flat=True))
    if publisher is None or publisher in wrote:
        message = "four eyes are wanted: somebody who wrote none of it must put it in force"
        raise InputError("four_eyes", message, pointer="/version", status=403)
