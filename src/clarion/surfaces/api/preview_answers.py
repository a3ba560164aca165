"""What a preview answers, as types: of the API and of the console alike."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from clarion.channels.sms_segments import Segments
from clarion.records.templating.engine.validation import TemplateFault
from clarion.records.templating.preview import Previewed
from clarion.records.templating.problems import Problem
from clarion.surfaces.api.template_answers import shown_problems
from clarion.surfaces.api.template_bodies import DEFAULT, ProblemOut


class PreviewFault(msgspec.Struct, frozen=True, kw_only=True):
    """Why something could not be rendered, and where; line and column count from 1, 0 where there is no place."""

    field: str
    line: int
    column: int
    code: str
    message: str


class SegmentsOut(msgspec.Struct, frozen=True, kw_only=True):
    """How an SMS is billed. `forced_by` is the character that forces UCS-2, or empty; `limit` is what one segment of
    this message holds."""

    segments: int
    encoding: str
    characters: int
    units: int
    limit: int
    forced_by: str


class PreviewRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """For whom it was rendered; `id` is null for the made-up one. The email address is masked."""

    id: UUID | None
    name: str
    email: str
    locale: str
    timezone: str


class PreviewOut(msgspec.Struct, frozen=True, kw_only=True):
    """One channel and locale as somebody would get it. `parts` is what the channel makes of the fields (an email's
    `subject`, `html`, `text`), empty where there are `faults`. `undefined` are variables that the content reads and
    nobody gave. `sizes` are bytes. `from_locale` is the translation that was used."""

    channel: str
    locale: str
    from_locale: str
    recipient: PreviewRecipient
    fields: dict[str, str]
    parts: dict[str, Any]
    faults: list[PreviewFault]
    undefined: list[str]
    sizes: dict[str, int]
    segments: SegmentsOut | None
    checks: list[ProblemOut]
    milliseconds: float


def fault_out(fault: TemplateFault) -> PreviewFault:
    """The fault as it is answered."""
    return PreviewFault(
        field=fault.field,
        line=fault.line,
        column=fault.column,
        code=str(fault.code),
        message=fault.message,
    )


def segments_out(found: Segments | None) -> SegmentsOut | None:
    """Segments as they are answered."""
    if found is None:
        return None
    return SegmentsOut(
        segments=found.segments,
        encoding=str(found.encoding),
        characters=found.characters,
        units=found.units,
        limit=found.limit,
        forced_by=found.forced_by,
    )


def preview_out(
    made: Previewed, *, locale: str, from_locale: str, recipient: PreviewRecipient, checks: Sequence[Problem]
) -> PreviewOut:
    """A preview as it is answered."""
    parts: Mapping[str, object] = made.parts
    return PreviewOut(
        channel=str(made.channel),
        locale=locale or DEFAULT,
        from_locale=from_locale or DEFAULT,
        recipient=recipient,
        fields=dict(made.fields),
        parts=dict(parts),
        faults=[fault_out(fault) for fault in made.faults],
        undefined=list(made.undefined),
        sizes=dict(made.sizes),
        segments=segments_out(made.segments),
        checks=shown_problems(checks),
        milliseconds=round(made.seconds * 1000, 1),
    )
