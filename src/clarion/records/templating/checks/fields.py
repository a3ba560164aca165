"""What the engine and the channel themselves refuse: a source that does not compile, a sample that cannot be sent."""

from collections.abc import Iterator

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.places import NOWHERE, Where, at_offset, of_value
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode

_OF_ENGINE = {code: Code(str(code)) for code in TemplateErrorCode}
_OF_CHANNEL = {
    "required": Code.FIELD_EMPTY,
    "too_long": Code.FIELD_TOO_LONG,
    "line_break": Code.HEADER_BREAK,
    "unsafe_link": Code.LINK_UNSAFE,
    "too_large": Code.DATA_TOO_LARGE,
}

_OF_VALUES = frozenset({Code.FIELD_EMPTY, Code.FIELD_INVALID, Code.LINK_UNSAFE, Code.HEADER_BREAK})
"""What a made-up value would be blamed for."""


def check_fields(case: Case) -> Iterator[Finding]:
    """Faults of the engine; then, of what renders, those of the channel."""
    for piece in case.pieces:
        for fault in piece.faults:
            # what comes from a fallback is said there, once
            if fault.field in piece.source or not _falls_back(case, piece, fault.field):
                yield _of_engine(piece, fault)
        if piece.rendered:
            yield from _built(case, piece)


def _falls_back(case: Case, piece: Piece, field: str) -> bool:
    return bool(piece.locale) and field in case.draft.content[piece.channel].get("", {})


def _of_engine(piece: Piece, fault: TemplateError) -> Finding:
    column = getattr(fault, "column", 0)
    line = fault.line if fault.field in piece.source else 0
    if line and not column:
        column = _first_tag(piece.source[fault.field], line)
    return piece.say(_OF_ENGINE[fault.code], fault.message, field=fault.field, place=(line, column if line else 0))


def _first_tag(source: str, line: int) -> int:
    """The engine knows lines; the first tag of the line is where to look."""
    lines = source.split("\n")
    text = lines[line - 1] if line <= len(lines) else ""
    found = min((at for at in (text.find("{{"), text.find("{%")) if at >= 0), default=0)
    return found + 1


def _built(case: Case, piece: Piece) -> Iterator[Finding]:
    """The sample as the channel takes it, with the sample's values as data."""
    data = dict(case.draft.sample) if piece.channel != ChannelKey.EMAIL else {}
    try:
        channel_of(piece.channel).build(piece.rendered, data)
    except InvalidValue as error:
        code = _OF_CHANNEL.get(error.code, Code.FIELD_INVALID)
        if code is Code.DATA_TOO_LARGE and piece.channel == ChannelKey.PUSH:
            code = Code.PUSH_PAYLOAD
        if not _is_said_elsewhere(case, piece, code, error.field):
            yield piece.say(code, str(error), field=error.field, place=_place(piece, error.field))


def _is_said_elsewhere(case: Case, piece: Piece, code: Code, field: str) -> bool:
    """By links.py, which knows the place; by the default that it falls back to; or a made-up value is at fault."""
    if code is Code.LINK_UNSAFE and piece.channel == ChannelKey.EMAIL:
        return True
    if piece.made_up and code in _OF_VALUES and not _is_literal(piece, field):
        return True
    return field not in piece.source and field not in ("", "data") and _falls_back(case, piece, field)


def _is_literal(piece: Piece, field: str) -> bool:
    """Whether it comes out as it was written, without a value."""
    return piece.source.get(field, "").strip() == piece.rendered.get(field, "").strip()


def _place(piece: Piece, field: str) -> Where:
    source, rendered = piece.source.get(field, ""), piece.rendered.get(field, "").strip()
    if not source:
        return NOWHERE
    broken = source.find("\n", len(source) - len(source.lstrip()))
    if "\n" in rendered and 0 <= broken < len(source.rstrip()):
        return at_offset(source, broken)
    found = of_value(source, rendered)
    return (1, 1) if found == NOWHERE else found
