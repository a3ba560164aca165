"""One template as an answer: whole, with its draft, its problems and its ETag."""

from collections.abc import Iterable
from uuid import UUID

from clarion.contract.input_error import InputError
from clarion.records.templating import gate
from clarion.records.templating.models import Template, TemplateContent, TemplateVersion
from clarion.records.templating.problems import Problem
from clarion.records.templating.translations import stored
from clarion.records.templating.versions import current_draft, draft_of, newest
from clarion.surfaces.api.endpoint import Answer, Call
from clarion.surfaces.api.template_bodies import (
    DEFAULT,
    DraftOut,
    ProblemOut,
    TemplateWhole,
    base_of,
    find,
    shown_contents,
)


def whole_of(row: Template) -> TemplateWhole:
    """The template with the content in force and its draft; `row` comes from template_bodies.find."""
    shown, draft = newest(row) if row.current_version is None else row.current_version, current_draft(row)
    if shown is None:
        raise InputError("template_not_found", "the template has no version yet", status=404)
    content = shown_contents([each.id for each in (shown, draft) if each is not None])
    return TemplateWhole(
        **base_of(row, shown),
        content=content.get(shown.id, {}),
        draft=None if draft is None else _draft(row, draft, content.get(draft.id, {})),
    )


def _draft(row: Template, draft: TemplateVersion, content: dict[str, dict[str, dict[str, str]]]) -> DraftOut:
    return DraftOut(
        version=draft.number,
        version_id=draft.id,
        author_id=draft.author_id,
        note=draft.note,
        created_at=draft.created_at,
        content=content,
        problems=shown_problems(problems_of(row, draft, rendered=False)),
    )


def problems_of(template: Template, version: TemplateVersion, *, rendered: bool = True) -> list[Problem]:
    """Everything about a stored version."""
    rows = list(TemplateContent.objects.filter(version=version))
    return list(gate.problems(draft_of(template, version), stored(rows), rendered=rendered))


def shown_problems(found: Iterable[Problem]) -> list[ProblemOut]:
    """As the API shows them."""
    return [
        ProblemOut(
            severity=str(each.severity),
            code=each.code,
            message=each.message,
            hint=each.hint,
            pointer=each.pointer,
            channel=str(each.channel or ""),
            locale="" if each.channel is None else each.locale or DEFAULT,
            field=each.field,
            line=each.line,
            column=each.column,
        )
        for each in found
    ]


def answer_with(identifier: UUID, *, status: int = 200, location: bool = False) -> Answer:
    """The template as it is now, with its ETag."""
    whole = whole_of(find(identifier))
    headers = {"ETag": f'"{whole.latest_version}"'}
    if location:
        headers["Location"] = f"/api/v1/templates/{identifier}"
    return Answer(status=status, value=whole, headers=headers)


def expected_of(call: Call, said: int | None) -> int | None:
    """The version that the caller builds upon: `expected_version` of the body, or the ETag in If-Match; None for
    neither. Raises InputError 422 `invalid_etag`, and 409 where the two differ."""
    header = call.request.headers.get("If-Match", "").strip()
    if not header or header == "*":
        return said
    number = header.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise InputError("invalid_etag", "take If-Match from the ETag of the template", pointer="/headers/If-Match")
    if said is not None and said != int(number):
        raise InputError(
            "version_conflict", "If-Match and expected_version differ", pointer="/expected_version", status=409
        )
    return int(number)
