"""Step: what reports do to addresses: dead ones are suppressed, soft bounces counted, complaints and STOP heeded, dead
devices deactivated. Repeats and late reports change nothing (records/suppression).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Kind
from clarion.contract.reasons import Reason
from clarion.flows.feedback.answers import Said, note
from clarion.flows.feedback.keywords import START_WORDS, STOP_WORDS, word_of
from clarion.flows.feedback.match import Found
from clarion.records.accounts.book import AccountFacts
from clarion.records.consents.purposes import Purpose, Source
from clarion.records.feedback.reports import Told
from clarion.records.ledger.models import Attempt
from clarion.records.people import facts, reachability
from clarion.records.people.facts import PersonFacts, email_of, phone_of
from clarion.records.suppression import store, strikes
from clarion.records.suppression.addresses import Address, known_address
from clarion.records.suppression.store import Listing
from clarion.records.suppression.strikes import SoftBounce

# a soft bounce for these reasons says nothing of the address
NOT_THE_ADDRESS = frozenset({Reason.CONTENT_REFUSED, Reason.TOO_LARGE, Reason.POLICY_REFUSED, Reason.THROTTLED})
ABOUT_ADDRESSES = frozenset({Kind.BOUNCED, Kind.SOFT_BOUNCED, Kind.COMPLAINED, Kind.UNSUBSCRIBED, Kind.REPLIED})
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A report as far as it is about an address; `found` None: its notification is not known (yet, or at all)."""

    told: Told
    account: AccountFacts
    found: Found | None = None
    place: str = ""


def heed(abouts: Sequence[About]) -> None:
    """Do what follows. Belongs in a transaction."""
    telling = [each for each in abouts if each.told.reported.kind in ABOUT_ADDRESSES]
    if not telling:
        return
    _deactivate(telling)
    located = _located(telling)
    listings = [found for each, address in located if (found := _listing(each, address)) is not None]
    soft = [
        SoftBounce(key=_key(each.told), address=address, source=each.account.label, at=each.told.at)
        for each, address in located
        if each.told.reported.kind is Kind.SOFT_BOUNCED and each.told.reported.reason not in NOT_THE_ADDRESS
    ]
    added = store.suppress([*listings, *strikes.strike(soft)])
    for each, address in located:
        if _word(each) in START_WORDS:
            store.lift_address(address, Reason.STOPPED, each.account.label, "the person answered START", each.told.at)
    note([said for each, address in located if (said := _said(each, address)) is not None])
    if added:
        log.info("addresses_suppressed", count=added)


def _listing(each: About, address: Address) -> Listing | None:
    reported = each.told.reported
    match reported.kind:
        case Kind.BOUNCED:
            reason = Reason.HARD_BOUNCED
        case Kind.COMPLAINED:
            reason = Reason.COMPLAINED
        case Kind.UNSUBSCRIBED:
            # of a number, carriers and law know no "marketing only"
            reason = Reason.STOPPED if address.channel is ChannelKey.SMS else Reason.UNSUBSCRIBED
        case Kind.REPLIED if _word(each) in STOP_WORDS:
            reason = Reason.STOPPED
        case _:
            return None
    return Listing(
        address=address,
        reason=reason,
        source=each.account.label,
        at=each.told.at,
        detail=str(reported.reason or reported.kind),
    )


def _said(each: About, address: Address) -> Said | None:
    """What this says of the consent of whoever has the address."""
    by_sms, word = address.channel is ChannelKey.SMS, _word(each)
    match each.told.reported.kind:
        case Kind.UNSUBSCRIBED:
            purpose, source = (Purpose.SMS, Source.SMS_KEYWORD) if by_sms else (Purpose.MARKETING, Source.PROVIDER)
        case Kind.COMPLAINED if not by_sms:
            purpose, source = Purpose.MARKETING, Source.COMPLAINT
        case Kind.REPLIED if word in STOP_WORDS or word in START_WORDS:
            purpose, source = Purpose.SMS, Source.SMS_KEYWORD
        case _:
            return None
    given = word in START_WORDS
    return Said(
        address=address, purpose=purpose, given=given, source=source, account=each.account.label, at=each.told.at
    )


def _word(each: About) -> str:
    """The reply as one of the words that mean something; empty for any other text."""
    if each.told.reported.kind is not Kind.REPLIED or each.account.channel is not ChannelKey.SMS:
        return ""
    return word_of(each.told.reported.text)


def _key(told: Told) -> bytes:
    return hashlib.blake2b(told.account_id.bytes + told.key, digest_size=20).digest()


def _deactivate(telling: Sequence[About]) -> None:
    dead = [
        UUID(each.place)
        for each in telling
        if each.place and each.account.channel is ChannelKey.PUSH and each.told.reported.kind is Kind.BOUNCED
    ]
    count = reachability.deactivate_devices(dead)
    if count:
        log.info("devices_deactivated", count=count)


def _located(telling: Sequence[About]) -> list[tuple[About, Address]]:
    """Each with its address: the one reported, else the recipient's, if that is still the one it was sent to."""
    found: list[tuple[About, Address]] = []
    unnamed: list[tuple[About, Found]] = []
    for each in telling:
        address = known_address(each.account.channel, each.told.reported.address)
        if address is not None:
            found.append((each, address))
        elif each.found is not None:
            unnamed.append((each, each.found))
    if not unnamed:
        return found
    people = facts.load({notification.user_id for _, notification in unnamed}, [])
    sent_to = _targets([notification.id for _, notification in unnamed])
    for each, notification in unnamed:
        own = _own_address(people.get(notification.user_id), each.account.channel)
        if own is not None and channel_of(own.channel).mask(own.value) in sent_to.get(notification.id, set()):
            found.append((each, own))
    return found


def _targets(ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = {}
    rows = Attempt.objects.filter(notification_id__in=list(ids), notification_id__gte=min(ids))
    for identifier, target in rows.values_list("notification_id", "target"):
        found.setdefault(identifier, set()).add(target)
    return found


def _own_address(person: PersonFacts | None, channel: ChannelKey) -> Address | None:
    if person is None:
        return None
    value = email_of(person) if channel is ChannelKey.EMAIL else phone_of(person) if channel is ChannelKey.SMS else ""
    return known_address(channel, value)
