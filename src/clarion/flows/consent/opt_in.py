"""Double opt-in for mailing lists: asking for a place sends a mail through the ordinary ingest, its link shows a page,
and the button on the page gives the place and the consent.

Whoever asks with an address learns nothing of it: known, unknown and on the list already take the same steps.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.consent.opt_in_words import words_for
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records.access.permissions import Caller, CallerKind, Permission
from clarion.records.consents import history, texts
from clarion.records.consents.history import Answer
from clarion.records.consents.purposes import Purpose, Source, list_purpose
from clarion.records.lists import store
from clarion.records.lists.models import MailingList, Subscription
from clarion.records.people import directory
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences import store as preferences
from clarion.records.preferences.consenting import record
from clarion.records.preferences.links import BadLink, LinkPurpose
from clarion.records.preferences.rules import HIGH

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a confirmation link is about."""

    subscription: Subscription
    mailing_list: MailingList
    user: User


def subscribe_address(mailing_list: MailingList, email: str, locale: str, now: datetime) -> None:
    """Ask for a place for an address, whose owner need not be known yet: then they are, until the place is forgotten.
    `email` is normalised."""
    with transaction.atomic():
        user = User.objects.with_email(email).first()
        made = user is None
        if user is None:
            user = _new_person(email, locale)
        if user is not None and user.is_active:
            _ask(mailing_list, user, now, made_person=made)


def _new_person(email: str, locale: str) -> User | None:
    """None when another call made the same person at this moment; that one sends the mail."""
    try:
        with transaction.atomic():
            user = directory.create({"email": email, "locale": locale})
    except InputError:
        return None
    user.permissions = []
    user.save(update_fields=["permissions"])
    return user


def subscribe_user(mailing_list: MailingList, user: User, now: datetime) -> None:
    """Ask for a place for a known person."""
    with transaction.atomic():
        _ask(mailing_list, user, now, made_person=False)


def _ask(mailing_list: MailingList, user: User, now: datetime, *, made_person: bool) -> None:
    asked = store.ask(mailing_list, user.id, now, made_person=made_person)
    if not asked.mail:
        return
    try:
        ingest.send(_confirmation(mailing_list, user, asked.subscription, now), now)
    except InputError as error:
        # a template of the list that lost its content must not tell strangers which addresses are known
        log.error("confirmation_not_sent", list=mailing_list.key, code=error.code)


def _confirmation(mailing_list: MailingList, user: User, subscription: Subscription, now: datetime) -> Send:
    """The mail, from the person to themselves: high, for it was asked for and a general off is not meant for it."""
    url = links.confirm_url(user.id, subscription.id, now)
    own = Caller(kind=CallerKind.USER, id=user.id, user_id=user.id, permissions=frozenset({Permission.SEND}))
    words = words_for(user.locale)
    named = {"app": settings.APP_NAME, "list": mailing_list.name, "url": url}
    template = mailing_list.template_path
    return Send(
        caller=own,
        user_id=user.id,
        channels=(ChannelKey.EMAIL,),
        category=mailing_list.category,
        priority=HIGH,
        template_path=template,
        context={"confirm_url": url, "list_name": mailing_list.name} if template else {},
        subject="" if template else words.subject.format(**named),
        body="" if template else words.body.format(**named),
        expires_at=subscription.expires_at,
        track_opens=False,
        track_clicks=False,
    )


def invitation(token: str, now: datetime) -> Invitation:
    """What a link asks to confirm; raises BadLink when there is nothing to confirm any more."""
    link = links.read(token, LinkPurpose.CONFIRM, now)
    row = store.pending(link.subject, link.user_id, now)
    user = User.objects.filter(pk=link.user_id, is_active=True).first()
    if row is None or user is None:
        raise BadLink("there is nothing to confirm any more: subscribe again")
    return Invitation(subscription=row, mailing_list=row.mailing_list, user=user)


def confirm(token: str, now: datetime) -> Invitation:
    """Give the place, and write the consent down. Again: nothing changes. Raises BadLink."""
    found = invitation(token, now)
    user_id = found.user.id
    with transaction.atomic():
        row, new = store.confirm(found.subscription.id, user_id, now)
        if row is None:
            raise BadLink("there is nothing to confirm any more: subscribe again")
        if new or _came_back(row, user_id):
            _consent(row, user_id, now)
            log.info("subscription_confirmed", list=row.mailing_list.key, user=str(user_id))
    return found


def _came_back(row: Subscription, user_id: UUID) -> bool:
    """Whether they withdrew what the list needs, kept the place, and asked for it once more after that."""
    last = history.latest([user_id]).get((user_id, row.mailing_list.purpose))
    return last is not None and not last.given and last.at < row.asked_at


def _consent(row: Subscription, user_id: UUID, now: datetime) -> None:
    """To the list and to its purpose. Who confirms wants the mails, so a marketing switch that was off goes on."""
    mailing_list = row.mailing_list
    actor, detail = f"user:{user_id}", f"list {mailing_list.key}"
    answers = [
        Answer(
            user_id=user_id,
            purpose=purpose,
            given=True,
            source=Source.DOUBLE_OPT_IN,
            actor=actor,
            at=now,
            text_version=texts.current(purpose),
            detail=detail,
        )
        for purpose in (list_purpose(mailing_list.key), mailing_list.purpose)
    ]
    record(answers)
    if mailing_list.purpose == Purpose.MARKETING:
        on = preferences.Preferences(
            general=preferences.Switches(enabled=None, marketing=True, channels={}), categories={}
        )
        preferences.change(user_id, on, replace=False, source=Source.DOUBLE_OPT_IN, actor=actor)
