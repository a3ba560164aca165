"""Step: where each message goes. Addresses are opened here, just before they are needed, in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message, Target
from clarion.contract.reasons import Reason
from clarion.flows.delivery.render import Rendered
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records.ledger.status import Status
from clarion.records.people.facts import email_of, phone_of
from clarion.records.people.models import Device, Endpoint

Targets = list[tuple[str, Target]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A piece of work with its messages: one, or one for each device or endpoint."""

    work: Work
    messages: tuple[Message, ...] = field(repr=False)


def address(batch: Sequence[Rendered], now: datetime) -> tuple[list[Addressed], list[Fate]]:
    """Messages for each piece of work, or the fate of those whose recipient lost the address meanwhile."""
    found = _targets(batch)
    done: list[Addressed] = []
    fates: list[Fate] = []
    for item in batch:
        targets = found.get(item.work.id, [])
        if not targets:
            fates.append(ended(item.work, Status.FAILED, Reason.NO_ADDRESS, "address", "address", now))
            continue
        done.append(Addressed(work=item.work, messages=tuple(_message(item, *each) for each in targets)))
    return done, fates


def _targets(batch: Sequence[Rendered]) -> dict[UUID, Targets]:
    """Target lists by notification; all of a batch are of one channel (one lane)."""
    users = {item.work.user_id for item in batch}
    channel = batch[0].work.channel if batch else ChannelKey.IN_APP
    match channel:
        case ChannelKey.PUSH:
            shared = _devices(users)
        case ChannelKey.WEBHOOK | ChannelKey.CHAT:
            shared = _endpoints(users, channel)
        case _:
            return {item.work.id: _own(item.work) for item in batch}
    return {item.work.id: shared.get(item.work.user_id, []) for item in batch}


def _own(work: Work) -> Targets:
    person = work.person
    value = str(work.user_id)
    if work.channel is ChannelKey.EMAIL:
        value = email_of(person) if person else ""
    elif work.channel is ChannelKey.SMS:
        value = phone_of(person) if person else ""
    return [("", Target(value=value))] if value else []


def _devices(users: set[UUID]) -> dict[UUID, Targets]:
    found: dict[UUID, Targets] = {}
    for device in Device.objects.filter(user_id__in=users, active=True).order_by("id"):
        extra = {"platform": device.platform, "token_kind": device.token_kind, "app": device.app}
        found.setdefault(device.user_id, []).append((str(device.id), Target(value=device.token, extra=extra)))
    return found


def _endpoints(users: set[UUID], channel: ChannelKey) -> dict[UUID, Targets]:
    found: dict[UUID, Targets] = {}
    for endpoint in Endpoint.objects.filter(user_id__in=users, channel=channel, active=True).order_by("id"):
        extra = {"secret": str(endpoint.secret)} if endpoint.secret else {}
        target = Target(value=str(endpoint.target), extra=extra)
        found.setdefault(endpoint.user_id, []).append((str(endpoint.id), target))
    return found


def _message(item: Rendered, place: str, target: Target) -> Message:
    work = item.work
    return Message(
        id=f"{work.id}.{place}" if place else str(work.id),
        notification_id=str(work.id),
        user_id=str(work.user_id),
        target=target,
        content=item.content,
        attempt=work.attempt,
        priority=work.priority,
        category=work.category.key,
        created_at=work.created_at,
        expires_at=work.expires_at,
    )
