"""Early refusal of text messages: what a number itself rules out (its country, its kind) is certain at ingest already.

The same rules stand before sending (delivery/sms_safety.py), for a number may change meanwhile, and a bulk send is not
held up by them here.
"""

from django.conf import settings
from msgspec import structs

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.contract.reasons import Reason
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.content import Subject
from clarion.records.people.facts import PersonFacts, phone_of
from clarion.records.personal.envelope import Undecryptable
from clarion.records.sms_safety.numbers import facts_of
from clarion.records.sms_safety.policy import SmsPolicy


def by_number(asked: Send, subject: Subject, person: PersonFacts) -> PersonFacts:
    """The person, not reachable by SMS where the number is refused. Raises InputError when SMS was asked for by name
    and no chain could go on to another channel."""
    named = asked.channels or asked.chain
    if ChannelKey.SMS not in person.reachable or (named and ChannelKey.SMS not in (*named, *asked.chain)):
        return person
    refusal = _refusal(person, subject.category.key)
    if refusal is None:
        return person
    if ChannelKey.SMS in asked.channels and asked.fallback is None:
        raise InputError("sms_refused", refusal, pointer="/channel")
    return structs.replace(person, reachable=person.reachable - {ChannelKey.SMS})


def _refusal(person: PersonFacts, category: str) -> str | None:
    """What is wrong with the person's number, in words; None: nothing."""
    policy: SmsPolicy = settings.SMS_POLICY
    try:
        found = policy.refusal(facts_of(phone_of(person)), category)
    except Undecryptable:
        return None  # the gate before sending says so, and what to do
    if found is None:
        return None
    reason, shown = found
    if reason is Reason.SMS_COUNTRY:
        return f"text messages do not go to this number's country ({shown}); see CLARION_SMS_COUNTRIES"
    return f"the number is a {shown} number, which gets no text messages; see CLARION_SMS_REFUSED_LINES"
