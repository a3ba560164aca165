"""One version of a template, a draft too, as ingest knows a template: for tests by those who write it."""

from uuid import UUID

from clarion.records.templating.catalog import TemplateFacts
from clarion.records.templating.gate import declared_of
from clarion.records.templating.models import TemplateVersion
from clarion.records.templating.versions import draft_of


def facts_of_version(version_id: UUID) -> TemplateFacts | None:
    """The facts as this version has them; whether the template is in use does not matter. None without such a one."""
    version = TemplateVersion.objects.select_related("template").filter(pk=version_id).first()
    if version is None:
        return None
    draft = draft_of(version.template, version)
    return TemplateFacts(
        id=version.template_id,
        path=version.template.path,
        version_id=version.id,
        category_id=draft.category_id,
        channels=frozenset(draft.content),
        required=declared_of(draft)[0],
        default_priority=draft.default_priority,
        active=True,
        has_schema=bool(draft.schema),
    )
