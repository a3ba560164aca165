"""A dry run says what a send then does: over random wishes, categories and requests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest import flow
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.foresee import foresee
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.categories.models import Category
from clarion.records.ids import new_id
from clarion.records.ledger.models import Decision, Notification
from clarion.records.people.models import User
from clarion.records.preferences import slots, store
from clarion.records.preferences.models import SentSlot
from clarion.records.preferences.store import Preferences, Switches
from tests.conftest import caller_of, make_user

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CHANNELS = st.dictionaries(st.sampled_from([str(c) for c in ChannelKey]), st.booleans(), max_size=3)
DIGESTS = st.none() | st.fixed_dictionaries({"frequency": st.sampled_from(["immediate", "hourly", "daily", "never"])})
WISHES = st.builds(
    Switches,
    enabled=st.none() | st.booleans(),
    marketing=st.none() | st.booleans(),
    channels=CHANNELS,
    quiet_hours=st.none() | st.just({"enabled": True, "start": "14:00", "end": "16:30"}),
    digest=DIGESTS,
    max_per_day=st.none() | st.integers(1, 2),
    processing=st.none() | st.just(False),
)
OWN = st.none() | st.builds(Switches, enabled=st.none() | st.booleans(), channels=CHANNELS, digest=DIGESTS)
CATEGORIES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["transactional", "marketing"]),
        "essential": st.sampled_from([False, False, False, True]),
        "default_enabled": st.booleans(),
        "quiet_policy": st.sampled_from(["hold", "drop", "through"]),
        "digestible": st.booleans(),
        "cap_per_day": st.integers(0, 2),
    }
)
REQUESTS = st.fixed_dictionaries(
    {
        "channels": st.lists(st.sampled_from(list(ChannelKey)), max_size=2, unique=True).map(tuple),
        "priority": st.none() | st.integers(1, 4),
        "bypass": st.sampled_from([False, False, False, True]),
        "scheduled_at": st.none() | st.just(NOON + timedelta(hours=3)),
        "expires_at": st.none() | st.sampled_from([NOON + timedelta(hours=9), NOON + timedelta(minutes=30)]),
    }
)
Told = list[tuple[str, str, str, str, str]]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(general=WISHES, own=OWN, category=CATEGORIES, request_=REQUESTS, taken=st.integers(0, 2))
def test_a_dry_run_says_what_the_send_then_does(
    ground: None,
    general: Switches,
    own: Switches | None,
    category: dict[str, Any],
    request_: dict[str, Any],
    taken: int,
) -> None:
    with transaction.atomic(), clock.standing_at(NOON):
        Category.objects.filter(key="orders").update(**category)
        catalog.read()
        ann = make_user(timezone="Africa/Nairobi")
        wishes = Preferences(general=general, categories={"orders": own} if own else {})
        store.change(ann.id, wishes, replace=False, source="preferences", actor="system")
        _take(ann, taken)
        asked = Send(
            caller=caller_of(ann, Permission.STAFF),
            user_id=ann.id,
            subject="Hi",
            body="Hello",
            category="orders",
            **request_,
        )
        foreseen = _foreseen(asked)
        assert Notification.objects.filter(user_id=ann.id).count() == 0
        assert foreseen == _sent(asked)
        transaction.set_rollback(True)


def _take(user: User, number: int) -> None:
    orders = Category.objects.get(key="orders").id
    day = slots.local_day(user.timezone, clock.now())
    for _ in range(number):
        SentSlot.objects.create(notification_id=new_id(), user=user, category_id=orders, day=day)


def _foreseen(asked: Send) -> Told | str:
    try:
        found = foresee(asked, clock.now())
    except InputError as error:
        return error.code
    return [
        (str(one.channel), str(one.status), str(one.verdict.reason or ""), one.verdict.rule, str(one.due_at))
        for one in found
    ]


def _sent(asked: Send) -> Told | str:
    try:
        receipt = flow.send(asked, clock.now())
    except InputError as error:
        return error.code
    told: Told = []
    for one in receipt.notifications:
        row = Notification.objects.get(pk=one.id)
        decision = Decision.objects.get(notification_id=one.id)
        # what is collected is taken up at once, and due with its digest
        due = decision.until if decision.outcome == "digest" else _due(row)
        told.append((row.channel, row.status, row.reason or decision.reason, decision.rule, str(due)))
    return told


def _due(row: Notification) -> datetime | None:
    from clarion.records.ledger.models import QueueEntry

    entry = QueueEntry.objects.filter(pk=row.id).first()
    return entry.due_at if entry else None
