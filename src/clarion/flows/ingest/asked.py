"""What a caller asks for and what it is answered, as values."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.records.access.permissions import Caller
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import NOT_A_WISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """The channels to try one after the other, when one fails; with `after_seconds` also when it was not read by then,
    or where nothing can be read, has not arrived."""

    channels: tuple[ChannelKey, ...]
    after_seconds: int | None = None


NO_CHAIN = Fallback(channels=())
"""No chain, whatever the template or the category says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One send: to one user, by a template or inline content, on some channels or on those the user prefers.

    `scheduled_at` is an instant, or with `timezone` a local time until timing.at_instant reads it; `local` then keeps
    what was given. `fallback` None: the template's or the category's, if chain.py finds one there.

    `version_id` names one version of the template, a draft too, and `locale` a language instead of the recipient's:
    for tests by those who write templates (surfaces/api/previewing.py); no send of the API's sets them."""

    caller: Caller
    user_id: UUID
    template_path: str = ""
    version_id: UUID | None = None
    locale: str = ""
    subject: str = field(default="", repr=False)
    body: str = field(default="", repr=False)
    channels: tuple[ChannelKey, ...] = ()
    category: int | str | None = None
    priority: int | None = None
    context: dict[str, object] = field(default_factory=dict, repr=False)
    data: dict[str, object] = field(default_factory=dict, repr=False)
    scheduled_at: datetime | None = None
    timezone: str = ""
    local: str = ""
    expires_at: datetime | None = None
    reference: str = ""
    bypass: bool = False
    track_opens: bool = True
    track_clicks: bool = True
    fallback: Fallback | None = None

    @property
    def chain(self) -> tuple[ChannelKey, ...]:
        """With a fallback: the channel asked for, if one was, then the others."""
        return tuple(dict.fromkeys([*self.channels, *(self.fallback.channels if self.fallback else ())]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One notification as it was taken in; a repeat names the `first`."""

    id: UUID
    channel: ChannelKey
    status: Status
    reason: str = ""
    first: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer to a send. `opted_out`: every notification was suppressed by the person's own wishes; a repeat that
    was held back does not count as that, nor an address that bounced or was blocked."""

    request_id: UUID
    user_id: UUID
    created_at: datetime
    notifications: tuple[Accepted, ...]
    estimated_delivery: datetime | None

    @property
    def opted_out(self) -> bool:
        return all(
            n.status is Status.SUPPRESSED and n.first is None and n.reason not in NOT_A_WISH for n in self.notifications
        )
