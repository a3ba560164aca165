"""Step: where each message goes. Addresses are opened here, just before they are needed, in bulk."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.contract.content import Content, WebhookContent
from clarion.contract.message import Message, Target
from clarion.contract.reasons import Reason
from clarion.flows.delivery.list_headers import with_unsubscribe
from clarion.flows.delivery.render import Rendered
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records import hot
from clarion.records.ledger.status import Status
from clarion.records.people import endpoints
from clarion.records.people.endpoints import EndpointFacts
from clarion.records.people.facts import email_of, phone_of
from clarion.records.people.models import Device

Targets = list[tuple[str, Target]]
_TOOK = """
SELECT notification_id, target FROM ledger_attempt
WHERE notification_id = ANY(%s::uuid[]) AND notification_id BETWEEN %s AND %s AND outcome = 'sent'
"""


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work with its messages: one, or one for each device or endpoint."""

    work: Work
    messages: tuple[Message, ...]

    def __repr__(self) -> str:
        return f"Addressed({self.work.id})"


def address(batch: Sequence[Rendered], now: datetime) -> tuple[list[Addressed], list[Fate]]:
    """Messages for each piece of work, or the fate of those whose recipient lost the address meanwhile."""
    channel = batch[0].work.channel if batch else ChannelKey.IN_APP
    if channel in (ChannelKey.WEBHOOK, ChannelKey.CHAT):
        return _to_endpoints(batch, channel, now)
    found = _targets(batch, channel)
    done: list[Addressed] = []
    fates: list[Fate] = []
    for item in batch:
        targets = found.get(item.work.id, [])
        if not targets:
            fates.append(_nowhere(item.work, now))
            continue
        content = with_unsubscribe(item.work, item.content, now)
        item = msgspec.structs.replace(item, content=content) if content is not item.content else item  # noqa: PLW2901
        done.append(Addressed(work=item.work, messages=tuple(_message(item, *each) for each in targets)))
    return done, fates


def _nowhere(work: Work, now: datetime) -> Fate:
    return ended(work, Status.FAILED, Reason.NO_ADDRESS, "address", "address", now)


def _targets(batch: Sequence[Rendered], channel: ChannelKey) -> dict[UUID, Targets]:
    """Target lists by notification; all of a batch are of one channel (one lane)."""
    if channel is not ChannelKey.PUSH:
        return {item.work.id: _own(item.work) for item in batch}
    shared = _devices({item.work.user_id for item in batch})
    return {item.work.id: shared.get(item.work.user_id, []) for item in batch}


def _own(work: Work) -> Targets:
    person = work.person
    if work.channel is ChannelKey.EMAIL:
        value = email_of(person) if person else ""
    elif work.channel is ChannelKey.SMS:
        value = phone_of(person) if person else ""
    else:
        value = str(work.user_id)
    return [("", Target(value=value))] if value else []


def _devices(users: set[UUID]) -> dict[UUID, Targets]:
    found: dict[UUID, Targets] = {}
    for device in Device.objects.filter(user_id__in=users, active=True).order_by("id"):
        extra = {"platform": device.platform, "token_kind": device.token_kind, "app": device.app}
        found.setdefault(device.user_id, []).append((str(device.id), Target(value=device.token, extra=extra)))
    return found


def _to_endpoints(batch: Sequence[Rendered], channel: ChannelKey, now: datetime) -> tuple[list[Addressed], list[Fate]]:
    """A message for each endpoint that wants the event and did not take it at an earlier attempt."""
    known = endpoints.active_of({item.work.user_id for item in batch}, channel, now)
    took = _took([item.work.id for item in batch if item.work.attempt > 1])
    done: list[Addressed] = []
    fates: list[Fate] = []
    for item in batch:
        before = took.get(item.work.id, frozenset())
        there = [each for each in known.get(item.work.user_id, ()) if _is_meant(each, item.work)]
        wanting = [each for each in there if _wants(each, item.content)]
        rest = [each for each in wanting if str(each.id) not in before]
        if not rest:
            fates.append(_no_endpoint(item.work, there, before, now))
            continue
        messages = tuple(_message(item, str(each.id), _target_of(each, item.work)) for each in rest)
        done.append(
            Addressed(work=msgspec.structs.replace(item.work, taken=True) if before else item.work, messages=messages)
        )
    return done, fates


def _is_meant(endpoint: EndpointFacts, work: Work) -> bool:
    """Some work is for one endpoint alone (a replay, an event for the installation); the rest is for all of a person's
    own."""
    only = (work.payload or {}).get("endpoint")
    return str(endpoint.id) == only if only else not endpoint.application


def _wants(endpoint: EndpointFacts, content: Content) -> bool:
    return not isinstance(content, WebhookContent) or endpoint.wants(content.event)


def _no_endpoint(work: Work, there: Sequence[EndpointFacts], before: frozenset[str], now: datetime) -> Fate:
    if before:  # those that were still to take it are gone
        return Fate(work=work, to=Status.SENT)
    if there:
        return ended(work, Status.SUPPRESSED, Reason.NO_SUBSCRIBER, "address", "events", now)
    return _nowhere(work, now)


def _target_of(endpoint: EndpointFacts, work: Work) -> Target:
    extra = {"secret": endpoint.secrets} if endpoint.secrets else {}
    again = (work.payload or {}).get("webhook_id")
    return Target(value=endpoint.target, extra={**extra, "webhook_id": again} if again else extra)


def _took(ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """The endpoints that took each of these at an earlier attempt."""
    if not ids:
        return {}
    found: dict[UUID, frozenset[str]] = {}
    for identifier, target in hot.fetch(_TOOK, [hot.uuids(ids), min(ids), max(ids)]):
        found[identifier] = found.get(identifier, frozenset()) | {target.rpartition(" ")[2]}
    return found


def _message(item: Rendered, place: str, target: Target) -> Message:
    work = item.work
    name = str(work.id)
    return Message(
        id=f"{name}.{place}" if place else name,
        notification_id=name,
        user_id=str(work.user_id),
        target=target,
        content=item.content,
        attempt=work.attempt,
        priority=work.priority,
        category=work.category.key,
        created_at=work.created_at,
        expires_at=work.expires_at,
    )
