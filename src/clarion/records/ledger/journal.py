"""Appending attempts, decisions and events. Nothing here changes state."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from clarion.records.ledger.copying import copy_rows
from clarion.records.ledger.rows import AttemptRow, DecisionRow

_ATTEMPT = (
    "notification_id",
    "number",
    "target",
    "account",
    "outcome",
    "reason",
    "detail",
    "remote_id",
    "segments",
    "price",
    "started_at",
    "finished_at",
)
_DECISION = ("notification_id", "id", "at", "stage", "rule", "outcome", "reason", "until", "detail", "rules")
_EVENT = ("notification_id", "at", "type", "reason")


def append_attempts(rows: Iterable[AttemptRow]) -> None:
    """Append attempts."""
    copy_rows("ledger_attempt", _ATTEMPT, map(attrgetter(*_ATTEMPT), rows))


def append_decisions(rows: Iterable[DecisionRow]) -> None:
    """Append decisions."""
    copy_rows("ledger_decision", _DECISION, map(attrgetter(*_DECISION), rows))


def append_events(rows: Iterable[tuple[UUID, datetime, str, str]]) -> None:
    """Append events: notification, moment, type, reason."""
    copy_rows("ledger_event", _EVENT, rows)
