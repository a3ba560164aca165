"""The suppression list as CSV: read and written in pieces, so that its length does not matter."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import TextIOWrapper
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

COLUMNS = ("channel", "address", "reason", "since", "expires_at", "source", "detail")
REQUIRED = frozenset({"channel", "address"})
BATCH = 1_000
# a cell that begins so is a formula to a spreadsheet; an apostrophe makes it text
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that can be listed, and why others cannot."""

    listings: list[Listing] = field(default_factory=list)
    errors: list[FieldProblem] = field(default_factory=list)


def read(file: IO[bytes], source: str, now: datetime) -> Iterator[Batch]:
    """Batches of rows; raises Refusal for a file without a sound header."""
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    rows = csv.reader(text, strict=True)
    numbered = _numbered(rows)
    columns = _header(next(numbered, (1, [])))
    while rest := list(islice(numbered, BATCH)):
        batch = Batch()
        for line, cells in rest:
            try:
                batch.listings.append(_listing(_named(cells, columns), source, now))
            except InvalidValue as error:
                batch.errors.append(FieldProblem(pointer=f"/{line}", code=error.code, message=str(error)))
        yield batch
    text.detach()


def _numbered(rows: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Each row with its line; what the reader cannot take is a row without cells, and the last."""
    line = 0
    try:
        for cells in rows:
            line = getattr(rows, "line_num", line + 1)
            if cells:
                yield line, cells
    except csv.Error:
        yield line + 1, []


def _header(first: tuple[int, list[str]]) -> tuple[str, ...]:
    columns = tuple(cell.strip().lower() for cell in first[1])
    if not set(columns) >= REQUIRED or len(set(columns)) < len(columns):
        message = f"the first line must name the columns, once each: {', '.join(COLUMNS)}; channel and address at least"
        raise Refusal(422, "header_missing", message)
    return columns


def _named(cells: list[str], columns: tuple[str, ...]) -> Mapping[str, str]:
    if len(cells) != len(columns) or any("\0" in cell for cell in cells):
        raise InvalidValue("malformed_line", f"the line does not have the header's {len(columns)} columns")
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
