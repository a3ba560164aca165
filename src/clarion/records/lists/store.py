"""Places on mailing lists: asking for one, confirming it, giving it up, forgetting what was never confirmed. The mail
and the consent that belong to it are flows/consent's."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

import structlog
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from clarion.records.consents.models import Record
from clarion.records.ledger.models import Notification
from clarion.records.lists.models import MailingList, State, Subscription
from clarion.records.people.models import Device, Endpoint, User
from clarion.records.preferences.models import PreferenceChange

WAITS = timedelta(hours=72)
"""How long a place waits to be confirmed."""
SHORTEST_REST = timedelta(minutes=15)
MOST_ASKS = 3
MOST_MAILS_A_DAY = 5
BATCH = 500
FORGET_SECONDS = 1.0
UNCHANGED = timedelta(seconds=1)
"""Both times of a new row are read from the clock, one after the other."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of asking for a place. `mail`: a confirmation is to be sent."""

    subscription: Subscription
    mail: bool


def find(key: str) -> MailingList | None:
    """An active list."""
    return MailingList.objects.filter(key=key, active=True).first()


def ask(mailing_list: MailingList, user_id: UUID, now: datetime, *, made_person: bool) -> Asked:
    """Ask for a place. Each list mails a person MOST_ASKS times at most, SHORTEST_REST apart, until what is pending is
    forgotten, and all lists together MOST_MAILS_A_DAY times a day: nobody can bury another in confirmations."""
    with transaction.atomic():
        get_user_model().objects.select_for_update(no_key=True).only("id").get(pk=user_id)
        row = Subscription.objects.filter(mailing_list=mailing_list, user_id=user_id).first()
        row = row or Subscription(mailing_list=mailing_list, user_id=user_id, made_person=made_person, asked_at=now)
        if not _may_mail(row, now):
            return Asked(subscription=row, mail=False)
        row.asks += 1
        row.asked_at = now
        if row.state != State.CONFIRMED:
            row.state, row.expires_at = State.PENDING, now + WAITS
        row.save()
        return Asked(subscription=row, mail=True)


def _may_mail(row: Subscription, now: datetime) -> bool:
    if row.asks and now - row.asked_at < SHORTEST_REST:
        return False
    if row.asks >= MOST_ASKS and now - row.asked_at < WAITS:
        return False
    if row.asks >= MOST_ASKS:
        row.asks = 0
    others = Subscription.objects.filter(user_id=row.user_id, asked_at__gt=now - timedelta(days=1))
    return sum(others.values_list("asks", flat=True)) < MOST_MAILS_A_DAY


def confirm(subscription_id: UUID, user_id: UUID, now: datetime) -> tuple[Subscription | None, bool]:
    """Give the place that was asked for, and whether it is new. None: there is nothing to confirm any more."""
    with transaction.atomic():
        row = _locked(pk=subscription_id, user_id=user_id)
        if row is None or not row.mailing_list.active or _is_over(row, now):
            return None, False
        if row.state == State.CONFIRMED:
            return row, False
        row.state, row.confirmed_at, row.expires_at, row.ended_at = State.CONFIRMED, now, None, None
        row.made_person, row.asks = False, 0
        row.save()
        return row, True


def pending(subscription_id: UUID, user_id: UUID, now: datetime) -> Subscription | None:
    """The place that a link is about, if it can be confirmed, or is confirmed already."""
    row = Subscription.objects.select_related("mailing_list").filter(pk=subscription_id, user_id=user_id).first()
    return None if row is None or not row.mailing_list.active or _is_over(row, now) else row


def _is_over(row: Subscription, now: datetime) -> bool:
    late = row.expires_at is not None and row.expires_at <= now
    return row.state == State.ENDED or (row.state == State.PENDING and late)


def end(list_id: UUID, user_id: UUID, now: datetime) -> tuple[MailingList | None, bool]:
    """Give up a place, and whether there was one. None: there is no such list."""
    with transaction.atomic():
        row = _locked(mailing_list_id=list_id, user_id=user_id)
        if row is None or row.state == State.ENDED:
            return MailingList.objects.filter(pk=list_id).first(), False
        row.state, row.ended_at, row.expires_at = State.ENDED, now, None
        row.save()
        return row.mailing_list, True


def _locked(**which: UUID) -> Subscription | None:
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("mailing_list")
    return rows.filter(**which).first()


def forget_unconfirmed(now: datetime) -> int:
    """Forget places that nobody confirmed, and people who are known for nothing else. Returns how many places.
    Strangers can ask faster than one BATCH at a time is forgotten, so it goes on for a while."""
    total, until = 0, monotonic() + FORGET_SECONDS
    while True:
        count = _forget(now)
        total += count
        if count < BATCH or monotonic() > until:
            return total


def _forget(now: datetime) -> int:
    with transaction.atomic():
        over = Subscription.objects.filter(state=State.PENDING, expires_at__lte=now).order_by("expires_at")
        rows = list(over.select_for_update(skip_locked=True)[:BATCH])
        Subscription.objects.filter(pk__in=[row.pk for row in rows]).delete()
        people = _known_for_nothing([row.user_id for row in rows if row.made_person])
        forgotten = people.count()
        people.delete()
    if rows:
        log.info("subscriptions_forgotten", count=len(rows), people=forgotten)
    return len(rows)


def _known_for_nothing(made: Collection[UUID]) -> QuerySet[User]:
    """Of people who were made for a place on a list, those who did not become more meanwhile: nobody changed them,
    wrote to them, or asked them anything, and they have nothing."""
    own = {"user_id": OuterRef("pk")}
    return User.objects.filter(
        ~Exists(Subscription.objects.filter(**own)),
        ~Exists(Record.objects.filter(**own, given=True)),
        ~Exists(PreferenceChange.objects.filter(**own)),
        ~Exists(Device.objects.filter(**own)),
        ~Exists(Endpoint.objects.filter(**own)),
        # the confirmation is sent in their own name
        ~Exists(Notification.objects.filter(**own).exclude(caller_id=OuterRef("pk"))),
        pk__in=made,
        external_id=None,
        is_staff=False,
        password__startswith=UNUSABLE_PASSWORD_PREFIX,
        updated_at__lt=F("created_at") + UNCHANGED,
    )
