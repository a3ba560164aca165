"""Bursts: the first ones go out singly, the rest as one when the window ends; exactly one, whatever crashes."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.outcome import Retry, Sent
from clarion.contract.reasons import Reason
from clarion.flows.delivery import beat, group_content, grouping
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.categories.models import Category
from clarion.records.digests import windows
from clarion.records.digests.models import Item, Window
from clarion.records.digests.windows import Arrival, Key
from clarion.records.ids import new_id
from clarion.records.ledger.models import Decision, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, caller_of, make_user

EMAIL, SMS, IN_APP = ChannelKey.EMAIL, ChannelKey.SMS, ChannelKey.IN_APP
Drain = Callable[[], int]


def group_orders(above: int = 2, **given: Any) -> None:
    Category.objects.filter(key="orders").update(group_above=above, **given)
    catalog.read()


def send(user: User, count: int = 1, channel: ChannelKey = EMAIL, **given: Any) -> list[UUID]:
    def one(number: int) -> UUID:
        content = {} if "template_path" in given else {"subject": f"Order {number}", "body": "A body"}
        asked = Send(
            caller=caller_of(user, Permission.STAFF),
            user_id=user.id,
            channels=(channel,),
            **{"category": "orders", **content, **given},
        )
        return ingest.send(asked, clock.now()).notifications[0].id

    return [one(number) for number in range(1, count + 1)]


def standing(ids: list[UUID]) -> list[str]:
    rows = {row.id: f"{row.status} {row.reason}".strip() for row in Notification.objects.filter(pk__in=ids)}
    return [rows[one] for one in ids]


def end_windows() -> None:
    Window.objects.update(closes_at=clock.now() - timedelta(seconds=1))


def make_due() -> None:
    QueueEntry.objects.update(due_at=clock.now() - timedelta(seconds=1))


@pytest.fixture
def mail(carried_by: Any) -> ScriptedProvider:
    provider = ScriptedProvider(name="mailer")
    carried_by(EMAIL, provider)
    return provider


def subjects(provider: ScriptedProvider) -> list[str]:
    return [message.content.subject for message in provider.given]  # type: ignore[union-attr]


def test_the_first_go_singly_and_the_rest_as_one_when_the_window_ends(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    group_orders(above=2)
    ids = send(ann, 5)
    drain()
    assert standing(ids) == ["sent", "sent", *["digested grouped"] * 3]
    assert subjects(mail) == ["Order 1", "Order 2"]
    assert grouping.send_groups() == 0, "its time is not over"
    end_windows()
    assert grouping.send_groups() == 1
    drain()
    assert subjects(mail)[2:] == ["3 × orders"]
    assert mail.given[2].content.text.strip() == "- Order 3\n- Order 4\n- Order 5"  # type: ignore[union-attr]
    group = Notification.objects.exclude(pk__in=ids).get()
    assert (group.status, group.channel, group.user_id) == ("sent", "email", ann.id)
    told = as_service.get(f"notifications/{ids[4]}/explain").json()
    assert "number 5 of orders since" in told["steps"][-2]["detail"]
    assert told["steps"][-1]["detail"] == f"told of in {group.id}"
    assert "told of in one with the others" in told["says"]
    assert not Window.objects.exists()
    assert not Item.objects.exists()
    assert not QueueEntry.objects.exists()


def test_a_new_window_begins_with_the_next_one(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    group_orders(above=1)
    send(ann, 2)
    drain()
    end_windows()
    late = send(ann, 2)
    drain()
    assert standing(late) == ["sent", "digested grouped"], "the old one was closed though nobody had sent it yet"
    assert grouping.send_groups() == 1
    drain()
    assert Window.objects.count() == 1


def test_people_channels_and_categories_have_windows_of_their_own(
    ann: User, mail: ScriptedProvider, drain: Drain
) -> None:
    group_orders(above=1)
    bo = make_user()
    first = [*send(ann), *send(bo), *send(ann, channel=SMS), *send(ann, category="general")]
    drain()
    assert set(standing(first)) <= {"sent", "delivered"}
    second = [*send(ann), *send(bo), *send(ann, channel=SMS), *send(ann, category="general")]
    drain()
    assert [each.split()[0] for each in standing(second)] == ["digested", "digested", "digested", "sent"]


def test_critical_and_soon_expiring_ones_and_inboxes_are_never_grouped(
    ann: User, mail: ScriptedProvider, drain: Drain
) -> None:
    group_orders(above=1)
    send(ann)
    soon = clock.now() + timedelta(minutes=5)
    ids = [*send(ann, 2, priority=1), *send(ann, 2, expires_at=soon), *send(ann, 2, channel=IN_APP)]
    drain()
    assert [each.split()[0] for each in standing(ids)] == ["sent"] * 4 + ["delivered"] * 2
    later = send(ann, expires_at=clock.now() + timedelta(hours=2))
    drain()
    assert standing(later) == ["digested grouped"]


def test_channels_may_be_chosen(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    group_orders(above=1, group_channels=["in_app"])
    ids = [*send(ann, 2, channel=IN_APP), *send(ann, 2)]
    drain()
    assert [each.split()[0] for each in standing(ids)] == ["delivered", "digested", "sent", "sent"]


def test_a_group_names_so_many_and_counts_the_rest(
    ann: User, mail: ScriptedProvider, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_content, "SHOWN", 2)
    group_orders(above=1)
    send(ann, 6)
    drain()
    end_windows()
    grouping.send_groups()
    drain()
    assert subjects(mail)[-1] == "5 × orders"
    assert mail.given[-1].content.text.strip() == "- Order 2\n- Order 3\n+ 3"  # type: ignore[union-attr]


def test_a_template_of_the_category_tells_of_the_items(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    def template(path: str, subject: str, text: str) -> Any:
        content = {"email": {"default": {"subject": subject, "text": text}}}
        return as_service.post("templates", {"path": path, "name": path, "category": "orders", "content": content})

    template("order.placed", "Order {{ number }} is placed", "Thanks")
    names = "{% for item in items %}{{ item.title }} ({{ item.context.number }}); {% endfor %}"
    assert template("orders.many", "{{ count }} orders, {{ more }} more", names).status_code == 201
    category = Category.objects.get(key="orders").id
    changed = as_service.patch(f"categories/{category}", {"group_above": 1, "group_template": "orders.many"})
    assert (changed.status_code, changed.json()["group_template"]) == (200, "orders.many")
    for number in (7, 8, 9):
        send(ann, template_path="order.placed", context={"number": number})
    drain()
    end_windows()
    grouping.send_groups()
    drain()
    assert subjects(mail)[-1] == "2 orders, 0 more"
    text = mail.given[-1].content.text.strip()  # type: ignore[union-attr]
    assert text == "Order 8 is placed (8); Order 9 is placed (9);"


def test_a_retry_counts_nothing_twice(ann: User, carried_by: Any, drain: Drain) -> None:
    def script(message: Message) -> Any:
        return Sent() if message.attempt > 1 else Retry(why=Reason.TEMPORARY)

    carried_by(EMAIL, ScriptedProvider(script=script))
    group_orders(above=2)
    ids = send(ann, 2)
    drain()
    make_due()
    drain()
    assert standing(ids) == ["sent", "sent"]
    assert Window.objects.get().count == 2


def test_what_a_worker_had_collected_when_it_died_is_told_of_in_the_group_and_not_sent(
    ann: User, mail: ScriptedProvider, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    group_orders(above=1)
    ids = send(ann, 3)
    orders = catalog.find("orders")
    assert orders is not None
    key = Key(user_id=ann.id, category_id=orders.id, channel="email")
    windows.put(
        [Arrival(id=one, key=key, above=1, closes_at=clock.now() + timedelta(hours=1)) for one in ids], clock.now()
    )
    end_windows()
    assert grouping.send_groups() == 1
    assert standing(ids) == ["pending", *["digested grouped"] * 2]
    drain()
    assert sorted(subjects(mail)) == ["2 × orders", "Order 1"]


def test_a_second_look_at_what_was_collected_finds_the_same_place(
    ann: User, mail: ScriptedProvider, drain: Drain
) -> None:
    group_orders(above=1)
    first, second = send(ann, 2)
    drain()
    place = windows.places_of([first, second])
    assert (place[first].number, place[second].number) == (1, 2)
    assert place[second].is_collected
    QueueEntry.objects.create(id=second, lane="email", priority=3, due_at=clock.now(), attempts=1, caller_id=ann.id)
    drain()
    assert subjects(mail) == ["Order 1"]


def test_a_person_who_is_gone_gets_no_group(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    group_orders(above=1)
    ids = send(ann, 3)
    drain()
    User.objects.filter(pk=ann.id).update(is_active=False)
    end_windows()
    assert grouping.send_groups() == 1
    assert Notification.objects.count() == len(ids)
    assert not Window.objects.exists()


def test_a_group_passes_the_gate_and_is_not_grouped_itself(
    ann: User, mail: ScriptedProvider, drain: Drain, as_ann: Api
) -> None:
    group_orders(above=1)
    send(ann, 2)
    drain()
    end_windows()
    grouping.send_groups()
    send(ann)
    drain()
    assert subjects(mail)[1:] == ["1 × orders", "Order 1"] or subjects(mail)[1:] == ["Order 1", "1 × orders"]
    send(ann)
    drain()
    end_windows()
    as_ann.patch("preferences", {"global": {"notifications_enabled": False}})
    grouping.send_groups()
    drain()
    assert Notification.objects.order_by("-id")[0].status == "suppressed"


def test_the_scheduler_sends_groups_every_second() -> None:
    assert [tick.every_seconds for tick in beat.ticks() if tick.name == "send_groups"] == [1.0]


def test_a_tick_that_crashes_is_made_up_for_by_the_next(
    ann: User, mail: ScriptedProvider, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    group_orders(above=1)
    send(ann, 3)
    drain()
    end_windows()
    with monkeypatch.context() as patched:
        patched.setattr(grouping, "_decision", _dies)
        with pytest.raises(RuntimeError):
            grouping.send_groups()
    assert Notification.objects.count() == 3
    grouping.send_groups()
    assert Notification.objects.count() == 4


def _dies(*_: Any) -> None:
    raise RuntimeError("the scheduler died")


def test_two_schedulers_send_one_group(real_ground: None) -> None:
    ann = make_user()
    group_orders(above=1)
    ids = send(ann, 4)
    orders = catalog.find("orders")
    assert orders is not None
    key = Key(user_id=ann.id, category_id=orders.id, channel="email")
    windows.put(
        [Arrival(id=one, key=key, above=1, closes_at=clock.now() + timedelta(hours=1)) for one in ids], clock.now()
    )
    end_windows()
    in_parallel(*[grouping.send_groups] * 4)
    assert Notification.objects.count() == 5
    assert Decision.objects.filter(rule="group", outcome="allow").count() == 1


def test_workers_at_the_same_time_give_each_number_once(real_ground: None) -> None:
    users = [new_id() for _ in range(20)]
    keys = [Key(user_id=user, category_id=1, channel="email") for user in users]

    def arrive() -> None:
        for turn in range(5):
            some = keys if turn % 2 else keys[::-1]
            arrivals = [
                Arrival(id=new_id(), key=key, above=3, closes_at=clock.now() + timedelta(hours=1)) for key in some
            ]
            windows.put(arrivals, clock.now())

    def within() -> None:
        from django.db import transaction

        with transaction.atomic():
            arrive()

    in_parallel(within, within, within)
    assert set(Window.objects.values_list("count", flat=True)) == {15}
    assert Item.objects.count() == 300


def in_parallel(*works: Callable[[], object]) -> None:
    faults: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert faults == []


# --- settings


def test_settings_are_shown_and_checked(as_staff: Api, as_service: Api) -> None:
    category = Category.objects.get(key="orders").id
    shown = as_staff.get(f"categories/{category}").json()
    assert {name: shown[name] for name in shown if name.startswith("group_")} == {
        "group_above": 0,
        "group_window_seconds": 3600,
        "group_channels": [],
        "group_template": "",
    }
    as_service.post(
        "templates",
        {
            "path": "needs.more",
            "name": "x",
            "category": "orders",
            "required_variables": ["name"],
            "content": {"email": {"default": {"subject": "{{ name }}", "text": "t"}}},
        },
    )
    for bad, code in [
        ({"group_above": -1}, "invalid_input"),
        ({"group_above": 1_001}, "invalid_input"),
        ({"group_window_seconds": 59}, "invalid_input"),
        ({"group_window_seconds": 86_401}, "invalid_input"),
        ({"group_channels": ["fax"]}, "invalid_input"),
        ({"group_template": "no.such"}, "template_not_found"),
        ({"group_template": "needs.more"}, "missing_variables"),
    ]:
        refused = as_staff.patch(f"categories/{category}", bad)
        assert (refused.status_code, refused.json()["code"]) == (422, code), bad
    row = Category.objects.get(pk=category)
    assert (row.group_above, row.group_window_seconds, row.group_template) == (0, 3600, "")
