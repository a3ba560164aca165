"""What the scheduler and the jobs do with a piece that fails: it is told, passed over, and nothing behind it waits."""

from typing import Any

import pytest
from django.db import OperationalError
from structlog.testing import capture_logs

from clarion.flows.delivery import beat
from clarion.flows.ingest import audience
from clarion.records.ledger.bulk_store import JobState
from clarion.records.ledger.models import Job, Notification
from clarion.records.people.models import User
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring
from tests.conftest import Api


def broken() -> None:
    raise RuntimeError("unheard of")


def test_a_tick_that_fails_stops_no_other_and_rests_a_while(ground: None) -> None:
    ran: list[int] = []
    schedule = [beat.Tick("broken", 0.0, broken), beat.Tick("next", 0.0, lambda: ran.append(1))]
    with capture_logs() as told:
        beat._turn(schedule)
        beat._turn(schedule)
    assert ran == [1, 1]
    assert [(each["event"], each["tick"], each["kind"]) for each in told] == [("tick_failed", "broken", "RuntimeError")]
    assert told[0]["exc_info"]
    schedule[0].due -= beat.FAULT_SECONDS
    with capture_logs() as told:
        beat._turn(schedule)
    assert [each["event"] for each in told] == ["tick_failed"], "it is tried again"


def test_a_statement_that_is_refused_does_not_cost_the_leader_its_lock(
    ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_slow() -> None:
        raise OperationalError("canceling statement due to lock timeout")

    closed: list[int] = []
    ran: list[int] = []
    monkeypatch.setattr(beat.connection, "close", lambda: closed.append(1))
    schedule = [beat.Tick("slow", 0.0, too_slow), beat.Tick("next", 0.0, lambda: ran.append(1))]
    beat._turn(schedule)
    assert (ran, closed) == ([1], [])
    monkeypatch.setattr(beat.connection, "is_usable", lambda: False)
    schedule[0].due = 0.0
    beat._turn(schedule)
    assert (ran, closed) == ([1], [1]), "without a database the turn is over"


def job(as_service: Api) -> Job:
    body = {"subject": "a", "body": "b", "channel": "in_app", "user_filters": {"is_active": True}}
    answer = as_service.post("notifications/bulk", body)
    assert answer.status_code == 202
    return Job.objects.get(pk=answer.json()["job_id"])


def states() -> list[tuple[str, int]]:
    return [(one.state, one.accepted) for one in Job.objects.order_by("id")]


@pytest.mark.parametrize("plan", [b'{"asked":{},"subject":{},"filters":{}}', b"{"])
def test_a_job_whose_plan_cannot_be_read_fails_and_those_behind_it_go_on(
    ann: User, as_service: Api, plan: bytes
) -> None:
    first, _ = job(as_service), job(as_service)
    first.plan_sealed = ring().seal(plan, place_of("ledger_job", first.id, "plan_sealed"))
    first.save()
    people = User.objects.filter(is_active=True).count()
    audience.take_in_all()
    assert states() == [(JobState.FAILED, 0), (JobState.ACCEPTED, people)]
    assert not Notification.objects.filter(request_id=first.id).exists()


def test_a_job_that_meets_a_fault_is_passed_over_and_taken_up_again(
    ann: User, as_service: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = job(as_service), job(as_service)
    people = User.objects.filter(is_active=True).count()
    real = audience.resumed

    def faulty(found: Job, plan: Any) -> Any:
        if found.id == first.id:
            broken()
        return real(found, plan)

    with monkeypatch.context() as patched, capture_logs() as told:
        patched.setattr(audience, "resumed", faulty)
        audience.take_in_all()
    assert states() == [(JobState.RUNNING, 0), (JobState.ACCEPTED, people)]
    assert [each["job"] for each in told if each["event"] == "job_passed_over"] == [str(first.id)]
    audience.take_in_all()
    assert states() == [(JobState.ACCEPTED, people)] * 2


def test_a_database_that_is_gone_ends_the_round(ann: User, as_service: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    job(as_service)

    def gone(*_: Any) -> Any:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(audience, "resumed", gone)
    monkeypatch.setattr(audience.connection, "is_usable", lambda: False)
    with pytest.raises(OperationalError):
        audience.take_in_all()
    assert states() == [(JobState.RUNNING, 0)]
