"""CSV with a header: `user_id`, `channel` or `channels`, and a column for each variable of the context. Quoted cells
may hold line breaks. A quote that is never closed costs the line it stands in, not those that follow."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from clarion.flows.ingest.bulk import Recipient
from clarion.flows.ingest.uploads import Unreadable
from clarion.records.templating.engine.plain import MAX_CONTEXT_DEPTH
from clarion.surfaces.api.bulk import RecipientIn, recipient_of
from clarion.surfaces.api.problems import FieldProblem, Refusal
from clarion.surfaces.api.uploaded_lines import LINE_BYTES, Line, Lines

QUOTED_LINES = 100
DELIMITERS = ",;\t"
OWN_COLUMNS = frozenset({"user_id", "channel", "channels"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*", re.ASCII)
Cells = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands in which column."""

    delimiter: str
    columns: tuple[str, ...]
    variables: tuple[tuple[int, tuple[str, ...]], ...]


def read_header(line: Line | None) -> Header:
    """Raises Refusal: without a sound header no line means anything."""
    number, raw = line if line is not None else (1, b"")
    try:
        text = (raw or b"").decode()
    except UnicodeDecodeError as error:
        raise _bad_header(number, "wrong_encoding", "the file must be UTF-8") from error
    delimiter = next((each for each in DELIMITERS if "user_id" in _columns(text, each)), "")
    if not delimiter:
        message = "the header must name the columns, user_id among them, with commas, semicolons or tabs between them"
        raise _bad_header(number, "header_missing", message)
    columns = _columns(text, delimiter)
    paths = {at: tuple(name.split(".")) for at, name in enumerate(columns) if name not in OWN_COLUMNS}
    _check_names(number, columns, paths)
    if len(set(columns)) < len(columns):
        raise _bad_header(number, "invalid_column", "a column is named twice")
    return Header(delimiter=delimiter, columns=columns, variables=tuple(paths.items()))


def _check_names(number: int, columns: Sequence[str], paths: Mapping[int, tuple[str, ...]]) -> None:
    for at, path in paths.items():
        if not _VARIABLE.fullmatch(columns[at]) or len(path) > MAX_CONTEXT_DEPTH:
            form = f"letters, digits and _, at most {MAX_CONTEXT_DEPTH} steps with dots between them"
            message = f"column {at + 1} is no name of a variable: {form}"
            raise _bad_header(number, "invalid_column", message)
    above = {path[:steps] for path in paths.values() for steps in range(1, len(path))}
    for at, path in paths.items():
        if path in above:
            raise _bad_header(number, "invalid_column", f"another column lies within column {at + 1}")


def _columns(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return ()
    return tuple(cell.strip() for cell in cells)


def _bad_header(number: int, code: str, message: str) -> Refusal:
    field = FieldProblem(pointer=f"/{number}", code=code, message=message)
    return Refusal(422, code, f"line {number}: {message}", errors=[field])


def read_rows(lines: Lines, header: Header) -> Iterator[Recipient | Unreadable]:
    """A recipient for each row, or why there is none."""
    while (line := lines.next_filled()) is not None:
        number, raw = line
        if raw is None:
            yield Unreadable(place=number, code="line_too_long", message=f"a line may have {LINE_BYTES} bytes")
            continue
        yield _row(number, raw, lines, header)


def _row(number: int, raw: bytes, lines: Lines, header: Header) -> Recipient | Unreadable:
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
        cells = next(csv.reader([raw.decode()], delimiter=header.delimiter, strict=True))
    except (csv.Error, StopIteration):
        lines.put_back(more)
        return Unreadable(place=number, code="malformed_line", message="the quotes of this line do not fit together")
    except UnicodeDecodeError:
        lines.put_back(more)
        return Unreadable(place=number, code="wrong_encoding", message="the line is not UTF-8")
    return _recipient(number, cells, header)


def _recipient(number: int, cells: Cells, header: Header) -> Recipient | Unreadable:
    if len(cells) != len(header.columns):
        message = f"the header has {len(header.columns)} columns, this line {len(cells)}"
        return Unreadable(place=number, code="malformed_line", message=message)
    if any("\0" in cell for cell in cells):
        return Unreadable(place=number, code="nul_character", message="text may not contain the NUL character")
    given: dict[str, object] = {"context": _context(cells, header.variables)}
    for name, cell in zip(header.columns, cells, strict=True):
        if name == "user_id":
            given[name] = cell.strip()
        elif name in OWN_COLUMNS and cell.strip():
            given["channels"] = [*_listed(given), *re.split(r"[\s|+]+", cell.strip())]
    try:
        return recipient_of(msgspec.convert(given, RecipientIn), number)
    except msgspec.ValidationError as error:
        return Unreadable(place=number, code="invalid_recipient", message=str(error)[:200])


def _listed(given: dict[str, object]) -> Sequence[object]:
    found = given.get("channels", [])
    return found if isinstance(found, list) else []


def _context(cells: Cells, variables: Sequence[tuple[int, tuple[str, ...]]]) -> dict[str, object]:
    """The variables of a row as text; an empty cell leaves the job's own value."""
    context: dict[str, object] = {}
    for at, path in variables:
        if not cells[at]:
            continue
        inner = context
        for step in path[:-1]:
            inner = inner.setdefault(step, {})  # type: ignore[assignment]
        inner[path[-1]] = cells[at]
    return context
