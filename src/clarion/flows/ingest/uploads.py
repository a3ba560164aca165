"""Bulk to an uploaded list of any length. The call keeps the lines, sealed and in pages, in one transaction; a worker
takes them in page by page. So what was answered is durable, a crash repeats nobody and leaves nobody out, and neither
side ever holds more than a page in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.delivery import bell
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.bulk import CHUNK, Intake, Recipient, begin, take_chunk
from clarion.flows.ingest.plans import new_job
from clarion.records.ledger import bulk_store
from clarion.records.ledger.bulk_store import RejectedRecipient
from clarion.records.ledger.lanes import JOBS
from clarion.records.ledger.models import Job
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.plain import MAX_CONTEXT_DEPTH, plain
from clarion.records.uploads import pages

MOST_LINES = 5_000_000
PAGE_BYTES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A line that names no recipient: its number in the file, and why."""

    place: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What an upload is answered. `unreadable` are among the `total`."""

    job_id: UUID
    total: int
    unreadable: int


class _Page(msgspec.Struct, array_like=True):
    """As it is stored: (line, user, channels, context), and (line, code, message) of what could not be read."""

    recipients: list[tuple[int, UUID, tuple[str, ...], msgspec.Raw]] = []
    unreadable: list[tuple[int, str, str]] = []
    context_bytes: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.recipients) + len(self.unreadable) >= CHUNK or self.context_bytes >= PAGE_BYTES


def accept_upload(asked: Send, lines: Iterable[Recipient | Unreadable], now: datetime) -> Uploaded:
    """Keep every line; their people follow. Raises InputError for the upload as a whole, and then nothing is kept."""
    intake = begin(asked, now)
    with transaction.atomic():
        bulk_store.open_request(intake.request)
        job = new_job(intake, None, None, now)
        readable, unreadable = _keep(job.id, lines)
        job.total = readable + unreadable
        job.save(force_insert=True)
        bell.ring_after_commit([JOBS])
    return Uploaded(job_id=job.id, total=readable + unreadable, unreadable=unreadable)


def _keep(job_id: UUID, lines: Iterable[Recipient | Unreadable]) -> tuple[int, int]:
    readable = unreadable = 0
    first: Unreadable | None = None
    for number, page in enumerate(_paged(lines)):
        readable += len(page.recipients)
        unreadable += len(page.unreadable)
        if readable + unreadable > MOST_LINES:
            raise InputError("too_many_recipients", f"an upload may have {MOST_LINES} lines at most", status=413)
        if first is None and page.unreadable:
            first = Unreadable(place=page.unreadable[0][0], code=page.unreadable[0][1], message=page.unreadable[0][2])
        pages.add(job_id, number, msgspec.json.encode(page))
    if not readable:
        why = f"; line {first.place}: {first.message}" if first else ""
        raise InputError("no_recipients", f"no line names a recipient{why}")
    return readable, unreadable


def _paged(lines: Iterable[Recipient | Unreadable]) -> Iterator[_Page]:
    page = _Page(recipients=[], unreadable=[])
    for line in lines:
        packed = line if isinstance(line, Unreadable) else _packed(line)
        if isinstance(packed, Unreadable):
            page.unreadable.append((packed.place, packed.code, packed.message))
        else:
            page.context_bytes += len(bytes(packed[3]))
            page.recipients.append(packed)
        if page.is_full:
            yield page
            page = _Page(recipients=[], unreadable=[])
    if page.recipients or page.unreadable:
        yield page


def _packed(line: Recipient) -> tuple[int, UUID, tuple[str, ...], msgspec.Raw] | Unreadable:
    """A line as it is stored: JSON, which has numbers of any size. What is deeper than a context may be is refused
    here already, for a worker's stack might not bear to read the page again."""
    try:
        context = msgspec.json.encode(line.context)
        if context.count(b"{") + context.count(b"[") > MAX_CONTEXT_DEPTH:
            plain(line.context)
    except (RecursionError, TemplateError) as error:
        deep = f"the context is too deep: at most {MAX_CONTEXT_DEPTH} levels"
        message = error.message if isinstance(error, TemplateError) else deep
        return Unreadable(place=line.place, code="invalid_context", message=message[:200])
    return line.place, line.user_id, tuple(map(str, line.channels)), msgspec.Raw(context)


def take_page(job: Job, intake: Intake, now: datetime) -> bool:
    """Take the next page in, within the open transaction; False when none is left. Raises Undecryptable."""
    taken = pages.take(job.id)
    if taken is None:
        return False
    page = msgspec.json.decode(taken[1], type=_Page)
    recipients = [
        Recipient(user_id=user, channels=tuple(ChannelKey(key) for key in keys), context=_context(context), place=place)
        for place, user, keys, context in page.recipients
    ]
    if job.accepted:
        intake.seen |= bulk_store.taken_before(job.id, {recipient.user_id for recipient in recipients})
    unreadable = [
        RejectedRecipient(place=place, channel="", user_id=None, code=code, message=message)
        for place, code, message in page.unreadable
    ]
    take_chunk(intake, recipients, now, unreadable)
    return True


_NOTHING = msgspec.json.encode({})


def _context(raw: msgspec.Raw) -> dict[str, object]:
    return {} if bytes(raw) == _NOTHING else msgspec.json.decode(raw, type=dict[str, object])
