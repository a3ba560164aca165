"""Callbacks of vendors: only what is proved to be theirs is kept, and what it says is done once, in any order."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Unreachable
from clarion.contract.feedback import Callback as Received
from clarion.contract.feedback import Kind, Reported
from clarion.contract.outcome import Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.flows.feedback import ears
from clarion.flows.feedback import flow as feedback
from clarion.flows.feedback.hear import hear
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.flow import send
from clarion.records import clock
from clarion.records.feedback import doors
from clarion.records.feedback.models import Callback, Report, Task, Waiting
from clarion.records.ledger.models import Attempt, DeadLetter, Decision, Event, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.testing.scripted_feedback import ScriptedVendor, Signed, signed, signed_bytes
from tests.conftest import Api, agree_to_marketing, caller_of, make_user
from tests.integration.callbacks import about, account, call, path_of, post, report
from tests.integration.conftest import Carry

Drain = Callable[[], int]


@pytest.fixture
def vendor(carried_by: Carry) -> ScriptedVendor:
    """Email is carried by a vendor that reports back."""
    one = ScriptedVendor()
    carried_by(ChannelKey.EMAIL, one)
    return one


def _sent(user: User, drain: Drain, **given: Any) -> Notification:
    row = _accepted(user, **given)
    drain()
    row.refresh_from_db()
    return row


def _accepted(user: User, **given: Any) -> Notification:
    if given.get("category") == "marketing":
        agree_to_marketing(user)
    given = {"subject": "Hello", "body": "Text", "channels": (ChannelKey.EMAIL,), "category": "orders", **given}
    receipt = send(Send(caller=caller_of(user), user_id=user.id, **given), clock.now())
    return Notification.objects.get(pk=receipt.notifications[0].id)


def _events(row: Notification) -> list[str]:
    found = Event.objects.filter(notification_id=row.id).order_by("at", "id")
    return list(found.values_list("type", flat=True))


def _status(row: Notification) -> str:
    row.refresh_from_db()
    return row.status


# the door


def test_a_proved_callback_is_stored_and_answered_at_once(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    row = _sent(ann, drain)

    answer = call(vendor, [about(row, Kind.DELIVERED)])

    assert (answer.status_code, answer.content) == (200, b"")
    assert Callback.objects.get().account_id == account().id
    assert Task.objects.count() == 1
    assert _status(row) == "sent"
    assert feedback.drain() == 1
    assert _status(row) == "delivered"
    assert Task.objects.count() == 0
    assert Callback.objects.get().reports == 1


@pytest.mark.parametrize("case", ["other key", "altered", "no signature", "stale", "other account", "unknown token"])
def test_what_is_not_proved_is_answered_404_and_changes_nothing(
    vendor: ScriptedVendor, ann: User, drain: Drain, case: str
) -> None:
    row = _sent(ann, drain)
    good = signed([about(row, Kind.DELIVERED)], key=vendor.ear.key, at=clock.now())
    path, callback = path_of(), good
    match case:
        case "other key":
            callback = signed([about(row, Kind.DELIVERED)], key=b"other", at=clock.now())
        case "altered":
            callback = type(good)(headers=good.headers, body=good.body.replace(b"delivered", b"bounced"))
        case "no signature":
            callback = type(good)(headers={}, body=good.body)
        case "stale":
            callback = signed([about(row, Kind.DELIVERED)], key=vendor.ear.key, at=clock.now() - timedelta(hours=1))
        case "other account":
            path = path.replace("/scripted/", "/smtp/")
        case "unknown token":
            path = f"{path[:-4]}zzzz"

    answer = post(path, callback)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Callback.objects.count() == Task.objects.count() == 0
    feedback.drain()
    assert _status(row) == "sent"


def test_ten_thousand_forged_callbacks_none_accepted(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    row = _sent(ann, drain)
    rng = random.Random(4)
    good = signed([about(row, Kind.BOUNCED)], key=vendor.ear.key, at=clock.now())
    path = path_of()
    token = path.rpartition("/")[2]
    answers: Counter[str] = Counter()

    for number in range(10_000):
        forged = _forged(good, rng)
        if number % 50 == 0:
            answers[str(post(path, forged).status_code)] += 1
            continue
        callback = Received(url="", headers=forged.headers, body=forged.body, received_at=clock.now())
        answers[hear("scripted", token, callback).answer] += 1

    assert sum(answers.values()) == 10_000
    assert set(answers) <= {"forged", "too_many", "404", "429"}
    assert answers["forged"] > 9_000
    assert Callback.objects.count() == 0
    feedback.drain()
    assert _status(row) == "sent"


def _forged(good: Signed, rng: random.Random) -> Signed:
    headers, body = dict(good.headers), bytearray(good.body)
    match rng.randrange(4):
        case 0:
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        case 1:
            name = rng.choice(sorted(headers))
            at = rng.randrange(len(headers[name]))
            headers[name] = headers[name][:at] + chr(ord(headers[name][at]) ^ 1) + headers[name][at + 1 :]
        case 2:
            body = body[: rng.randrange(len(body))]
        case _:
            del headers[rng.choice(sorted(headers))]
    return Signed(headers=headers, body=bytes(body))


def test_where_proof_cannot_be_fetched_the_vendor_is_asked_to_come_again(vendor: ScriptedVendor, ground: None) -> None:
    vendor.ear.verify_fault = Unreachable("no certificate")

    answer = call(vendor, [])

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert Callback.objects.count() == 0


def test_a_body_over_the_limit_is_refused(vendor: ScriptedVendor, ground: None) -> None:
    answer = post(path_of(), signed_bytes(b" " * 2_000_001, key=vendor.ear.key, at=clock.now()))

    assert answer.status_code == 413
    assert Callback.objects.count() == 0


def test_an_account_that_is_called_too_often_asks_for_a_pause(
    vendor: ScriptedVendor, ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clarion.contract.rate import Rate
    from clarion.flows.feedback import hear
    from clarion.records.pacing.gcra import paced

    monkeypatch.setattr(hear, "LIMIT", paced(Rate(count=1, seconds=60), 2))

    statuses = [call(vendor, []).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_a_vendor_that_calls_with_get_is_heard(vendor: ScriptedVendor, ground: None) -> None:
    empty = signed_bytes(b"", key=vendor.ear.key, at=clock.now())

    answer = Client().get(f"{path_of()}?status=ok", headers=empty.headers)

    assert answer.status_code == 200
    assert Callback.objects.count() == 1


def test_what_is_stored_is_sealed(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    row = _sent(ann, drain)
    report(vendor, about(row, Kind.BOUNCED, address="ann@example.com"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT raw_sealed FROM feedback_callback")
        raw = bytes(cursor.fetchone()[0])

    assert b"ann@example.com" not in raw
    assert str(row.id).encode() not in raw


# the address of the door


def test_after_a_rotation_both_addresses_are_good_until_the_old_one_ends(vendor: ScriptedVendor, ground: None) -> None:
    old = path_of()
    doors.rotate(account().id, clock.now(), timedelta(hours=1))
    new = path_of()

    assert new != old
    assert [call(vendor, [], path=path).status_code for path in (old, new)] == [200, 200]
    later = clock.now() + timedelta(hours=2)
    ears.forget()
    with clock.standing_at(later):
        assert [call(vendor, [], at=later, path=path).status_code for path in (old, new)] == [404, 200]


def test_a_rotation_without_overlap_ends_the_old_address_at_once(vendor: ScriptedVendor, ground: None) -> None:
    old = path_of()
    doors.rotate(account().id, clock.now(), timedelta(0))
    ears.forget()

    assert call(vendor, [], path=old).status_code == 404


@pytest.mark.parametrize(
    ("public", "told"),
    [("https://notify.example.com", True), ("http://127.0.0.1:8000", False), ("http://localhost:8000", False)],
)
def test_a_provider_is_told_its_accounts_address_where_a_vendor_can_reach_it(
    vendor: ScriptedVendor, ann: User, drain: Drain, settings: Any, public: str, told: bool
) -> None:
    settings.PUBLIC_URL = public

    _sent(ann, drain)

    assert vendor.callback_urls[-1] == (f"{public}{path_of()}" if told else "")


def test_a_rotated_address_is_told_with_the_next_message(
    vendor: ScriptedVendor, ann: User, drain: Drain, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_URL = "https://notify.example.com"
    monkeypatch.setattr("clarion.flows.delivery.carriers.REFRESH_SECONDS", 0.0)
    _sent(ann, drain)
    doors.rotate(account().id, clock.now())

    _sent(ann, drain)

    assert vendor.callback_urls[0] != vendor.callback_urls[-1] == f"https://notify.example.com{path_of()}"


# what it does


def test_a_thousand_reports_in_any_order_three_times_come_to_the_same_end(
    vendor: ScriptedVendor, ground: None, drain: Drain
) -> None:
    users = [make_user(email=f"person{n}@example.com", phone="", reachable=False) for n in range(480)]
    stories: list[list[Kind]] = [
        [Kind.SENT, Kind.DELIVERED, Kind.OPENED, Kind.CLICKED],
        [Kind.DEFERRED, Kind.DELIVERED, Kind.COMPLAINED],
        [Kind.DEFERRED, Kind.BOUNCED],
        [Kind.SENT, Kind.SOFT_BOUNCED],
        [Kind.BOUNCED, Kind.DELIVERED],
        [Kind.DELIVERED, Kind.UNSUBSCRIBED],
        [Kind.SENT],
        [Kind.FAILED],
    ]
    wanted = ["delivered", "delivered", "failed", "failed", "delivered", "delivered", "sent", "failed"]
    ends = []
    for seed in (1, 2):
        rows = [_accepted(user) for user in users]
        drain()
        told = [
            about(row, kind, happened_at=clock.now() - timedelta(seconds=9 - n))
            for place, row in enumerate(rows)
            for n, kind in enumerate(stories[place % len(stories)])
        ]
        assert len(told) == 1020
        shuffled = told * 3
        random.Random(seed).shuffle(shuffled)
        for start in range(0, len(shuffled), 50):
            assert call(vendor, shuffled[start : start + 50]).status_code == 200
        feedback.drain()
        found = Notification.objects.in_bulk([row.id for row in rows])
        assert [found[row.id].status for row in rows] == [wanted[n % len(wanted)] for n in range(len(rows))]
        assert Report.objects.filter(notification_id__in=[row.id for row in rows]).count() == len(told)
        ends.append([sorted(set(_events(row))) for row in rows])
        own = {"deferred", "bounced", "soft_bounced", "complained", "unsubscribed", "opened", "clicked"}
        for place, row in enumerate(rows):
            expected = sorted(kind for kind in stories[place % len(stories)] if kind in own)
            assert sorted(event for event in _events(row) if event in own) == expected
        from clarion.records.suppression.models import Entry, Strike

        Entry.objects.all().delete()
        Strike.objects.all().delete()
    assert len(ends[0]) == len(ends[1]) == 480


def test_a_late_receipt_takes_the_dead_letter_away(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    row = _sent(ann, drain)
    report(vendor, about(row, Kind.FAILED, reason=Reason.POLICY_REFUSED))
    assert (_status(row), row.reason) == ("failed", "policy_refused")
    assert DeadLetter.objects.filter(pk=row.id).exists()

    report(vendor, about(row, Kind.DELIVERED))

    assert (_status(row), row.reason) == ("delivered", "")
    assert not DeadLetter.objects.filter(pk=row.id).exists()
    assert [d.outcome for d in Decision.objects.filter(notification_id=row.id, stage="feedback")] == [
        "failed",
        "delivered",
    ]


def test_what_arrived_stays_arrived(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    row = _sent(ann, drain)
    report(vendor, about(row, Kind.DELIVERED))

    report(vendor, about(row, Kind.FAILED), about(row, Kind.DEFERRED))

    assert _status(row) == "delivered"
    assert DeadLetter.objects.count() == 0


def test_it_is_found_by_the_vendors_own_name_for_it(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    row = _sent(ann, drain)

    report(vendor, Reported(event_id="e1", kind=Kind.DELIVERED, remote_id=f"remote-{row.id}"))

    assert _status(row) == "delivered"


def test_a_name_that_several_messages_share_is_told_apart_by_the_address(
    vendor: ScriptedVendor, ann: User, drain: Drain
) -> None:
    vendor.script = lambda message: Sent(remote_id="batch-1")
    other = make_user(email="other@example.com")
    rows = [_accepted(ann), _accepted(other)]
    drain()

    report(vendor, Reported(event_id="e1", kind=Kind.DELIVERED, remote_id="batch-1", address="Other@example.com"))
    report(vendor, Reported(event_id="e2", kind=Kind.DELIVERED, remote_id="batch-1"))

    assert [_status(row) for row in rows] == ["sent", "delivered"]
    assert Waiting.objects.count() == 1


def test_a_report_that_comes_before_the_record_of_sending_waits_for_it(
    vendor: ScriptedVendor, ann: User, drain: Drain
) -> None:
    row = _accepted(ann)
    report(
        vendor,
        about(row, Kind.DELIVERED),
        Reported(event_id="opened", kind=Kind.OPENED, remote_id=f"remote-{row.id}"),
    )
    assert Waiting.objects.count() == 2
    assert _status(row) == "pending"

    drain()
    Waiting.objects.update(due_at=clock.now() - timedelta(seconds=1))
    feedback.drain()

    assert _status(row) == "delivered"
    assert Waiting.objects.count() == 0
    assert _events(row).count("opened") == 1


def test_a_report_of_an_unknown_message_is_let_go_after_three_days(vendor: ScriptedVendor, ground: None) -> None:
    report(vendor, Reported(event_id="e", kind=Kind.DELIVERED, remote_id="never-heard-of"))
    assert Waiting.objects.count() == 1

    Waiting.objects.update(due_at=clock.now() - timedelta(seconds=1), since=clock.now() - timedelta(hours=73))
    feedback.drain()

    assert Waiting.objects.count() == 0
    assert Report.objects.count() == 0


def test_another_channels_notification_is_not_believed(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    row = _sent(ann, drain, channels=(ChannelKey.SMS,), subject="")
    before = row.status

    report(vendor, about(row, Kind.COMPLAINED))

    assert _status(row) == before
    assert Report.objects.count() == 0
    assert "complained" not in _events(row)


def test_a_held_notification_is_settled_by_its_receipt(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    vendor.script = lambda message: Unclear(why=Reason.TIMEOUT)
    row = _sent(ann, drain, category="marketing")
    assert QueueEntry.objects.get(pk=row.id).awaits

    report(vendor, about(row, Kind.DELIVERED))

    assert _status(row) == "delivered"
    assert row.account == "scripted"
    assert not QueueEntry.objects.filter(pk=row.id).exists()


def test_a_held_notification_that_bounced_has_failed(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    vendor.script = lambda message: Unclear(why=Reason.TIMEOUT)
    row = _sent(ann, drain, category="marketing")

    report(vendor, about(row, Kind.BOUNCED))

    assert (_status(row), row.reason) == ("failed", "address_unreachable")
    assert DeadLetter.objects.filter(pk=row.id).exists()


def test_a_receipt_saves_a_second_attempt(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    vendor.script = lambda message: Unclear(why=Reason.TIMEOUT)
    row = _sent(ann, drain)
    assert not QueueEntry.objects.get(pk=row.id).awaits

    report(vendor, about(row, Kind.DELIVERED))

    assert _status(row) == "delivered"
    assert QueueEntry.objects.count() == 0
    assert len(vendor.given) == 1


def test_a_bounce_of_an_earlier_attempt_does_not_fail_the_later_one(
    vendor: ScriptedVendor, ann: User, drain: Drain
) -> None:
    row = _sent(ann, drain)
    Attempt.objects.create(
        notification_id=row.id,
        number=0,
        target="a***@example.com",
        account="scripted",
        outcome="unclear",
        remote_id="earlier",
        started_at=clock.now(),
        finished_at=clock.now(),
    )

    report(vendor, Reported(event_id="b", kind=Kind.FAILED, remote_id="earlier"))

    assert _status(row) == "sent"
    assert Report.objects.filter(notification_id=row.id).count() == 1


def test_what_a_text_cost_is_put_on_its_attempt(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    row = _sent(ann, drain)

    report(vendor, about(row, Kind.DELIVERED, segments=2, price="0.0150 USD"))

    attempt = Attempt.objects.get(notification_id=row.id)
    assert (attempt.segments, attempt.price) == (2, "0.0150 USD")


def test_a_failure_reported_later_lets_the_chain_go_on(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    from clarion.flows.ingest.asked import Fallback

    row = _accepted(ann, fallback=Fallback(channels=(ChannelKey.SMS,)), subject="Hello")
    drain()

    report(vendor, about(row, Kind.BOUNCED))

    assert _status(row) == "failed"
    assert DeadLetter.objects.count() == 0
    assert list(Notification.objects.exclude(pk=row.id).values_list("channel", flat=True)) == ["sms"]


# what cannot be read


def test_a_malformed_callback_stays_stored_and_is_replayed_after_a_fix(
    vendor: ScriptedVendor, ann: User, drain: Drain, as_staff: Api
) -> None:
    row = _sent(ann, drain)
    body = signed([about(row, Kind.DELIVERED)], key=vendor.ear.key, at=clock.now()).body
    vendor.ear.parse_fault = RuntimeError("a bug")
    assert post(path_of(), signed_bytes(body, key=vendor.ear.key, at=clock.now())).status_code == 200
    assert post(path_of(), signed_bytes(b"{", key=vendor.ear.key, at=clock.now())).status_code == 200
    feedback.drain()
    assert Callback.objects.exclude(error="").count() == 2
    assert Task.objects.count() == 0

    unread = as_staff.get("callbacks?unread=true").json()["results"]
    assert [one["account"] for one in unread] == ["email.scripted", "email.scripted"]
    assert "RuntimeError" in unread[1]["error"]

    vendor.ear.parse_fault = None
    assert as_staff.post("callbacks/replay").json() == {"replayed": 2, "more": False}
    feedback.drain()

    assert _status(row) == "delivered"
    assert [c.error for c in Callback.objects.order_by("id")] == ["", "malformed: not a list of events"]


def test_what_the_vendor_wants_done_besides_is_tried_again_until_it_works(vendor: ScriptedVendor, ground: None) -> None:
    vendor.ear.acknowledge_faults = [Unreachable("not now")]
    report(vendor)
    assert (vendor.ear.acknowledged, Task.objects.count()) == (0, 1)

    Task.objects.update(due_at=clock.now() - timedelta(seconds=1))
    feedback.drain()

    assert (vendor.ear.acknowledged, Task.objects.count()) == (1, 0)


def test_a_worker_that_dies_over_a_callback_leaves_it_to_the_next(
    vendor: ScriptedVendor, ann: User, drain: Drain
) -> None:
    from clarion.records.feedback import callbacks

    row = _sent(ann, drain)
    call(vendor, [about(row, Kind.DELIVERED)])
    assert len(callbacks.claim(10)) == 1
    assert feedback.drain() == 0

    Task.objects.update(due_at=clock.now() - timedelta(seconds=1))

    assert feedback.drain() == 1
    assert _status(row) == "delivered"


def test_what_people_may_read_about_a_notification_tells_of_reports(
    vendor: ScriptedVendor, ann: User, drain: Drain, as_ann: Api
) -> None:
    row = _sent(ann, drain)
    at = clock.now()
    deferred = about(row, Kind.DEFERRED, reason=Reason.MAILBOX_FULL, happened_at=at)
    report(vendor, about(row, Kind.OPENED, happened_at=at + timedelta(seconds=1)), deferred)

    events = [event["type"] for event in as_ann.get(f"notifications/{row.id}").json()["events"]]
    steps = as_ann.get(f"notifications/{row.id}/explain").json()["steps"]

    assert sorted(events) == ["accepted", "deferred", "delivered", "opened", "sent"]
    assert [(s["stage"], s["outcome"]) for s in steps if s["stage"] == "feedback"] == [
        ("feedback", "deferred"),
        ("feedback", "opened"),
    ]
