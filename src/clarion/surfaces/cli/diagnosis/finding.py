"""One line of the doctor's table."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`note` is good to know and nothing to repair."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, how it is, and what to do about it. Holds no address, body or secret."""

    subject: str
    state: State
    text: str
    remedy: str = ""


def ok(subject: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(subject=subject, state=State.OK, text=text)


def note(subject: str, text: str, remedy: str = "") -> Finding:
    """Good to know."""
    return Finding(subject=subject, state=State.NOTE, text=text, remedy=remedy)


def warning(subject: str, text: str, remedy: str) -> Finding:
    """It works, but not as it should."""
    return Finding(subject=subject, state=State.WARNING, text=text, remedy=remedy)


def failed(subject: str, text: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(subject=subject, state=State.FAILED, text=text, remedy=remedy)
