"""The suppression list as CSV: read and written in pieces, so that its length does not matter."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import IO

from django.db.models import QuerySet

from clarion.channels.errors import InvalidValue
from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.personal.sealed import opened_or
from clarion.records.suppression import store
from clarion.records.suppression.addresses import address_of
from clarion.records.suppression.models import Entry
from clarion.records.suppression.store import Listing
from clarion.surfaces.api.problems import FieldProblem, Refusal
from clarion.surfaces.api.uploaded_lines import LINE_BYTES, Line, Lines

COLUMNS = ("channel", "address", "reason", "since", "expires_at", "source", "detail")
REQUIRED = frozenset({"channel", "address"})
BATCH = 1_000
QUOTED_LINES = 100
# a cell that begins so is a formula to a spreadsheet; an apostrophe makes it text
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that can be listed, and why others cannot."""

    listings: list[Listing] = field(default_factory=list)
    errors: list[FieldProblem] = field(default_factory=list)


def read(file: IO[bytes], source: str, now: datetime) -> Iterator[Batch]:
    """Batches of rows; raises Refusal for a file without a sound header."""
    numbered = _numbered(Lines(file))
    columns = _header(next(numbered, (1, [])))
    while rest := list(islice(numbered, BATCH)):
        batch = Batch()
        for line, cells in rest:
            try:
                batch.listings.append(_listing(_named(cells, columns), source, now))
            except InvalidValue as error:
                batch.errors.append(FieldProblem(pointer=f"/{line}", code=error.code, message=str(error)))
        yield batch


def _numbered(lines: Lines) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins in; one that cannot be read has no cells, and costs no line but that one."""
    while (line := lines.next_filled()) is not None:
        number, raw = line
        yield number, [] if raw is None else _cells(raw, lines)


def _cells(raw: bytes, lines: Lines) -> list[str]:
    """The cells of a row; a quoted one may go on in the lines that follow."""
    more: list[Line] = []
    while raw.count(b'"') % 2 and len(more) < QUOTED_LINES and len(raw) <= LINE_BYTES:
        following = lines.next()
        if following is None:
            break
        more.append(following)
        if following[1] is None:
            break
        raw += b"\n" + following[1]
    try:
        return next(csv.reader([raw.decode(errors="replace")], strict=True), [])
    except csv.Error:
        lines.put_back(more)
        return []


def _header(first: tuple[int, list[str]]) -> tuple[str, ...]:
    columns = tuple(cell.strip().lower() for cell in first[1])
    if not set(columns) >= REQUIRED or len(set(columns)) < len(columns):
        message = f"the first line must name the columns, once each: {', '.join(COLUMNS)}; channel and address at least"
        raise Refusal(422, "header_missing", message)
    return columns


def _named(cells: list[str], columns: tuple[str, ...]) -> Mapping[str, str]:
    if len(cells) != len(columns) or any("\0" in cell for cell in cells):
        message = f"the line does not have the header's {len(columns)} columns, or its quotes do not fit together"
        raise InvalidValue("malformed_line", message)
    return {name: _plain(cell.strip()) for name, cell in zip(columns, cells, strict=True)}


def _listing(row: Mapping[str, str], source: str, now: datetime) -> Listing:
    channel = row["channel"].lower()
    if channel not in set(ChannelKey):
        raise InvalidValue("unknown_channel", "channel is email or sms")
    reason = row.get("reason") or Reason.BLOCKED
    if reason not in set(store.REASONS):
        raise InvalidValue("unknown_reason", f"reason is one of {', '.join(store.REASONS)}")
    return Listing(
        address=address_of(ChannelKey(channel), row["address"]),
        reason=Reason(reason),
        source=source,
        at=min(_instant(row.get("since", ""), "since") or now, now),
        until=_instant(row.get("expires_at", ""), "expires_at"),
        detail=row.get("detail", "")[:500],
    )


def _instant(text: str, column: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidValue("invalid_time", f"write {column} as 2026-12-24T09:00:00Z") from error


def write(rows: QuerySet[Entry]) -> Iterator[bytes]:
    """The header, then a line for each row."""
    writer = csv.writer(_Echo())
    yield _encoded(writer.writerow(COLUMNS))
    for row in rows.order_by("id").iterator(chunk_size=BATCH):
        address = opened_or(lambda row=row: str(row.address), "")  # type: ignore[misc]
        if address:
            since, until = row.since.isoformat(), row.expires_at.isoformat() if row.expires_at else ""
            cells = [row.channel, address, row.reason, since, until, row.source, row.detail]
            yield _encoded(writer.writerow([_as_text(cell) for cell in cells]))


class _Echo:
    """What the csv module writes to is what `writerow` returns."""

    def write(self, line: str) -> str:
        return line


def _encoded(line: object) -> bytes:
    return str(line).encode()


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
