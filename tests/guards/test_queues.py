"""Every queue has a worker: what is rung for, what is served and what is known are the same closed set."""

from clarion.config.celery import app
from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import bell, flow
from clarion.flows.delivery.backoff import POLICIES
from clarion.records.ledger.lanes import FEEDBACK, JOBS, lanes
from clarion.surfaces.cli.processes import parse_lanes

LANES = [lane for key in ChannelKey for lane in (str(key), f"{key}.bulk")]


def test_there_is_a_celery_queue_for_every_lane_and_no_other() -> None:
    assert [each.name for each in app.conf.task_queues] == [bell.queue_of(lane) for lane in [*LANES, JOBS, FEEDBACK]]


def test_a_worker_serves_every_lane_unless_told_otherwise() -> None:
    assert lanes() == LANES
    assert parse_lanes("") == [*LANES, JOBS, FEEDBACK]


def test_every_lane_has_its_slots_and_a_retry_policy() -> None:
    assert {lane: len(slots) for lane, slots in flow._slots.items()} == {
        lane: 1 if lane.endswith(".bulk") else 2 for lane in LANES
    }
    assert set(POLICIES) == set(ChannelKey)


def test_the_task_that_is_rung_is_the_task_that_is_served() -> None:
    app.loader.import_default_modules()

    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert ours == {bell.TASK, bell.JOBS_TASK, bell.FEEDBACK_TASK}


def test_a_message_for_an_undeclared_queue_is_refused_rather_than_parked_where_nobody_looks() -> None:
    assert app.conf.task_create_missing_queues is False
    assert app.conf.task_default_queue in {each.name for each in app.conf.task_queues}
