"""How a text is cut into SMS segments (3GPP TS 23.038 alphabets, 23.040 concatenation). Pure; no prices here."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
"""Written as ESC and a second septet."""
GSM = BASIC | EXTENSION


class SmsEncoding(StrEnum):
    GSM7 = "gsm-7"
    UCS2 = "ucs-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """`units` are septets (GSM-7) or UTF-16 code units (UCS-2). `forced_by` is the first character that is not in
    the GSM alphabet, or empty. `limit` is what one segment of this message holds."""

    encoding: SmsEncoding
    characters: int
    units: int
    segments: int
    limit: int
    forced_by: str = ""


def count_segments(text: str) -> Segments:
    """Count the segments a carrier would bill; an escape pair or a surrogate pair is never split."""
    used = set(text)
    if odd := used - GSM:
        forced_by = next(char for char in text if char in odd)
        wide = max(used) > "\uffff"
        costs = [2 if char > "\uffff" else 1 for char in text] if wide else None
        return _count(text, SmsEncoding.UCS2, costs, 70, 67, forced_by)
    costs = [2 if char in EXTENSION else 1 for char in text] if used & EXTENSION else None
    return _count(text, SmsEncoding.GSM7, costs, 160, 153, "")


def _count(
    text: str,
    encoding: SmsEncoding,
    costs: list[int] | None,
    single: int,
    part: int,
    forced_by: str,
) -> Segments:
    """`costs` are the units of each character; None: one each, the usual case, which needs no walk."""
    units = len(text) if costs is None else sum(costs)
    alone = units <= single
    return Segments(
        encoding=encoding,
        characters=len(text),
        units=units,
        segments=min(units, 1) if alone else -(-units // part) if costs is None else _parts(costs, part),
        limit=single if alone else part,
        forced_by=forced_by,
    )


def _parts(costs: Iterable[int], part: int) -> int:
    parts, used = 1, 0
    for cost in costs:
        if used + cost > part:
            parts, used = parts + 1, 0
        used += cost
    return parts
