"""What a provider said, made fit for the ledger's columns: a vendor's answer may hold anything, and one character that
PostgreSQL does not take would keep a whole batch from being settled, so that it would be sent again."""

from dataclasses import replace

from msgspec import structs

from clarion.contract.outcome import Outcome, Sent
from clarion.flows.delivery.work import Fate

MOST_NAME = 255
MOST_DETAIL = 500
MOST_SEGMENTS = 32_767


def text(words: str, most: int = MOST_DETAIL) -> str:
    """The words without NUL and half surrogate pairs, cut to `most` characters."""
    if words.isascii() and len(words) <= most and "\0" not in words:
        return words
    return words.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:most]


def outcome(told: Outcome) -> Outcome:
    """The outcome with texts and numbers that can be stored; nearly always the same one."""
    detail = text(told.detail)
    if not isinstance(told, Sent):
        return told if detail == told.detail else replace(told, detail=detail)
    remote_id, price = text(told.remote_id, MOST_NAME), text(told.price, MOST_NAME)
    segments = told.segments if told.segments is None or 0 <= told.segments <= MOST_SEGMENTS else None
    if (remote_id, price, detail, segments) == (told.remote_id, told.price, told.detail, told.segments):
        return told
    return replace(told, remote_id=remote_id, price=price, detail=detail, segments=segments)


def without_words(fate: Fate) -> Fate:
    """The fate with nothing that a provider wrote: the last resort when it cannot be stored otherwise."""
    attempts = tuple(structs.replace(row, detail="", remote_id="", price="", segments=None) for row in fate.attempts)
    decisions = tuple(replace(row, detail="") for row in fate.decisions)
    return structs.replace(fate, remote_id="", attempts=attempts, decisions=decisions)
