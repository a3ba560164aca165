"""Taking in the preferences of many people: JSON lines, a person each."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated
from uuid import UUID

import msgspec
import structlog
from msgspec import Meta

from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.consents.purposes import Source
from clarion.records.preferences.importing import PAGE, Rejected, Row, take_page
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.preferences import actor
from clarion.surfaces.api.preferences_body import CategorySwitches, GlobalSwitches, PreferencesIn, given, template_ids
from clarion.surfaces.api.problems import FieldProblem
from clarion.surfaces.api.spooling import Upload
from clarion.surfaces.api.uploaded_lines import LINE_BYTES, Line, Lines

MOST_ERRORS = 100
UPLOAD = Upload(content_types=("application/x-ndjson",), max_bytes=64 * 1024 * 1024, max_unpacked=256 * 1024 * 1024)
log = structlog.get_logger()


class ImportQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reason`: goes into the history of everybody in the file."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class ImportLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line: the person by `user_id` or `external_id`, and what PATCH takes."""

    user_id: UUID | None = None
    external_id: Annotated[str, Meta(max_length=255)] = ""
    general: GlobalSwitches = msgspec.field(default=GlobalSwitches(), name="global")
    categories: Annotated[dict[str, CategorySwitches], Meta(max_length=500)] = {}
    templates: Annotated[dict[str, bool | None], Meta(max_length=500)] = {}


class PreferencesImported(msgspec.Struct, frozen=True, kw_only=True):
    """How many people's wishes changed, how many had them so already, how many lines could not be taken, and the first
    of those with their numbers."""

    changed: int
    unchanged: int
    refused: int
    errors: list[FieldProblem]


_LINE = msgspec.json.Decoder(ImportLine)


class ImportView(Endpoint):
    tag = "preferences"

    @operation(
        permission=Permission.STAFF,
        query=ImportQuery,
        upload=UPLOAD,
        answers={200: PreferencesImported},
        problems=(413, 415),
    )
    def post(self, call: Call) -> Answer:
        """Import people's preferences.

        A line is an object with `user_id` or `external_id` and what PATCH takes; what is absent stays. Lines that
        cannot be taken are reported, the others count, a thousand at a time; the same file may be sent again. Consent
        is not given by an import: see the consents API.
        """
        changed = unchanged = 0
        rejected: list[Rejected] = []
        refused = 0
        lines = _filled(Lines(call.upload.file))
        while page := list(islice(lines, PAGE)):
            rows, wrong = _rows(page)
            taken = take_page(rows, source=Source.IMPORT, actor=actor(call.caller), note=call.query.reason)
            changed, unchanged = changed + taken.changed, unchanged + taken.unchanged
            found = sorted([*wrong, *taken.rejected], key=lambda one: one.place)
            refused += len(found)
            rejected += found[: MOST_ERRORS - len(rejected)]
        log.info("preferences_imported", changed=changed, refused=refused, by=actor(call.caller))
        errors = [
            FieldProblem(pointer=f"/{one.place}{one.pointer}", code=one.code, message=one.message) for one in rejected
        ]
        return Answer(value=PreferencesImported(changed=changed, unchanged=unchanged, refused=refused, errors=errors))


def _filled(lines: Lines) -> Iterator[Line]:
    while (line := lines.next_filled()) is not None:
        yield line


def _rows(page: list[Line]) -> tuple[list[Row], list[Rejected]]:
    """The lines that say something that can be stored, templates looked up once for all of them."""
    read: list[tuple[int, ImportLine]] = []
    wrong: list[Rejected] = []
    for line in page:
        found = _decoded(line)
        if isinstance(found, Rejected):
            wrong.append(found)
        else:
            read.append((line[0], found))
    wanted = {path for _, one in read for path in one.templates}
    paths = template_ids(wanted) if wanted else {}
    rows = []
    for place, one in read:
        body = PreferencesIn(general=one.general, categories=one.categories, templates=one.templates)
        try:
            wishes = given(body, paths)
        except InputError as error:
            wrong.append(Rejected(place=place, code=error.code, message=error.message, pointer=error.pointer))
            continue
        rows.append(Row(place=place, user_id=one.user_id, external_id=one.external_id, wishes=wishes))
    return rows, wrong


def _decoded(line: Line) -> ImportLine | Rejected:
    number, raw = line
    if raw is None:
        return Rejected(place=number, code="line_too_long", message=f"a line may have {LINE_BYTES} bytes")
    if b"\\u0000" in raw:
        return Rejected(place=number, code="nul_character", message="text may not contain the NUL character")
    try:
        found = _LINE.decode(raw)
    except msgspec.ValidationError as error:
        return Rejected(place=number, code="invalid_line", message=str(error)[:200])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Rejected(place=number, code="malformed_line", message="the line is not a JSON object in UTF-8")
    if (found.user_id is None) == (not found.external_id):
        return Rejected(place=number, code="invalid_line", message="give user_id or external_id, one of the two")
    return found
