"""The gate at ingest: what will not go out is told at once, with its reason."""

from dataclasses import replace
from datetime import datetime

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.content import Subject
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences.policies import policy_of
from clarion.records.preferences.rules import BYPASS, Asked, Verdict, decide


def asked_of(send: Send, subject: Subject, key: ChannelKey) -> Asked:
    """The request as the rules see it."""
    return Asked(
        channel=key,
        priority=priority_of(send, subject),
        marketing=subject.category.marketing,
        essential=subject.category.essential,
        bypass=send.bypass,
        expires_at=send.expires_at,
        template_id=str(subject.template.id) if subject.template else "",
        due_at=send.scheduled_at,
        chained=send.fallback is not None,
        policy=policy_of(subject.category),
    )


def priority_of(send: Send, subject: Subject) -> int:
    """The caller's, else the template's, else the category's."""
    if send.priority is not None:
        return send.priority
    return subject.template.default_priority if subject.template else subject.category.default_priority


def judge(send: Send, subject: Subject, person: PersonFacts, key: ChannelKey, now: datetime) -> Verdict:
    """What the rules say about one channel of this send, now. Of a bypass, the record names who asked for it."""
    verdict = decide(person.wishes_for(subject.category.id), asked_of(send, subject, key), now)
    if verdict.rule != BYPASS:
        return verdict
    return replace(verdict, detail=f"asked for by {send.caller.kind} {send.caller.id}")
