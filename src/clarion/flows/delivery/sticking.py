"""Whose a message is whose answer never came: the account that may have taken it is the only one to be asked again, for
it may know a repeat; another would send a second one in silence.

Three things set such a message free, and each is put on record: critical priority, an account that is gone, and time.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from clarion.contract.message import Message
from clarion.records import hot
from clarion.records.ledger import journal
from clarion.records.ledger.rows import DecisionRow
from clarion.records.preferences.rules import CRITICAL

STICK_FOR = timedelta(minutes=15)
_ASKED = """
SELECT DISTINCT ON (notification_id) notification_id, account, finished_at FROM ledger_attempt
WHERE notification_id = ANY(%s) AND notification_id BETWEEN %s AND %s AND outcome = 'unclear' AND account <> ''
ORDER BY notification_id, number DESC
"""
Part = tuple[str, list[Message]]


def parted(messages: Sequence[Message], accounts: Collection[str], now: datetime) -> list[Part]:
    """The messages by the one account that may carry them (empty: any). Asks only about retries, and only where there
    is a choice."""
    again = {UUID(message.notification_id) for message in messages if message.attempt > 1}
    if len(accounts) < 2 or not again:
        return [("", list(messages))]
    asked = {str(one): (name, at) for one, name, at in hot.fetch(_ASKED, [list(again), min(again), max(again)])}
    if not asked:
        return [("", list(messages))]
    parts: dict[str, list[Message]] = {}
    freed: dict[str, str] = {}
    for message in messages:
        name, at = asked.get(message.notification_id, ("", now))
        free = _freed_by(message, name, at, accounts, now) if name else ""
        if free:
            freed[message.notification_id] = f"{name} may have taken it; {free}, so any account may send it again"
        parts.setdefault("" if free else name, []).append(message)
    _note(freed, now)
    return list(parts.items())


def _freed_by(message: Message, account: str, at: datetime, accounts: Collection[str], now: datetime) -> str:
    if message.priority == CRITICAL:
        return "it is critical"
    if account not in accounts:
        return "that account is gone"
    return f"{STICK_FOR} are over" if now - at >= STICK_FOR else ""


def _note(freed: dict[str, str], now: datetime) -> None:
    journal.append_decisions(
        DecisionRow(notification_id=UUID(one), at=now, stage="send", rule="unclear", outcome="allow", detail=detail)
        for one, detail in freed.items()
    )
