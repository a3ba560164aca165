"""One send × its channels: which channels a person is reached by."""

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.content import Subject
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences.policies import policy_of
from clarion.records.preferences.rules import channel_on

FALLBACK_ORDER = (ChannelKey.EMAIL, ChannelKey.PUSH, ChannelKey.IN_APP)


def channels_for(send: Send, subject: Subject, person: PersonFacts) -> tuple[ChannelKey, ...]:
    """The channels asked for, or the one the person prefers among those possible. Raises InputError where there is
    no address: an asked channel must be reachable, so that no send is silently lost."""
    if send.channels:
        unreachable = [c for c in send.channels if c not in person.reachable]
        if unreachable:
            raise InputError("no_address", f"the user has no address for {', '.join(unreachable)}", pointer="/channel")
        return tuple(dict.fromkeys(send.channels))
    reachable = [c for c in _wished(subject, person) if _can(c, subject, person)]
    if not reachable:
        raise InputError("no_address", "the user has no address for any channel of this content", pointer="/user_id")
    # where all are switched off, the gate says so about the first, and that is on record
    possible = [c for c in reachable if _wants(c, subject, person)] or reachable[:1]
    return (possible[0],) if not person.preferred_channels else tuple(possible)


def _wished(subject: Subject, person: PersonFacts) -> list[ChannelKey]:
    if person.preferred_channels:
        return [ChannelKey(c) for c in person.preferred_channels]
    usual = [ChannelKey(c) for c in subject.category.default_channels] or list(FALLBACK_ORDER)
    own = subject.template.channels if subject.template else ()
    return [*usual, *(c for c in ChannelKey if c in own and c not in usual)]


def _can(key: ChannelKey, subject: Subject, person: PersonFacts) -> bool:
    return key in person.reachable and (subject.template is None or key in subject.template.channels)


def _wants(key: ChannelKey, subject: Subject, person: PersonFacts) -> bool:
    wishes = person.wishes_for(subject.category.id)
    if any(each.concerns(key, marketing=subject.category.marketing) for each in wishes.listed):
        return False
    if wishes.category_channels.get(key) is False:
        return False
    return channel_on(wishes, key, marketing=subject.category.marketing, policy=policy_of(subject.category))
