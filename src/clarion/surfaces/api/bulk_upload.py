"""Bulk to an uploaded file: the job first, then a line for each recipient, as NDJSON or CSV."""

from collections.abc import Iterator
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from clarion.flows.ingest.bulk import Recipient
from clarion.flows.ingest.uploads import Unreadable, accept_upload
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.ledger.bulk_store import JobState
from clarion.surfaces.api.bulk import BULK_PRIORITY, BulkAnswer, RecipientIn, recipient_of
from clarion.surfaces.api.decoding import invalid
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.spooling import Spooled, Upload
from clarion.surfaces.api.uploaded_csv import read_header, read_rows
from clarion.surfaces.api.uploaded_lines import LINE_BYTES, Line, Lines
from clarion.surfaces.api.wanted import Wanted, asked_of

# servers and proxies take no longer addresses
QUERY_LENGTH = 4_096
T = TypeVar("T")
NDJSON, CSV = "application/x-ndjson", "text/csv"
UPLOAD = Upload(content_types=(NDJSON, CSV), max_bytes=256 * 1024 * 1024, max_unpacked=1024 * 1024 * 1024)
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_RECIPIENT = msgspec.json.Decoder(RecipientIn)


class UploadJob(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of a send, for everybody in the file; priority is low unless given."""


class UploadQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`job`: the job as JSON. Without it, or when it is longer, it is the file's first line (in CSV behind a `#`)."""

    job: Annotated[str, Meta(max_length=QUERY_LENGTH)] = ""


class UploadView(Endpoint):
    tag = "notifications"

    @operation(
        permission=Permission.BULK,
        query=UploadQuery,
        upload=UPLOAD,
        answers={202: BulkAnswer},
        problems=(404, 409, 413, 415),
        idempotent_key=True,
    )
    def post(self, call: Call) -> Answer:
        """Send to an uploaded list.

        202 means that every line is kept durably: each becomes a notification or a rejection with the number of its
        line, whatever crashes. Nothing is kept of an upload that is refused. `Location` is the job.
        """
        query: UploadQuery = call.query
        spooled = call.upload
        _refuse_utf_16(spooled)
        lines = Lines(spooled.file)
        job = _job(query.job, lines, spooled.content_type)
        is_csv = spooled.content_type == CSV
        found = read_rows(lines, read_header(lines.next_filled())) if is_csv else _recipients(lines)
        kept = accept_upload(asked_of(job, call.caller, call.caller.user_id, BULK_PRIORITY), found, clock.now())
        value = BulkAnswer(
            job_id=kept.job_id, status=JobState.RUNNING, accepted=0, rejected=kept.unreadable, total=kept.total
        )
        location = f"/api/v1/notifications/bulk/{value.job_id}"
        return Answer(status=202, value=value, headers={"Location": location})


def _refuse_utf_16(spooled: Spooled) -> None:
    begin = spooled.file.read(2)
    spooled.file.seek(0)
    if begin in UTF_16:
        raise Refusal(422, "wrong_encoding", "the file is UTF-16; save it as UTF-8")


def _job(given: str, lines: Lines, content_type: str) -> UploadJob:
    """What is sent to everybody; raises Refusal."""
    if given:
        return _decoded(given.encode(), "/query/job", malformed=422)
    number, raw = lines.next_filled() or (1, b"")
    text = raw if content_type == NDJSON else raw.removeprefix(b"#") if raw and raw.startswith(b"#") else None
    if not text:
        message = "the first line must be the job, a JSON object (in CSV behind a #), or give it in ?job="
        raise Refusal(422, "job_missing", message)
    return _decoded(text, f"/{number}")


def _decoded(text: bytes, pointer: str, *, malformed: int = 400) -> UploadJob:
    try:
        job = msgspec.json.decode(text, type=UploadJob)
    except msgspec.ValidationError as error:
        raise invalid(str(error), prefix=pointer) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(malformed, "malformed_json", f"the job (at {pointer}) is not well-formed JSON") from error
    if b"\\u0000" in text:
        raise Refusal(422, "nul_character", "text may not contain the NUL character")
    return job


def _recipients(lines: Lines) -> Iterator[Recipient | Unreadable]:
    while (line := lines.next_filled()) is not None:
        yield _recipient(line)


def _recipient(line: Line) -> Recipient | Unreadable:
    number, raw = line
    if raw is None:
        return Unreadable(place=number, code="line_too_long", message=f"a line may have {LINE_BYTES} bytes")
    if b"\\u0000" in raw:
        return Unreadable(place=number, code="nul_character", message="text may not contain the NUL character")
    try:
        return recipient_of(_RECIPIENT.decode(raw), number)
    except msgspec.ValidationError as error:
        return Unreadable(place=number, code="invalid_recipient", message=str(error)[:200])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        message = "the line is not a well-formed JSON object in UTF-8"
        return Unreadable(place=number, code="malformed_line", message=message)
