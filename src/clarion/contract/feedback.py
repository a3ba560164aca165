"""What a vendor tells us later, through a callback: deliveries, bounces, complaints, replies.

A provider that hears back brings a `Feedback` beside its `Provider` (registry.Entry.feedback). It verifies and parses;
storing, matching and what follows are the house's. Sending and receiving are mirror images.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.host import Host
from clarion.contract.reasons import Reason


class Kind(StrEnum):
    """What happened, in the words of all vendors together. SENT: the carrier took it from the vendor; DEFERRED: the
    vendor goes on trying; FAILED: given up, the address not to blame; REPLIED: a person wrote back (STOP, START)."""

    SENT = "sent"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    SOFT_BOUNCED = "soft_bounced"
    FAILED = "failed"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A request from a vendor as it came. `url` is the public one, as the vendor was given it, with the query string
    (some sign it); header names are in lower case; `body` is the raw bytes. Never printed."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One thing a callback says.

    `event_id` is unique at the vendor, so that a repeat is known as one. `message_id` is our Message.id where the
    vendor echoes it; else `remote_id` matches Sent.remote_id. `address` is whom it is about, as the vendor writes it.
    `segments` and `price` (with currency: `0.0075 USD`) are what an SMS came to. `text` is what a person replied.
    """

    event_id: str
    kind: Kind
    happened_at: datetime | None = None
    message_id: str = ""
    remote_id: str = ""
    address: str = field(default="", repr=False)
    reason: Reason | None = None
    detail: str = ""
    link: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    segments: int | None = None
    price: str = ""


class Forged(Exception):
    """The callback does not prove that it comes from the vendor: wrong signature, stale, truncated. Changes nothing."""


class Malformed(Exception):
    """It comes from the vendor, but cannot be read. It stays stored, and is parsed again after a fix."""


class Feedback(Protocol):
    """One account's ear."""

    def verify(self, callback: Callback) -> None:
        """Raise Forged unless the vendor sent exactly these bytes, lately. Raises Unreachable where proof must be
        fetched (a certificate) and cannot be now: the vendor is asked to come again."""
        ...

    def parse(self, callback: Callback) -> Sequence[Reported]:
        """What it says, in any number; nothing for what we need not know. Raises Malformed."""
        ...

    def acknowledge(self, callback: Callback) -> None:
        """Whatever the vendor wants done besides (confirming a subscription), before `parse`; most want nothing. Runs
        in a worker and may be repeated. Raises ProviderFault to be called again later."""
        ...


FeedbackFactory = Callable[[AccountUrl, ChannelKey, Host], Feedback]
