"""The rows that flows hand to the ledger, as frozen values."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.records.ids import new_id
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import RULES_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One decision about one notification. `stage`: ingest, gate, limits, render, sms_safety, send, settle, fallback,
    api. `rules`: the version of the rules about people's wishes that were in force."""

    notification_id: UUID
    at: datetime
    stage: str
    rule: str
    outcome: str
    reason: str = ""
    until: datetime | None = None
    detail: str = ""
    rules: int = RULES_VERSION
    id: UUID = field(default_factory=new_id)


class AttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    """One finished try at one provider for one address; `place`, the device's or endpoint's id, stands in `target`."""

    notification_id: UUID
    number: int
    target: str
    account: str
    outcome: str
    reason: str = ""
    detail: str = ""
    remote_id: str = ""
    segments: int | None = None
    price: str = ""
    place: str = ""
    started_at: datetime
    finished_at: datetime


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Move a notification to a state; empty `account` and `remote_id` leave what stands."""

    notification_id: UUID
    to: Status
    reason: str = ""
    account: str = ""
    remote_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """What is shared by the notifications of one call."""

    id: UUID
    caller_kind: str
    caller_id: UUID
    payload: bytes = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotification:
    """A notification as it is accepted. `due_at` None: it is born in an end state (suppressed) and never queued."""

    id: UUID
    user_id: UUID
    channel: ChannelKey
    category_id: int
    template_id: UUID | None
    version_id: UUID | None
    priority: int
    status: Status
    reason: str = ""
    reference: str = ""
    bypass: bool = False
    scheduled_at: datetime | None = None
    expires_at: datetime | None = None
    due_at: datetime | None = None
