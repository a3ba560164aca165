"""How the reading of callbacks stands, in figures for operators."""

from dataclasses import dataclass

from clarion.records import hot

# what could not be read is found by its own index, not among all callbacks
_FIGURES = """
SELECT (SELECT count(*) FROM feedback_task),
    (SELECT count(*) FROM feedback_callback WHERE NOT (error = '')),
    (SELECT count(*) FROM feedback_waiting)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFigures:
    """`waiting`: stored, and still to be read; `unread`: could not be read, kept for a replay; `reports_waiting`: read,
    but their notification is not known yet."""

    waiting: int
    unread: int
    reports_waiting: int


def read() -> CallbackFigures:
    """The figures of this moment."""
    ((waiting, unread, reports),) = hot.fetch(_FIGURES, {})
    return CallbackFigures(waiting=waiting, unread=unread, reports_waiting=reports)
