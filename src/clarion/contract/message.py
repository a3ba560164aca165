"""What the engine hands to a provider: one message for one address, already rendered and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clarion.contract.content import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a message goes. `value` is the normalised address of the channel: an email address, an E.164 number,
    a device token, a URL, a user id. `extra` carries what belongs to the address: a webhook's signing secret,
    a device's platform and token kind. Never printed."""

    value: str = field(repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def kind(self) -> str:
        """Of a device: what its token is (`fcm_token`, `fid`, `apns`, `webpush`); empty where there are no kinds."""
        return self.extra.get("token_kind", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message for one address.

    `id` names it within the batch and in the outcomes; it is stable over retries, so an idempotent provider may
    use it as its key. `notification_id` is the ledger's id as text (they differ when one notification goes to
    several devices). `attempt` counts from 1.
    """

    id: str
    notification_id: str
    user_id: str
    target: Target
    content: Content = field(repr=False)
    attempt: int = 1
    priority: int = 3
    category: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    tags: tuple[str, ...] = ()
