"""Step: which notification a report is about. By our own id where the vendor echoes it, else by the vendor's name for
the message, in bulk. What an account of one channel says of another channel's notification is not believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clarion.channels.registry import channel as channel_of
from clarion.records import hot
from clarion.records.accounts.book import AccountFacts
from clarion.records.feedback.reports import Told
from clarion.records.ids import first_id_of
from clarion.records.ledger.status import Status
from clarion.records.suppression.addresses import known_address

OLDEST = timedelta(days=90)
_FACTS = """
SELECT n.id, n.status, n.user_id, n.category_id, n.channel, n.account, n.remote_id,
    coalesce(q.awaits OR q.handed_over, false), coalesce(q.lease_until >= statement_timestamp(), false), q.attempts
FROM ledger_notification AS n LEFT JOIN ledger_queue AS q ON q.id = n.id
WHERE n.id = ANY(%(ids)s) AND n.id BETWEEN %(lowest)s AND %(highest)s
"""
# the conditions of the partial index ledger_attempt_remote stand here as they stand there; OFFSET 0 keeps the planner
# from reading whole weeks where its statistics lag behind
_BY_REMOTE_ID = """
SELECT found.* FROM unnest(%(remote)s::text[]) AS r(id)
CROSS JOIN LATERAL (
    SELECT a.remote_id, a.account, a.notification_id, a.target FROM ledger_attempt AS a
    WHERE hashtextextended(a.remote_id, 0) = hashtextextended(r.id, 0) AND a.remote_id = r.id
      AND a.remote_id <> '' AND a.account NOT IN ('inapp', 'websocket') AND a.notification_id >= %(oldest)s
    OFFSET 0
) AS found
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A notification as it stands. `held`: an answer is awaited; `leased`: a worker has it in hand; `attempts` None:
    not in the queue."""

    id: UUID
    status: Status
    user_id: UUID
    category_id: int
    channel: str
    account: str
    remote_id: str
    held: bool
    leased: bool
    attempts: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A report with its notification. `place` is the device or endpoint it went to, where there are several; `current`:
    it is about the attempt that the notification stands by, not about an earlier one."""

    told: Told
    account: AccountFacts
    found: Found
    place: str
    current: bool


def match(
    told: Sequence[Told], accounts: Mapping[UUID, AccountFacts], now: datetime
) -> tuple[list[Matched], list[Told]]:
    """The reports whose notification is known, and the others. Two queries for any number."""
    own = {id(each): ids for each in told if (ids := _own_id(each.reported.message_id)) is not None}
    named = _by_remote_id([each for each in told if id(each) not in own and each.reported.remote_id], accounts, now)
    places = {**own, **named}
    facts = _facts({notification for notification, _ in places.values()})
    matched, unknown = [], []
    for each in told:
        notification, place = places.get(id(each), (None, ""))
        found = facts.get(notification) if notification else None
        account = accounts[each.account_id]
        if found is None or found.channel != account.channel:
            unknown.append(each)
            continue
        current = not found.account or found.account == account.name
        if id(each) in named and found.remote_id:
            current = current and found.remote_id == each.reported.remote_id
        matched.append(Matched(told=each, account=account, found=found, place=place, current=current))
    return matched, unknown


def _own_id(message_id: str) -> tuple[UUID, str] | None:
    """Message.id: the notification's, and after a dot the device's or endpoint's."""
    first, _, place = message_id.partition(".")
    try:
        return UUID(first), place
    except ValueError:
        return None


def _by_remote_id(
    told: Sequence[Told], accounts: Mapping[UUID, AccountFacts], now: datetime
) -> dict[int, tuple[UUID, str]]:
    if not told:
        return {}
    names = {each.reported.remote_id.replace("\0", "") for each in told}
    rows = hot.fetch(_BY_REMOTE_ID, {"remote": sorted(names), "oldest": first_id_of(now - OLDEST)})
    known: dict[tuple[str, str], list[tuple[UUID, str]]] = {}
    for remote, account, notification, target in rows:
        known.setdefault((account, remote), []).append((notification, target))
    found = {}
    for each in told:
        account = accounts[each.account_id]
        one = _the_one(known.get((account.name, each.reported.remote_id), []), account, each.reported.address)
        if one is not None:
            found[id(each)] = one
    return found


def _the_one(rows: Sequence[tuple[UUID, str]], account: AccountFacts, address: str) -> tuple[UUID, str] | None:
    """Where a vendor gives several messages one name, the address tells which is meant."""
    if len({notification for notification, _ in rows}) > 1:
        known = known_address(account.channel, address)
        masked = channel_of(account.channel).mask(known.value).casefold() if known else ""
        rows = [row for row in rows if masked and row[1].casefold() == masked]
    if len({notification for notification, _ in rows}) != 1:
        return None
    notification, target = rows[0]
    return notification, target.partition(" ")[2]


def _facts(ids: set[UUID]) -> dict[UUID, Found]:
    if not ids:
        return {}
    rows = hot.fetch(_FACTS, {"ids": list(ids), "lowest": min(ids), "highest": max(ids)})
    return {
        row[0]: Found(
            id=row[0],
            status=Status(row[1]),
            user_id=row[2],
            category_id=row[3],
            channel=row[4],
            account=row[5],
            remote_id=row[6],
            held=row[7],
            leased=row[8],
            attempts=row[9],
        )
        for row in rows
    }
