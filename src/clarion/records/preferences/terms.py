"""The terms of the rules about wishes: what goes in and what comes out, as values. The rules are rules.py's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.categories.policy import NO_CAP, Cap, QuietPolicy

CRITICAL, HIGH, MEDIUM, LOW = 1, 2, 3, 4
# those that interrupt a person; an inbox is a list by itself, and what reads webhooks is no person
INTERRUPTS = frozenset({ChannelKey.EMAIL, ChannelKey.SMS, ChannelKey.PUSH, ChannelKey.CHAT})


class Outcome(StrEnum):
    ALLOW = "allow"
    HOLD = "hold"
    DIGEST = "digest"
    SUPPRESS = "suppress"
    EXPIRE = "expire"


class QuietTimes(Protocol):
    """A person's quiet hours (quiet_hours.py)."""

    def ends_at(self, now: datetime, zone: str, /) -> datetime | None: ...
    def span_at(self, now: datetime, zone: str, /) -> str: ...


class DigestWish(Protocol):
    """How often a person wants digests (digest_choice.py)."""

    @property
    def frequency(self) -> str: ...

    def window(self, now: datetime, zone: str, /) -> tuple[str, datetime, datetime]: ...


class DigestKey(NamedTuple):
    """The window of a digest that a notification belongs to."""

    key: str
    opens_at: datetime
    closes_at: datetime


ONLY_MARKETING = frozenset({Reason.COMPLAINED, Reason.UNSUBSCRIBED})
"""Entries of the suppression list that stop marketing alone; all others stop everything."""
NOT_A_WISH = frozenset(
    {Reason.HARD_BOUNCED, Reason.SOFT_BOUNCED, Reason.BLOCKED, Reason.FREQUENCY_CAPPED, Reason.QUIET_HOURS}
)
"""Reasons that do not mean that the person opted out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An entry of the suppression list that stands against the person's address on this channel."""

    channel: str
    reason: Reason
    until: datetime | None = None

    def stops(self, asked: "Asked", now: datetime) -> bool:
        """Whether it forbids what is asked. No bypass, priority or essential category passes it."""
        ended = self.until is not None and self.until <= now
        return not ended and self.concerns(asked.channel, marketing=asked.marketing)

    def concerns(self, channel: str, *, marketing: bool) -> bool:
        """Whether it is about this channel, and about marketing alone only where that is meant."""
        return self.channel == channel and (marketing or self.reason not in ONLY_MARKETING)


class Used(NamedTuple):
    """How many a person got on their local day, and on that and the six before."""

    today: int = 0
    week: int = 0


UNUSED = Used()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person set for one category, and what the suppression list has on their addresses; None and what is
    absent fall to the defaults. `templates`: switches by template id. `used`: counts over all categories, and
    `category_used` those of this one. `max_per_day` 0: the person set no limit of their own."""

    notifications_enabled: bool | None = None
    marketing_enabled: bool | None = None
    channels: Mapping[str, bool] = field(default_factory=dict)
    category_enabled: bool | None = None
    category_channels: Mapping[str, bool] = field(default_factory=dict)
    templates: Mapping[str, bool] = field(default_factory=dict)
    listed: tuple[Listed, ...] = ()
    consents: Mapping[str, bool] = field(default_factory=dict)
    zone: str = "UTC"
    quiet: QuietTimes | None = None
    digest: DigestWish | None = None
    max_per_day: int = 0
    used: Used = UNUSED
    category_used: Used = UNUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a category and the deployment say where the person said nothing, and how both limit it. `off`: what the
    deployment has off until a person switches it on (`notifications`, `marketing`, or a channel). `needs_consent`:
    the purposes that must have been consented to."""

    enabled: bool = True
    channels: Mapping[str, bool] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    quiet: QuietPolicy = QuietPolicy.HOLD
    digestible: bool = True
    digest_channels: frozenset[str] = frozenset({ChannelKey.EMAIL})
    cap: Cap = NO_CAP
    category_cap: Cap = NO_CAP
    needs_consent: frozenset[str] = frozenset()


OPEN_POLICY = Policy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be sent, as far as the rules care. `due_at`: when it is scheduled for; what is due later is judged
    then by the rules about the moment (caps, quiet hours, digests). `counted`: the caps have counted it already.
    `collected`: it comes out of a digest that closed, so it goes into no other. `chained`: when it fails, or is not
    read, another channel takes over, so it goes into none."""

    channel: ChannelKey
    priority: int
    marketing: bool
    essential: bool
    bypass: bool
    expires_at: datetime | None
    template_id: str = ""
    due_at: datetime | None = None
    counted: bool = False
    collected: bool = False
    chained: bool = False
    policy: Policy = OPEN_POLICY

    def is_urgent(self, priority: int) -> bool:
        """Whether it passes what this priority passes. No advertisement does, whatever its sender calls it."""
        return self.priority <= priority and not self.marketing


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rule named `rule` decided, and why. `until`: a HOLD's end; `digest`: the window of a DIGEST."""

    outcome: Outcome
    rule: str
    reason: Reason | None = None
    detail: str = ""
    until: datetime | None = None
    digest: DigestKey | None = None

    @property
    def allows(self) -> bool:
        """It may go out now."""
        return self.outcome is Outcome.ALLOW

    @property
    def goes(self) -> bool:
        """It may go out, now or later."""
        return self.outcome in _GOES


_GOES = frozenset({Outcome.ALLOW, Outcome.HOLD, Outcome.DIGEST})
