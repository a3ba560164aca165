"""Email as a mailbox shows it: subject, preheader, text alternative, size, the way out of marketing.

Gmail clips a message at 102 kB of HTML (https://github.com/hteumeuleu/email-bugs/issues/41, looked up 2026-11); 100 kB
leaves room for what tracking and the preheader add.
"""

import re
from collections.abc import Iterator

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.places import NOWHERE, Where
from clarion.records.templating.checks.tags import read_tags

SUBJECT_SHOWN = 70
PREHEADER_SHOWN = 130
CLIPPED_BYTES = 100_000
_SHOUTED = re.compile(r"\b[A-Z]{4,}\b")
_WAY_OUT = re.compile(r"unsubscri|/preferences|opt-?out|desabonn|désabonn|jiondo", re.IGNORECASE)


def check_mail(case: Case) -> Iterator[Finding]:
    """Every locale's mail."""
    for piece in case.of(ChannelKey.EMAIL):
        yield from _subject(piece)
        yield from _preheader(piece)
        yield from _body(piece)
        if case.marketing:
            yield from _way_out(piece)


def _start(piece: Piece, field: str) -> Where:
    return (1, 1) if piece.source.get(field) else NOWHERE


def _subject(piece: Piece) -> Iterator[Finding]:
    subject = piece.rendered.get("subject", "")
    if "subject" not in piece.source:
        return
    place = _start(piece, "subject")
    if len(subject) > SUBJECT_SHOWN:
        message = f"{len(subject)} characters; mailboxes show {SUBJECT_SHOWN} at most, telephones 40"
        yield piece.say(Code.SUBJECT_LONG, message, field="subject", place=place)
    letters = [char for char in subject if char.isalpha()]
    shouted = len(_SHOUTED.findall(subject)) >= 2 and sum(c.isupper() for c in letters) > 0.6 * len(letters)
    if shouted or re.search(r"[!?]{2,}|(?:!.*){3,}", subject):
        yield piece.say(Code.SUBJECT_SHOUTING, field="subject", place=place)


def _preheader(piece: Piece) -> Iterator[Finding]:
    if not piece.rendered.get("html", "").strip():
        return
    preheader = piece.rendered.get("preheader", "").strip()
    if not preheader:
        if "html" in piece.source or "preheader" in piece.source:
            yield piece.say(Code.PREHEADER_MISSING, field="preheader", place=_start(piece, "preheader"))
    elif "preheader" not in piece.source:
        return
    elif preheader.casefold() == piece.rendered.get("subject", "").strip().casefold():
        yield piece.say(Code.PREHEADER_REPEATS, field="preheader", place=(1, 1))
    elif len(preheader) > PREHEADER_SHOWN:
        message = f"{len(preheader)} characters; mailboxes show {PREHEADER_SHOWN} at most"
        yield piece.say(Code.PREHEADER_LONG, message, field="preheader", place=(1, 1))


def _body(piece: Piece) -> Iterator[Finding]:
    html = piece.rendered.get("html", "")
    if "html" not in piece.source or not html.strip():
        return
    if not piece.rendered.get("text", "").strip():
        yield piece.say(Code.EMAIL_NO_TEXT, field="text")
    size = len(html.encode())
    if size > CLIPPED_BYTES:
        message = f"the HTML has {size / 1000:.0f} kB; Gmail shows about {CLIPPED_BYTES // 1000} kB of it"
        yield piece.say(Code.EMAIL_CLIPPED, message, field="html", place=(1, 1))


def _way_out(piece: Piece) -> Iterator[Finding]:
    """The link in the HTML, and the address in the text."""
    html, text = piece.rendered.get("html", ""), piece.rendered.get("text", "")
    if html.strip() and "html" in piece.source and not any(_leads_out(href) for href in _targets(html)):
        yield piece.say(Code.UNSUBSCRIBE_MISSING, "the HTML has no unsubscribe link", field="html")
    if text.strip() and "text" in piece.source and not _leads_out(text):
        yield piece.say(Code.UNSUBSCRIBE_MISSING, "the text has no unsubscribe address", field="text")


def _targets(html: str) -> Iterator[str]:
    return (tag.attrs.get("href", "") for tag in read_tags(html) if tag.name == "a" and not tag.closing)


def _leads_out(text: str) -> bool:
    return any(_WAY_OUT.search(word) for word in text.split() if "/" in word or "mailto:" in word)
