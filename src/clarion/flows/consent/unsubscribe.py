"""Unsubscribing by a signed link: what a link stops, and stopping it.

A link of a category stops that category on that channel; of the digests, the digests; of all marketing, marketing on
every channel, with the consent to it; of a list, the place on it. Only marketing, digests and lists can be stopped so:
what belongs to a person's account is theirs to switch off in the preferences. Stopping twice changes nothing more.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from clarion.contract.input_error import InputError
from clarion.records.categories.catalog import CategoryFacts
from clarion.records.categories.catalog import catalog as categories
from clarion.records.consents.history import Answer
from clarion.records.consents.purposes import Purpose, Source, list_purpose
from clarion.records.lists import store as lists
from clarion.records.lists.models import MailingList
from clarion.records.people.models import User
from clarion.records.preferences import links, store
from clarion.records.preferences.consenting import record
from clarion.records.preferences.links import LinkPurpose, Scope

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """What a link stops. `category` is None where the scope is another, or where it is gone (then nothing is left to
    stop); so is `mailing_list`. `channel` empty: on every channel."""

    user_id: UUID
    scope: Scope
    channel: str = ""
    category: CategoryFacts | None = None
    mailing_list: MailingList | None = None


def meant(token: str, category: str, now: datetime) -> Stops:
    """What a link stops. `category`, a key or a number, may repeat the link's own, and narrows down a link for all
    marketing. Raises links.BadLink; InputError when the category is not the link's, or not to be stopped by a link."""
    link = links.read(token, LinkPurpose.UNSUBSCRIBE, now)
    asked = _asked_for(category)
    if link.scope is Scope.CATEGORY:
        if asked is not None and asked.id != link.category_id:
            raise _another()
        found = categories.find(link.category_id)
        return _stoppable(Stops(user_id=link.user_id, scope=link.scope, channel=link.channel, category=found))
    if link.scope is Scope.MARKETING and asked is not None:
        return _stoppable(Stops(user_id=link.user_id, scope=Scope.CATEGORY, category=asked))
    if asked is not None:
        raise _another()
    mailing_list = MailingList.objects.filter(pk=link.subject).first() if link.scope is Scope.LIST else None
    return Stops(user_id=link.user_id, scope=link.scope, channel=link.channel, mailing_list=mailing_list)


def _asked_for(category: str) -> CategoryFacts | None:
    if not category:
        return None
    number = category.isascii() and category.isdigit() and len(category) < 10
    found = categories.find(int(category) if number else category)
    if found is None:
        raise _another()
    return found


def _another() -> InputError:
    return InputError(
        "category_mismatch", "this link is not about that category; leave `category` out", pointer="/query/category"
    )


def _stoppable(stops: Stops) -> Stops:
    if stops.category is not None and (stops.category.essential or not stops.category.marketing):
        raise InputError(
            "not_marketing",
            "messages of this category belong to your account and cannot be stopped by a link; see your preferences",
            pointer="/query/category",
        )
    return stops


def unsubscribe(stops: Stops, source: Source, now: datetime) -> bool:
    """Stop it; whether that changed anything. A person who is gone gets nothing anyhow."""
    with transaction.atomic():
        if not User.objects.select_for_update(no_key=True).filter(pk=stops.user_id).exists():
            return False
        changed = _stop(stops, source, now)
    if changed:
        log.info("unsubscribed", scope=str(stops.scope), source=str(source), user=str(stops.user_id))
    return changed


def _stop(stops: Stops, source: Source, now: datetime) -> bool:
    match stops.scope:
        case Scope.CATEGORY:
            return stops.category is not None and _stop_category(stops, stops.category.key, source)
        case Scope.DIGEST:
            return store.stop_digests(stops.user_id, source=source, actor=_actor(stops))
        case Scope.MARKETING:
            return _stop_marketing(stops, source, now)
        case Scope.LIST:
            return _leave(stops, source, now)
    return False


def _actor(stops: Stops) -> str:
    """A link speaks for its person."""
    return f"user:{stops.user_id}"


def _stop_category(stops: Stops, key: str, source: Source) -> bool:
    switches = (
        store.Switches(enabled=None, marketing=None, channels={stops.channel: False})
        if stops.channel
        else store.Switches(enabled=False, marketing=None, channels={})
    )
    nothing = store.Switches(enabled=None, marketing=None, channels={})
    given = store.Preferences(general=nothing, categories={key: switches})
    return store.change(stops.user_id, given, replace=False, source=source, actor=_actor(stops))


def _stop_marketing(stops: Stops, source: Source, now: datetime) -> bool:
    """The switch and the consent: either would do, and a person who looks sees the same in both places."""
    withdrawn = record([_answer(stops, Purpose.MARKETING, source, now)])
    off = store.Preferences(general=store.Switches(enabled=None, marketing=False, channels={}), categories={})
    switched = store.change(stops.user_id, off, replace=False, source=source, actor=_actor(stops))
    return bool(withdrawn) or switched


def _leave(stops: Stops, source: Source, now: datetime) -> bool:
    if stops.mailing_list is None:
        return False
    _, left = lists.end(stops.mailing_list.id, stops.user_id, now)
    if left:
        record([_answer(stops, list_purpose(stops.mailing_list.key), source, now)])
    return left


def _answer(stops: Stops, purpose: str, source: Source, now: datetime) -> Answer:
    return Answer(user_id=stops.user_id, purpose=purpose, given=False, source=source, actor=_actor(stops), at=now)
