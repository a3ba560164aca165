"""SMS: alphabet, segments, the longest case and the price."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from clarion.channels.sms_segments import GSM, Segments, SmsEncoding, count_segments
from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.draft import SmsPrice
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.longest import Longest, longest
from clarion.records.templating.checks.places import NOWHERE, of_text

FOREIGN_LETTERS = 4
FOREIGN_SHARE = 0.2
"""From so many, and such a share, of letters outside of the GSM alphabet on, the language needs another one."""
_INSTEAD = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2026": "...",
    "\u00a0": "a space", "\u202f": "a space", "\u2009": "a space", "\u2022": "-", "\u00ab": '"', "\u00bb": '"',
    "\u00e7": "c", "\u00ea": "e", "\u00ee": "i", "\u00f4": "o", "\u00fb": "u", "\u00e2": "a", "\u00ef": "i",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsMeasure:
    """How long an SMS is: of the sample, and with the longest values. `unlimited` are variables without a limit."""

    locale: str
    sample: Segments
    worst: Segments
    unlimited: tuple[str, ...] = ()
    price: SmsPrice | None = None

    def cost(self, counted: Segments) -> str:
        """What so many segments cost, in words; empty without a price."""
        return _money(self.price, counted.segments)


def measures(case: Case) -> list[SmsMeasure]:
    """One for each locale that renders."""
    return [_measure(case, piece) for piece in case.of(ChannelKey.SMS)]


def _measure(case: Case, piece: Piece) -> SmsMeasure:
    found: Longest = longest(case.draft, piece, case.is_late)
    return SmsMeasure(
        locale=piece.locale,
        sample=count_segments(piece.rendered["body"].strip()),
        worst=count_segments(found.fields.get("body", "").strip()),
        unlimited=found.unlimited,
        price=case.sms_price,
    )


def check_sms(case: Case) -> Iterator[Finding]:
    """The text of every locale."""
    for piece in case.of(ChannelKey.SMS):
        if "body" in piece.source:
            measure = _measure(case, piece)
            yield from _alphabet(piece, measure)
            yield from _length(piece, measure)


def _alphabet(piece: Piece, measure: SmsMeasure) -> Iterator[Finding]:
    char = measure.sample.forced_by
    text = piece.rendered["body"]
    if measure.sample.encoding is not SmsEncoding.UCS2 or _is_foreign(text):
        return
    place = of_text(piece.source["body"], char)
    name = unicodedata.name(char, "UNNAMED")
    shown = char if char.isprintable() and not char.isspace() else "\u2423"
    where = "" if place != NOWHERE else ", from an expression,"
    saved = f"; {_INSTEAD[char]} instead would do" if char in _INSTEAD else ""
    message = f"{shown} (U+{ord(char):04X} {name}){where} makes it UCS-2: 70 characters instead of 160{saved}"
    yield piece.say(Code.SMS_UNICODE, message, field="body", place=place)


def _is_foreign(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    odd = sum(char not in GSM for char in letters)
    return odd >= FOREIGN_LETTERS and odd > FOREIGN_SHARE * len(letters)


def _length(piece: Piece, measure: SmsMeasure) -> Iterator[Finding]:
    sample, worst = measure.sample, measure.worst
    if sample.segments > 1:
        yield piece.say(Code.SMS_SEGMENTS, f"the sample takes {_said(measure, sample)}", field="body", place=(1, 1))
    if worst.segments > sample.segments:
        message = f"with the longest values it takes {_said(measure, worst)}, the sample {sample.segments}"
        yield piece.say(Code.SMS_WORST_CASE, message, field="body", place=(1, 1))
    if measure.unlimited:
        names = ", ".join(measure.unlimited)
        yield piece.say(Code.SMS_UNLIMITED, f"there is no limit for {names}", field="body", place=(1, 1))


def _said(measure: SmsMeasure, counted: Segments) -> str:
    cost = measure.cost(counted)
    segments = f"{counted.segments} segment{'s' if counted.segments != 1 else ''}"
    return f"{segments} ({counted.characters} characters, {counted.encoding.upper()}{', ' + cost if cost else ''})"


def _money(price: SmsPrice | None, segments: int) -> str:
    if price is None:
        return ""
    total = (price.amount * segments).normalize()
    cents = Decimal("0.01")
    # as money is written: two digits, more only where they say something
    shown = total if total != total.quantize(cents) else total.quantize(cents)
    return f"{shown:f} {price.currency}".strip()
