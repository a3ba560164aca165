"""The gate at ingest: what will not go out is told at once, with its reason."""

from datetime import datetime

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.content import Subject
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences.rules import Asked, Verdict, decide


def asked_of(send: Send, subject: Subject, key: ChannelKey) -> Asked:
    """The request as the rules see it."""
    return Asked(
        channel=key,
        priority=priority_of(send, subject),
        marketing=subject.category.marketing,
        essential=subject.category.essential,
        bypass=send.bypass,
        expires_at=send.expires_at,
    )


def priority_of(send: Send, subject: Subject) -> int:
    """The caller's, else the template's, else the category's."""
    if send.priority is not None:
        return send.priority
    return subject.template.default_priority if subject.template else subject.category.default_priority


def judge(send: Send, subject: Subject, person: PersonFacts, key: ChannelKey, now: datetime) -> Verdict:
    """What the rules say about one channel of this send, now."""
    return decide(person.wishes_for(subject.category.id), asked_of(send, subject, key), now)
