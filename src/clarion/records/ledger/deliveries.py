"""What one endpoint was sent lately, from the attempts. Reading only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clarion.records import hot

WINDOW = 1_000
"""How many of the owner's notifications one page looks through."""
_LAST = UUID(int=2**128 - 1)

_PAGE = """
SELECT n.id, a.number, a.outcome, a.reason, a.detail, a.account, a.started_at, a.finished_at
FROM (SELECT id FROM ledger_notification WHERE user_id = %(user)s AND channel = %(channel)s AND id < %(before)s
      ORDER BY id DESC LIMIT %(window)s) AS n
LEFT JOIN ledger_attempt AS a ON a.notification_id = n.id AND a.target LIKE %(place)s
ORDER BY n.id DESC, a.number DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try to deliver to the endpoint."""

    notification_id: UUID
    number: int
    outcome: str
    reason: str
    detail: str
    account: str
    started_at: datetime
    finished_at: datetime


def deliveries_of(
    endpoint: UUID, user: UUID, channel: str, *, before: UUID | None, most: int
) -> tuple[list[Delivery], UUID | None]:
    """The newest tries to deliver to an endpoint, of notifications older than `before`; the tries of one notification
    are never parted. Also the id before which the next page begins, if there may be one."""
    values: dict[str, Any] = {
        "user": user,
        "channel": channel,
        "before": before or _LAST,
        "window": WINDOW,
        "place": f"% {endpoint}",
    }
    found: list[Delivery] = []
    looked = 0
    last: UUID | None = None
    for row in hot.fetch(_PAGE, values):
        if row[0] != last:
            if len(found) >= most:
                return found, last
            looked, last = looked + 1, row[0]
        if row[1] is not None:
            found.append(
                Delivery(
                    notification_id=row[0],
                    number=row[1],
                    outcome=row[2],
                    reason=row[3],
                    detail=row[4],
                    account=row[5],
                    started_at=row[6],
                    finished_at=row[7],
                )
            )
    return found, last if looked == WINDOW else None
