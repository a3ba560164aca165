"""The reputation guard: an account, or a category on it, that burns the sender's name waits for a person."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Kind
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Sent
from clarion.contract.reasons import Reason
from clarion.flows.delivery import flow as delivery
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.flow import send
from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Decision, Notification
from clarion.records.people.models import User
from clarion.records.reputation import guard, tallies
from clarion.records.reputation.models import WHOLE, Ruling, Standing, Tally
from clarion.records.reputation.rules import Counts, Thresholds
from clarion.testing.scripted_feedback import ScriptedVendor
from tests.conftest import Api, agree_to_marketing, caller_of
from tests.integration.api_document import refused, watch
from tests.integration.callbacks import about, account, path_of, report
from tests.integration.conftest import Carry

Drain = Callable[[], int]
FEW = Thresholds(minimum=10)


@pytest.fixture(autouse=True)
def _every_answer_is_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture
def vendors(carried_by: Carry) -> tuple[ScriptedVendor, ScriptedVendor]:
    first, second = ScriptedVendor(name="first"), ScriptedVendor(name="second")
    carried_by(ChannelKey.EMAIL, first, second)
    return first, second


def _category(key: str) -> int:
    return Category.objects.get(key=key).id


def _accepted(user: User, category: str = "orders") -> Notification:
    if category == "marketing":
        agree_to_marketing(user)
    asked = Send(
        caller=caller_of(user),
        user_id=user.id,
        subject="Hello",
        body="Text",
        channels=(ChannelKey.EMAIL,),
        category=category,
    )
    return Notification.objects.get(pk=send(asked, clock.now()).notifications[0].id)


def _tally(category: str, counts: Counts, name: str = "first") -> None:
    tallies.add({(f"email.{name}", _category(category)): counts}, clock.now())


def _states() -> dict[tuple[str, int], str]:
    return {(row.account, row.category_id): row.state for row in Standing.objects.all()}


def _reread() -> None:
    for slots in delivery._slots.values():
        for slot in slots:
            slot.carriers.forget()


def test_what_is_sent_bounces_and_is_complained_of_is_counted(
    vendors: tuple[ScriptedVendor, ScriptedVendor], ann: User, drain: Drain
) -> None:
    first, _ = vendors

    def script(message: Message) -> Outcome:
        return Rejected(why=Reason.INVALID_ADDRESS, suppress=True) if len(first.given) == 1 else Sent()

    first.script = script
    rows = [_accepted(ann) for _ in range(4)]
    drain()
    row = Notification.objects.filter(status="sent").first()
    assert row is not None
    path = path_of(account(name="first"))
    report(first, about(row, Kind.BOUNCED), about(row, Kind.COMPLAINED), path=path)
    report(first, about(row, Kind.BOUNCED), path=path)

    found = tallies.sums(clock.now() - timedelta(hours=1))

    assert found == {("email.first", _category("orders")): Counts(sent=len(rows), bounced=2, complained=1)}


def test_a_notification_counts_once_of_each_kind_however_often_it_is_reported(
    vendors: tuple[ScriptedVendor, ScriptedVendor], ann: User, drain: Drain
) -> None:
    """Whoever got one mail can make bounces and complaints about it, each with an id of its own."""
    first, _ = vendors
    row, other = _accepted(ann), _accepted(ann)
    drain()
    path = path_of(account(name="first"))

    report(first, *[about(row, kind, n) for kind in (Kind.BOUNCED, Kind.COMPLAINED) for n in range(30)], path=path)
    report(first, *[about(row, Kind.BOUNCED, n) for n in range(30, 60)], path=path)
    report(first, about(row, Kind.BOUNCED, 60), about(other, Kind.BOUNCED), path=path)

    found = tallies.sums(clock.now() - timedelta(hours=1))
    assert found == {("email.first", _category("orders")): Counts(sent=2, bounced=2, complained=1)}


def test_adding_up_changes_no_sum_and_old_counts_are_dropped(ground: None) -> None:
    now = clock.now()
    for minutes in (1, 20, 21, 60 * 24 * 8):
        tallies.add({("email.first", 1): Counts(sent=10, bounced=1)}, now - timedelta(minutes=minutes))

    tallies.compact(now)

    assert tallies.sums(now - timedelta(hours=2)) == {("email.first", 1): Counts(sent=30, bounced=3)}
    assert Tally.objects.count() <= 3
    assert not Tally.objects.filter(at__lt=now - timedelta(days=7)).exists()


def test_a_category_over_the_limit_is_paused_alone_and_goes_to_the_next_account(
    vendors: tuple[ScriptedVendor, ScriptedVendor], ann: User, drain: Drain
) -> None:
    first, second = vendors
    _tally("marketing", Counts(sent=100, bounced=20))
    _tally("orders", Counts(sent=100, bounced=1))

    changed = guard.evaluate(FEW, clock.now())

    assert [(r.account, r.category_id, r.after) for r in changed] == [("email.first", _category("marketing"), "paused")]
    assert _states()["email.first", WHOLE] == "good"
    assert guard.evaluate(FEW, clock.now()) == []
    _reread()
    rows = [_accepted(ann, key) for key in ("marketing", "orders", "marketing")]
    drain()
    assert [m.category for m in first.given] == ["orders"]
    assert [m.category for m in second.given] == ["marketing", "marketing"]
    assert {Notification.objects.get(pk=row.id).status for row in rows} == {"sent"}


def test_an_account_that_is_paused_as_a_whole_is_passed_over(
    vendors: tuple[ScriptedVendor, ScriptedVendor], ann: User, drain: Drain
) -> None:
    first, second = vendors
    for key in ("orders", "marketing", "general"):
        _tally(key, Counts(sent=6, bounced=4))

    guard.evaluate(FEW, clock.now())

    assert _states()["email.first", WHOLE] == "paused"
    _reread()
    _accepted(ann)
    drain()
    assert (len(first.given), len(second.given)) == (0, 1)


def test_with_no_other_account_it_waits_and_says_why(carried_by: Carry, ann: User, drain: Drain) -> None:
    only = ScriptedVendor(name="first")
    carried_by(ChannelKey.EMAIL, only)
    _tally("orders", Counts(sent=100, complained=3))
    guard.evaluate(FEW, clock.now())
    _reread()
    row = _accepted(ann)

    drain()

    row.refresh_from_db()
    assert (row.status, only.given) == ("pending", [])
    decision = Decision.objects.get(notification_id=row.id, stage="send")
    assert (decision.rule, decision.outcome, decision.reason) == ("reputation", "hold", "reputation_paused")


def test_a_person_resumes_it_and_what_was_counted_counts_no_more(
    vendors: tuple[ScriptedVendor, ScriptedVendor], as_staff: Api, staff: User
) -> None:
    _tally("orders", Counts(sent=100, bounced=50))
    guard.evaluate(FEW, clock.now() + timedelta(seconds=1))
    shown = as_staff.get("providers/email.first").json()["reputation"]
    assert shown["state"] == "paused"
    assert [(s["category"], s["state"], s["bounce_rate"]) for s in shown["standings"]] == [
        ("", "good", 0.0),
        ("orders", "paused", 50.0),
    ]
    assert shown["rulings"][0]["why"] == "50 of 100 bounced, 50.00 %; the limit is 10 %"

    answer = as_staff.post("providers/email.first/resume", {"why": "the list is cleaned", "category": "orders"})

    assert answer.json()["reputation"]["state"] == "good"
    ruling = answer.json()["reputation"]["rulings"][0]
    assert (ruling["after"], ruling["by"], ruling["why"]) == ("good", f"user {staff.id}", "the list is cleaned")
    assert guard.evaluate(FEW, clock.now() + timedelta(seconds=2)) == []
    _tally("orders", Counts(sent=100, bounced=50))
    assert len(guard.evaluate(FEW, clock.now() + timedelta(seconds=3))) == 1
    assert Ruling.objects.count() == 3


def test_resuming_the_account_resumes_all_of_it(vendors: tuple[ScriptedVendor, ScriptedVendor], as_staff: Api) -> None:
    _tally("orders", Counts(sent=100, bounced=50))
    _tally("general", Counts(sent=100, bounced=50))
    guard.evaluate(FEW, clock.now() + timedelta(seconds=1))

    answer = as_staff._client.generic("POST", "/api/v1/providers/email.first/resume", headers=as_staff._headers)

    assert answer.json()["reputation"]["state"] == "good"
    assert guard.barred("email") == {}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [({"category": "orders"}, 409, "not_paused"), ({"category": "nothing"}, 422, "category_not_found")],
)
def test_what_is_not_paused_cannot_be_resumed(
    vendors: tuple[ScriptedVendor, ScriptedVendor], as_staff: Api, body: dict[str, Any], status: int, code: str
) -> None:
    refused(as_staff.post("providers/email.first/resume", body), status, code, "/category")


def test_the_callback_url_is_shown_to_staff_and_rotated(
    vendors: tuple[ScriptedVendor, ScriptedVendor], as_staff: Api
) -> None:
    shown = {one["name"]: one["callback_url"] for one in as_staff.get("providers").json()["results"]}
    assert shown["sms.sandbox"] == ""
    assert shown["email.first"].startswith("http://127.0.0.1:8000/api/v1/hooks/first/")
    assert shown["email.first"].rpartition("/")[2] != shown["email.second"].rpartition("/")[2]

    rotated = as_staff.post("providers/email.first/rotate-callback", {"overlap_hours": 1}).json()["callback_url"]

    assert rotated != shown["email.first"]
    refused(as_staff.post("providers/sms.sandbox/rotate-callback"), 409, "reports_nothing")
