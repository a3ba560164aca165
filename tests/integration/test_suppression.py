"""The suppression list: what puts an address on it, what that stops, and how it comes off again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Kind, Reported
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Sent
from clarion.contract.reasons import Reason
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.flow import send
from clarion.records import clock
from clarion.records.ledger.models import Notification
from clarion.records.people.models import Device, Endpoint, User
from clarion.records.personal.envelope import KeyRing
from clarion.records.personal.ring import ring
from clarion.records.personal.rotation import rotate
from clarion.records.suppression.models import Entry, Strike
from clarion.testing.scripted import ScriptedProvider
from clarion.testing.scripted_feedback import ScriptedVendor
from tests.conftest import Api, caller_of, make_user
from tests.integration.api_document import refused, watch
from tests.integration.callbacks import about, account, path_of, report
from tests.integration.conftest import Carry

Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _every_answer_is_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture
def vendor(carried_by: Carry) -> ScriptedVendor:
    one = ScriptedVendor()
    carried_by(ChannelKey.EMAIL, one)
    return one


def _send(api: Api, user: User, **given: Any) -> Any:
    body = {"subject": "Hello", "body": "Text", "channel": "email", "user_id": str(user.id), **given}
    return api.post("notifications/send", body)


def _row(answer: Any) -> Notification:
    body = answer.json()
    return Notification.objects.get(pk=body["id"] if "id" in body else body["notifications"][0])


def _accepted(user: User, **given: Any) -> Notification:
    given = {"subject": "Hello", "body": "Text", "channels": (ChannelKey.EMAIL,), "category": "orders", **given}
    receipt = send(Send(caller=caller_of(user), user_id=user.id, **given), clock.now())
    return Notification.objects.get(pk=receipt.notifications[0].id)


def _reasons() -> list[str]:
    return list(Entry.objects.filter(lifted_at=None).order_by("reason").values_list("reason", flat=True))


# what is said of an address


def test_a_bounced_address_is_suppressed_and_the_next_send_says_so(
    vendor: ScriptedVendor, ann: User, as_service: Api, drain: Drain
) -> None:
    first = _row(_send(as_service, ann))
    drain()
    report(vendor, about(first, Kind.BOUNCED, address="Ann@Example.com"))

    answer = _send(as_service, ann)

    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["notifications"][0]["reason"]) == ("suppressed", "hard_bounced")
    assert "suppression list" in body["message"]
    status = as_service.get(f"notifications/{body['id']}/status").json()
    assert (status["status"], status["reason"]) == ("suppressed", "hard_bounced")
    explained = as_service.get(f"notifications/{body['id']}/explain").json()
    assert explained["steps"][0]["rule"] == "suppression"
    assert explained["says"].startswith("It is suppressed. The address is on the suppression list")
    drain()
    assert len(vendor.given) == 1


def test_a_dry_run_tells_it(vendor: ScriptedVendor, ann: User, as_service: Api, drain: Drain) -> None:
    first = _row(_send(as_service, ann))
    drain()
    report(vendor, about(first, Kind.BOUNCED))

    body = {"subject": "Hello", "body": "Text", "channel": "email", "user_id": str(ann.id)}
    foreseen = as_service.post("notifications/explain", body).json()["results"][0]

    assert (foreseen["status"], foreseen["rule"], foreseen["reason"]) == ("suppressed", "suppression", "hard_bounced")


def test_it_stops_even_critical_essential_and_bypassing_sends(
    vendor: ScriptedVendor, ann: User, as_staff: Api, as_service: Api
) -> None:
    as_staff.post("suppressions", {"channel": "email", "address": "ann@example.com", "why": "asked us"})

    answer = _send(as_service, ann, category="security", priority="critical", options={"bypass_preferences": True})

    assert (answer.json()["status"], _row(answer).reason) == ("suppressed", "blocked")


def test_other_addresses_and_channels_are_not_concerned(
    vendor: ScriptedVendor, ann: User, as_staff: Api, as_service: Api
) -> None:
    as_staff.post("suppressions", {"channel": "email", "address": "ann@example.com", "why": "asked us"})
    other = make_user(email="other@example.com")

    assert _send(as_service, other).json()["status"] == "pending"
    assert _send(as_service, ann, channel="sms", subject="").json()["status"] == "pending"


def test_what_waits_is_stopped_just_before_it_is_sent(
    vendor: ScriptedVendor, ann: User, as_staff: Api, drain: Drain
) -> None:
    row = _accepted(ann)
    as_staff.post("suppressions", {"channel": "email", "address": "ann@example.com", "why": "asked us"})

    drain()

    row.refresh_from_db()
    assert (row.status, row.reason) == ("suppressed", "blocked")
    assert vendor.given == []


def test_a_bulk_send_tells_it_of_each(vendor: ScriptedVendor, ann: User, as_staff: Api, as_service: Api) -> None:
    other = make_user(email="other@example.com")
    as_staff.post("suppressions", {"channel": "email", "address": "ann@example.com", "why": "asked us"})

    recipients = [{"user_id": str(user.id)} for user in (ann, other)]
    answer = as_service.post(
        "notifications/bulk", {"subject": "H", "body": "T", "channel": "email", "recipients": recipients}
    )

    assert answer.json()["accepted"] == 2
    rows = {row.user_id: row.status for row in Notification.objects.all()}
    assert rows == {ann.id: "suppressed", other.id: "pending"}


def test_a_complaint_stops_marketing_alone(vendor: ScriptedVendor, ann: User, as_service: Api, drain: Drain) -> None:
    first = _row(_send(as_service, ann))
    drain()
    report(vendor, about(first, Kind.COMPLAINED, address="ann@example.com"))

    refused(_send(as_service, ann, category="marketing"), 403, "opted_out")
    assert _send(as_service, ann, category="orders").json()["status"] == "pending"
    assert set(Notification.objects.values_list("status", "reason")) == {
        ("delivered", ""),
        ("suppressed", "complained"),
        ("pending", ""),
    }


def test_who_answers_stop_gets_no_text_until_start(carried_by: Carry, ann: User, as_service: Api) -> None:
    texts = ScriptedVendor(name="texts")
    carried_by(ChannelKey.SMS, texts)
    path = path_of(account(ChannelKey.SMS, "texts"))
    at = clock.now()
    stop = Reported(event_id="r1", kind=Kind.REPLIED, address=ann.phone, text=" Stop. ", happened_at=at)
    report(texts, stop, path=path)
    assert _reasons() == ["stopped"]
    refused(_send(as_service, ann, channel="sms", subject=""), 403, "opted_out")

    start = Reported(
        event_id="r2", kind=Kind.REPLIED, address=ann.phone, text="START", happened_at=at + timedelta(seconds=1)
    )
    report(texts, start, path=path)
    report(texts, Reported(event_id="r3", kind=Kind.REPLIED, address=ann.phone, text="stop it!"), stop, path=path)

    assert _reasons() == []
    assert _send(as_service, ann, channel="sms", subject="").json()["status"] == "pending"


def test_start_that_overtakes_stop_still_wins(carried_by: Carry, ann: User) -> None:
    texts = ScriptedVendor(name="texts")
    carried_by(ChannelKey.SMS, texts)
    path = path_of(account(ChannelKey.SMS, "texts"))
    at = clock.now() - timedelta(minutes=1)
    start = Reported(
        event_id="r2", kind=Kind.REPLIED, address=ann.phone, text="Start", happened_at=at + timedelta(seconds=1)
    )
    report(texts, start, path=path)
    report(texts, Reported(event_id="r1", kind=Kind.REPLIED, address=ann.phone, text="STOP", happened_at=at), path=path)

    assert _reasons() == []


def test_soft_bounces_suppress_for_a_while_when_there_are_three(
    vendor: ScriptedVendor, ann: User, as_service: Api, drain: Drain
) -> None:
    rows = [_accepted(ann) for _ in range(3)]
    drain()
    at = clock.now()
    told = [about(row, Kind.SOFT_BOUNCED, address="ann@example.com", happened_at=at) for row in rows]
    report(vendor, told[0], told[1])
    report(vendor, told[0], told[1])
    assert _reasons() == []

    report(vendor, told[2])

    entry = Entry.objects.get()
    assert (entry.reason, entry.expires_at) == ("soft_bounced", at + timedelta(days=7))
    assert _send(as_service, ann).json()["notifications"][0]["reason"] == "soft_bounced"
    with clock.standing_at(at + timedelta(days=7, seconds=1)):
        assert _accepted(ann).status == "pending"


def test_soft_bounces_far_apart_do_not_count_together(vendor: ScriptedVendor, ann: User, drain: Drain) -> None:
    rows = [_accepted(ann) for _ in range(3)]
    drain()
    at = clock.now()
    report(
        vendor,
        *(
            about(row, Kind.SOFT_BOUNCED, address="ann@example.com", happened_at=at - timedelta(days=4 * n))
            for n, row in enumerate(rows)
        ),
    )

    assert Strike.objects.count() == 3
    assert _reasons() == []


def test_without_an_address_in_the_report_it_is_the_one_it_was_sent_to(
    vendor: ScriptedVendor, ann: User, drain: Drain
) -> None:
    moved = make_user(email="before@example.com")
    rows = [_accepted(ann), _accepted(moved)]
    drain()
    moved.email = "new@other.example"
    moved.save()

    report(vendor, *(about(row, Kind.BOUNCED) for row in rows))

    assert [str(entry.address) for entry in Entry.objects.all()] == ["ann@example.com"]


def test_a_dead_address_is_suppressed_even_where_the_message_is_unknown(
    vendor: ScriptedVendor, ann: User, as_service: Api
) -> None:
    report(vendor, Reported(event_id="x", kind=Kind.BOUNCED, remote_id="unknown", address="ann@example.com"))

    assert _send(as_service, ann).json()["status"] == "suppressed"


# what a provider answers at once


def _refuse_bad(message: Message) -> Outcome:
    if message.target.value.startswith(("bad", "token-bad", "https://bad")):
        return Rejected(why=Reason.ADDRESS_UNREACHABLE, suppress=True)
    return Sent()


def test_an_address_that_a_provider_refuses_for_good_is_skipped_from_then_on(
    carried_by: Carry, ann: User, as_service: Api, drain: Drain
) -> None:
    provider = ScriptedProvider(script=_refuse_bad)
    carried_by(ChannelKey.EMAIL, provider)
    bad = make_user(email="bad@example.com")
    rows = [_accepted(bad), _accepted(ann)]
    drain()

    assert [Notification.objects.get(pk=row.id).status for row in rows] == ["failed", "sent"]
    entry = Entry.objects.get()
    assert (str(entry.address), entry.reason, entry.source, entry.detail) == (
        "bad@example.com",
        "hard_bounced",
        "email.scripted",
        "address_unreachable",
    )
    assert _send(as_service, bad).json()["status"] == "suppressed"
    drain()
    assert len(provider.given) == 2


def test_a_refusal_of_the_message_suppresses_nobody(carried_by: Carry, ann: User, drain: Drain) -> None:
    carried_by(ChannelKey.EMAIL, ScriptedProvider(script=lambda m: Rejected(why=Reason.CONTENT_REFUSED)))
    _accepted(ann)

    drain()

    assert Entry.objects.count() == 0


def test_a_dead_device_is_deactivated_and_the_others_go_on(carried_by: Carry, ann: User, drain: Drain) -> None:
    provider = ScriptedProvider(script=_refuse_bad)
    carried_by(ChannelKey.PUSH, provider)
    dead = Device.objects.create(user=ann, platform="ios", token_kind="apns", token="token-bad")
    row = _accepted(ann, channels=(ChannelKey.PUSH,))
    drain()

    row.refresh_from_db()
    dead.refresh_from_db()
    assert (row.status, dead.active) == ("sent", False)
    assert Device.objects.filter(user=ann, active=True).count() == 1
    _accepted(ann, channels=(ChannelKey.PUSH,))
    drain()
    assert len(provider.given) == 3


def test_an_endpoint_that_is_gone_is_disabled(carried_by: Carry, ann: User, drain: Drain) -> None:
    carried_by(ChannelKey.WEBHOOK, ScriptedProvider(script=_refuse_bad))
    gone = Endpoint.objects.create(user=ann, channel="webhook", target="https://bad.example.com/in")
    _accepted(ann, channels=(ChannelKey.WEBHOOK,))
    drain()

    gone.refresh_from_db()
    assert gone.active is False
    assert Endpoint.objects.filter(user=ann, channel="webhook", active=True).count() == 1


def test_where_no_channel_is_asked_for_another_one_is_taken(ann: User, as_staff: Api, as_service: Api) -> None:
    body = {"subject": "Hello", "body": "Text", "user_id": str(ann.id)}
    assert as_service.post("notifications/send", body).json()["channel"] == "email"

    as_staff.post("suppressions", {"channel": "email", "address": "ann@example.com", "why": "x"})

    answer = as_service.post("notifications/send", body).json()
    assert (answer["channel"], answer["status"]) == ("push", "pending")


# coming off


def test_what_is_lifted_stays_lifted_when_old_reports_come_again(
    vendor: ScriptedVendor, ann: User, as_staff: Api, as_service: Api, drain: Drain
) -> None:
    row = _row(_send(as_service, ann))
    drain()
    bounce = about(row, Kind.BOUNCED, address="ann@example.com", happened_at=clock.now())
    report(vendor, bounce)
    found = as_staff.get("suppressions").json()["results"][0]
    assert (found["address"], found["state"], found["stops"]) == ("a***@example.com", "standing", "everything")

    lifted = as_staff.post(f"suppressions/{found['id']}/lift", {"why": "the mailbox is back"})

    assert (lifted.json()["state"], lifted.json()["lift_why"]) == ("lifted", "the mailbox is back")
    report(
        vendor, Reported(event_id="again", kind=Kind.BOUNCED, address="ann@example.com", happened_at=bounce.happened_at)
    )
    assert _reasons() == []
    assert _send(as_service, ann).json()["status"] == "pending"
    report(vendor, Reported(event_id="new", kind=Kind.BOUNCED, address="ann@example.com"))
    assert _reasons() == ["hard_bounced"]
    refused(as_staff.post(f"suppressions/{found['id']}/lift", {"why": "again"}), 409, "already_lifted")
    looked_up = as_staff.post("suppressions/lookup", {"channel": "email", "address": "ANN@example.com"}).json()
    assert [one["state"] for one in looked_up["results"]] == ["standing", "lifted"]
    assert looked_up["stops"] == "everything"


def test_staff_block_an_address_once_and_for_as_long_as_they_say(ann: User, as_staff: Api, as_service: Api) -> None:
    until = (clock.now() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    body = {"channel": "email", "address": "ann@example.com", "why": "asked us", "expires_at": until}
    made = as_staff.post("suppressions", body)

    assert (made.status_code, made.json()["reason"], made.json()["detail"]) == (201, "blocked", "asked us")
    assert as_staff.get(f"suppressions/{made.json()['id']}").json() == made.json()
    refused(as_staff.post("suppressions", body), 409, "already_listed")
    refused(as_staff.post("suppressions", {**body, "address": "nobody"}), 422, "invalid_email", "/address")
    assert Entry.objects.count() == 1
    with clock.standing_at(clock.now() + timedelta(days=2)):
        assert as_service.post("suppressions", {**body, "expires_at": None}).status_code == 201


def test_it_is_filtered_by_state_and_reason(ann: User, as_staff: Api) -> None:
    for name in ("one", "two"):
        as_staff.post("suppressions", {"channel": "email", "address": f"{name}@example.com", "why": "x"})
    first = as_staff.get("suppressions?state=standing&reason=blocked&channel=email").json()["results"]
    as_staff.post(f"suppressions/{first[0]['id']}/lift", {"why": "y"})

    assert len(first) == 2
    assert [len(as_staff.get(f"suppressions?state={s}").json()["results"]) for s in ("standing", "lifted")] == [1, 1]
    assert as_staff.get("suppressions?reason=complained").json()["results"] == []
    refused(as_staff.get(f"suppressions/{ann.id}"), 404, "suppression_not_found")


# files


def _import(api: Api, text: str | bytes) -> Any:
    return api._client.post("/api/v1/suppressions/import", data=text, content_type="text/csv", headers=api._headers)


def test_a_csv_is_imported_and_comes_out_again(as_staff: Api) -> None:
    text = (
        "Channel,Address,Reason,expires_at\r\n"
        "email,ann@example.com,,\r\n"
        "sms,'+255712345678,stopped,\r\n"
        'email,"bob@example.com",complained,2027-01-01T00:00:00Z\r\n'
        "email,nobody,,\r\n"
        "email,eve@example.com,disliked,\r\n"
        "fax,1,,\r\n"
    )
    answer = _import(as_staff, text).json()

    assert {**answer, "errors": []} == {"added": 3, "standing": 0, "refused": 3, "errors": []}
    assert [(e["pointer"], e["code"]) for e in answer["errors"]] == [
        ("/5", "invalid_email"),
        ("/6", "unknown_reason"),
        ("/7", "unknown_channel"),
    ]
    assert _import(as_staff, text).json()["standing"] == 3
    assert Entry.objects.count() == 3

    response = as_staff._client.get("/api/v1/suppressions/export", headers=as_staff._headers)
    exported = b"".join(response.streaming_content).decode()
    assert response.headers["Content-Type"] == "text/csv"
    lines = exported.splitlines()
    assert lines[0] == "channel,address,reason,since,expires_at,source,detail"
    assert sorted(line.split(",")[:3] for line in lines[1:]) == [
        ["email", "ann@example.com", "blocked"],
        ["email", "bob@example.com", "complained"],
        ["sms", "'+255712345678", "stopped"],
    ]

    Entry.objects.all().delete()
    assert _import(as_staff, exported).json()["added"] == 3


def test_a_quote_that_does_not_fit_costs_its_own_line(as_staff: Api) -> None:
    text = (
        "\ufeffchannel,address,detail\r\n"
        "email,ann@example.com,\r\n"
        'email,"bob"@example.com,\r\n'
        'email,cyd@example.com,"by phone,\r\nticket ""4711"""\r\n'
        'email,"dan@example.com,\r\n'
        "\r\n"
        f"email,eve@example.com,{'x' * 70_000}\r\n"
        "email,fay@example.com,\r\n"
    )
    answer = _import(as_staff, text.encode()).json()

    assert {**answer, "errors": []} == {"added": 3, "standing": 0, "refused": 3, "errors": []}
    assert [(e["pointer"], e["code"]) for e in answer["errors"]] == [
        ("/3", "malformed_line"),
        ("/6", "malformed_line"),
        ("/8", "malformed_line"),
    ]
    assert {row.address: row.detail for row in Entry.objects.all()} == {
        "ann@example.com": "",
        "cyd@example.com": 'by phone,\nticket "4711"',
        "fay@example.com": "",
    }


@pytest.mark.parametrize("text", [b"address\nann@example.com\n", b"\xff\xfe\x00", b"channel,address,address\n"])
def test_a_file_without_a_sound_header_is_refused(as_staff: Api, text: bytes) -> None:
    refused(_import(as_staff, text), 422, "header_missing")


def test_a_large_file_is_taken_in_pieces(as_staff: Api) -> None:
    text = "channel,address\n" + "".join(f"email,person{n}@example.com\n" for n in range(5_000))
    with CaptureQueriesContext(connection) as seen:
        answer = _import(as_staff, text).json()

    assert (answer["added"], answer["refused"]) == (5_000, 0)
    assert len(seen) < 50


@pytest.mark.parametrize("path", ["suppressions", "suppressions/export"])
def test_the_list_is_for_staff(as_ann: Api, path: str) -> None:
    refused(as_ann.get(path), 403, "permission_denied")


# at rest


def test_addresses_are_sealed_and_survive_a_change_of_keys(
    vendor: ScriptedVendor, ann: User, as_staff: Api, as_service: Api, settings: Any
) -> None:
    as_staff.post("suppressions", {"channel": "email", "address": "ann@example.com", "why": "x"})
    as_staff.post("suppressions", {"channel": "sms", "address": "+255712345678", "why": "x"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT address_sealed FROM suppression_entry")
        assert all(b"example" not in bytes(row[0]) for row in cursor.fetchall())
    old = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = f"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE,{old}"

    # under way: the entry is under the old key, a person's hash may be under the new one
    ann.email = "ann@example.com"
    ann.save()
    assert _accepted(ann).status == "suppressed"
    as_staff.post("suppressions", {"channel": "email", "address": "ann@example.com", "why": "x"})
    assert Entry.objects.count() == 2

    for _ in rotate(ring()):
        pass
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS.partition(",")[0]
    assert isinstance(ring(), KeyRing)
    assert [_accepted(ann, channels=(c,), subject="").status for c in (ChannelKey.EMAIL, ChannelKey.SMS)] == [
        "suppressed",
        "suppressed",
    ]
