"""Provider accounts: sharing by weight, moving on and coming back, and adding them through the API."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from clarion.config import checks, wiring
from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry, Registry, install, installed
from clarion.flows.delivery import flow, pace
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.accounts.models import Account
from clarion.records.ledger.models import Attempt, Decision, Notification, QueueEntry
from clarion.records.outbox.models import OutboxMessage
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, caller_of

EMAIL = ChannelKey.EMAIL
SECRET = "v3ry-s3cret"
Drain = Callable[[], int]
LOST = Unclear(why=Reason.TIMEOUT)


@pytest.fixture
def carry(ground: None) -> Any:
    """`carry((provider, "weight=2"), …)`: these carry email."""
    before = installed()

    def use(*carried: tuple[ScriptedProvider, str]) -> None:
        install(Registry([*wiring.PROVIDERS, *(provider.entry() for provider, _ in carried)]), before.host)
        book.mirror({EMAIL: [f"{provider.name}://?{options}" for provider, options in carried]})

    yield use
    install(before.registry, before.host)


def send(user: User, count: int = 1, **given: Any) -> list[UUID]:
    asked = Send(
        caller=caller_of(user, Permission.STAFF),
        user_id=user.id,
        subject="Hello",
        body="A body",
        channels=(EMAIL,),
        category="orders",
        **given,
    )
    return [ingest.send(asked, clock.now()).notifications[0].id for _ in range(count)]


def drain_in_small_batches(monkeypatch: pytest.MonkeyPatch, size: int = 5) -> None:
    monkeypatch.setattr(flow, "BATCH", size)


def make_due() -> None:
    QueueEntry.objects.update(due_at=clock.now() - timedelta(seconds=1))


def end_its_rest(redis_db: Any, account: str) -> None:
    key = f"clarion:breaker:{account}"
    state = json.loads(redis_db.get(key))
    redis_db.set(key, json.dumps({**state, "until": 0.0}))


def read_accounts_anew() -> None:
    for slots in flow._slots.values():
        for slot in slots:
            slot.carriers.forget()


# --- sharing


def test_accounts_of_one_position_share_by_weight(
    ann: User, carry: Any, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    big, small, spare = (ScriptedProvider(name=name) for name in ("big", "small", "spare"))
    carry((big, "weight=3"), (small, "weight=1"), (spare, ""))
    drain_in_small_batches(monkeypatch)
    send(ann, 80)
    drain()
    assert (len(big.given), len(small.given), len(spare.given)) == (60, 20, 0)


def test_what_one_cannot_carry_the_others_of_its_position_do(
    ann: User, carry: Any, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ScriptedProvider(name="broken", script=lambda m: Unreachable("no route"))
    well, spare = ScriptedProvider(name="well"), ScriptedProvider(name="spare")
    carry((broken, "weight=9"), (well, "weight=1"), (spare, ""))
    drain_in_small_batches(monkeypatch)
    ids = send(ann, 60)
    drain()
    assert (len(well.given), len(spare.given)) == (60, 0)
    assert set(Notification.objects.filter(pk__in=ids).values_list("status", "account")) == {("sent", "well")}
    assert len(broken.given) == 5, "its breaker opened after five failures in a row"


def test_an_account_at_its_rate_does_not_hold_up_the_others_of_its_position(
    ann: User, carry: Any, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "PATIENCE_SECONDS", 0.0)
    slow, fast = ScriptedProvider(name="slow"), ScriptedProvider(name="fast")
    carry((slow, "weight=1&rate=1/h&burst=3"), (fast, "weight=1"))
    drain_in_small_batches(monkeypatch)
    send(ann, 40)
    drain()
    assert (len(slow.given), len(fast.given)) == (3, 37)
    assert not Decision.objects.filter(reason=Reason.RATE_LIMITED).exists()


def test_a_throttled_account_is_probed_with_one_message_and_then_has_its_full_share(
    ann: User, carry: Any, drain: Drain, redis_db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    well = False

    def script(message: Message) -> Any:
        calls.append(message.id)
        return Sent() if well else Retry(why=Reason.THROTTLED, whole_account=True, after=timedelta(seconds=1))

    first, second = ScriptedProvider(name="first", script=script), ScriptedProvider(name="second")
    carry((first, "weight=1"), (second, "weight=1"))
    drain_in_small_batches(monkeypatch)
    send(ann, 20)
    drain()
    assert len(calls) == 5, "one batch, and then it rests"
    end_its_rest(redis_db, "email.first")
    send(ann, 20)
    drain()
    assert len(calls) == 6, "still unwell: one probe, and the rest goes to the other"
    well = True
    end_its_rest(redis_db, "email.first")
    QueueEntry.objects.all().delete()
    send(ann, 40)
    drain()
    assert len(calls) - 6 == 20, "half, from the probe on, and not all that it missed"


def test_a_misconfigured_account_is_left_alone_and_its_share_goes_to_the_others(
    ann: User, carry: Any, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = ScriptedProvider(name="wrong", script=lambda m: Misconfigured("535 bad password"))
    right = ScriptedProvider(name="right")
    carry((wrong, "weight=1"), (right, "weight=1"))
    drain_in_small_batches(monkeypatch)
    send(ann, 30)
    drain()
    assert (len(wrong.given), len(right.given)) == (1, 30)


# --- an answer that never came


def test_an_unknown_attempt_is_sent_again_by_the_same_account_only(ann: User, carry: Any, drain: Drain) -> None:
    unsure = ScriptedProvider(name="unsure", script=lambda m: LOST if m.attempt == 1 else Sent())
    other = ScriptedProvider(name="other")
    carry((unsure, ""), (other, ""))
    [one] = send(ann)
    drain()
    Account.objects.filter(name="unsure").update(paused=True)
    read_accounts_anew()
    make_due()
    drain()
    assert other.given == []
    waits = Decision.objects.filter(notification_id=one).order_by("-id").first()
    assert waits is not None
    assert (waits.outcome, waits.reason) == ("hold", "no_provider")
    Account.objects.filter(name="unsure").update(paused=False)
    read_accounts_anew()
    make_due()
    drain()
    assert (len(unsure.given), other.given) == (2, [])
    assert Notification.objects.get(pk=one).status == "sent"


@pytest.mark.parametrize("why", ["critical", "gone", "late"])
def test_what_sets_it_free_is_on_record(why: str, ann: User, carry: Any, drain: Drain) -> None:
    unsure = ScriptedProvider(name="unsure", script=lambda m: LOST)
    other = ScriptedProvider(name="other")
    carry((unsure, ""), (other, ""))
    [one] = send(ann, priority=1 if why == "critical" else 2)
    drain()
    if why == "gone":
        carry((other, ""), (ScriptedProvider(name="third"), ""))
    else:
        Account.objects.filter(name="unsure").update(paused=True)
    if why == "late":
        Attempt.objects.update(finished_at=clock.now() - timedelta(minutes=16))
    read_accounts_anew()
    make_due()
    drain()
    assert [m.notification_id for m in other.given] == [str(one)]
    said = Decision.objects.get(notification_id=one, stage="send", rule="unclear")
    expected = {"critical": "it is critical", "gone": "that account is gone", "late": "0:15:00 are over"}[why]
    assert said.detail == f"unsure may have taken it; {expected}, so any account may send it again"


def test_what_merely_failed_moves_on(ann: User, carry: Any, drain: Drain) -> None:
    later = ScriptedProvider(name="later", script=lambda m: Retry(why=Reason.TEMPORARY))
    other = ScriptedProvider(name="other")
    carry((later, ""), (other, ""))
    send(ann)
    drain()
    Account.objects.filter(name="later").update(paused=True)
    read_accounts_anew()
    make_due()
    drain()
    assert len(other.given) == 1


# --- through the API


def test_weights_are_shown_and_set(as_staff: Api, carry: Any) -> None:
    carry((ScriptedProvider(name="first"), "weight=3"), (ScriptedProvider(name="second"), "weight=1"))

    def shown() -> list[tuple[str, int, int]]:
        found = as_staff.get("providers").json()["results"]
        return [(a["name"], a["position"], a["weight"]) for a in found if a["channel"] == "email"]

    assert shown() == [("email.first", 0, 3), ("email.second", 0, 1)]
    assert as_staff.patch("providers/email.second", {"weight": 7}).json()["weight"] == 7
    book.mirror({EMAIL: ["first://?weight=3", "second://?weight=1"]})
    assert shown() == [("email.first", 0, 3), ("email.second", 0, 7)]
    assert as_staff.patch("providers/email.second", {"weight": None}).json()["weight"] == 1


def test_concurrency_is_shown_and_what_cannot_honour_it_says_so(as_staff: Api, ground: None) -> None:
    book.mirror({ChannelKey.WEBHOOK: ["webhook://?concurrency=9"], EMAIL: ["smtp://mail.example.com?concurrency=7"]})
    found = {a["name"]: a["concurrency"] for a in as_staff.get("providers").json()["results"]}
    assert found["webhook.webhook"] == 9
    assert found["email.smtp-mail.example.com"] == 7
    refused = as_staff.post("providers", {"channel": "sms", "url": "sandbox://?concurrency=3&name=box"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_provider_url")
    assert "makes 1 calls at a time" in refused.json()["detail"]


class PausedMeanwhile(ScriptedProvider):
    """While its account is being opened for the first time, somebody pauses it and sets its rate."""

    def entry(self) -> Entry:
        found = super().entry()
        meanwhile = [{"paused": True, "set_rate": "5/s", "set_burst": 9, "set_position": 4}]

        def open_it(url: AccountUrl, channel: ChannelKey, host: Host) -> Provider:
            if meanwhile:
                assert Account.objects.filter(name="mine").update(**meanwhile.pop()) == 1
            return found.open(url, channel, host)

        return replace(found, open=open_it)


def test_a_change_leaves_alone_what_it_does_not_name(as_staff: Api, carry: Any) -> None:
    carry((PausedMeanwhile(name="own"), ""))
    as_staff.post("providers", {"channel": "email", "url": "smtp://h", "name": "mine"})
    assert as_staff.patch("providers/email.mine", {"url": "own://h", "weight": 3}).status_code == 200
    row = Account.objects.get(name="mine")
    assert (row.set_weight, row.provider) == (3, "own"), "what was asked for"
    assert (row.paused, row.set_rate, row.set_burst, row.set_position) == (True, "5/s", 9, 4)


def test_null_returns_to_the_configuration_and_false_is_a_value(as_staff: Api, carry: Any) -> None:
    carry((ScriptedProvider(name="own"), ""))
    given = {"rate": "5/s", "burst": 9, "position": 4, "weight": 3, "paused": True}
    assert as_staff.patch("providers/email.own", given).json()["state"] == "paused"
    cleared = as_staff.patch("providers/email.own", {**dict.fromkeys(given), "paused": False})
    assert cleared.json()["state"] == "active"
    row = Account.objects.get(name="own")
    assert (row.set_rate, row.set_burst, row.set_position, row.set_weight, row.paused) == ("", None, None, None, False)


def test_an_added_account_carries_messages_and_the_sandbox_steps_aside(
    as_staff: Api, ann: User, carry: Any, drain: Drain
) -> None:
    own = ScriptedProvider(name="own")
    carry((own, ""))
    book.mirror({EMAIL: ["sandbox://"]})
    made = as_staff.post("providers", {"channel": "email", "url": f"own://u:{SECRET}@h?name=mine", "weight": 2})
    assert made.status_code == 201
    assert made.headers["Location"] == "/api/v1/providers/email.mine"
    assert (made.json()["position"], made.json()["weight"], made.json()["from_environment"]) == (0, 2, False)
    assert SECRET not in made.content.decode()
    assert SECRET.encode() not in bytes(Account.objects.get(name="mine").url_sealed)
    assert as_staff.get("providers/email.sandbox").json()["state"] == "standing_aside"
    read_accounts_anew()
    send(ann)
    drain()
    assert len(own.given) == 1
    assert not OutboxMessage.objects.exists()


def test_an_added_account_survives_the_mirroring_and_is_changed_and_removed(as_staff: Api, carry: Any) -> None:
    carry((ScriptedProvider(name="own"), ""))
    as_staff.post("providers", {"channel": "email", "url": "smtp://a.example.com", "name": "mine", "rate": "5/s"})
    book.mirror({EMAIL: ["own://"]})
    shown = as_staff.get("providers/email.mine").json()
    assert (shown["url"], shown["position"], shown["limit"]["source"]) == ("smtp://a.example.com", 1, "staff")
    changed = as_staff.patch("providers/email.mine", {"url": f"smtp://u:{SECRET}@b.example.com"})
    assert (changed.status_code, changed.json()["url"]) == (200, "smtp://b.example.com")
    assert str(Account.objects.get(name="mine").url) == f"smtp://u:{SECRET}@b.example.com"
    assert as_staff.delete("providers/email.mine").status_code == 204
    assert as_staff.get("providers/email.mine").status_code == 404


def test_accounts_of_the_environment_are_neither_removed_nor_given_another_url(as_staff: Api, carry: Any) -> None:
    carry((ScriptedProvider(name="own"), ""))
    for answer in (as_staff.delete("providers/email.own"), as_staff.patch("providers/email.own", {"url": "smtp://h"})):
        assert (answer.status_code, answer.json()["code"]) == (409, "from_environment")
        assert "CLARION_EMAIL" in answer.json()["detail"]
    assert str(Account.objects.get(name="own").url) == "own://?"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"channel": "email", "url": "nothing://x"}, 422, "invalid_provider_url"),
        ({"channel": "sms", "url": f"smtp://u:{SECRET}@h"}, 422, "invalid_provider_url"),
        ({"channel": "email", "url": f"smtp://u:{SECRET}@h?colour=red"}, 422, "invalid_provider_url"),
        ({"channel": "email", "url": f"smtp://u:{SECRET}@h:99999"}, 422, "invalid_provider_url"),
        ({"channel": "email", "url": "smtp://h?name=a%2Fb"}, 422, "invalid_name"),
        ({"channel": "email", "url": "smtp://h", "name": "own"}, 409, "provider_exists"),
        ({"channel": "email", "url": "smtp://h", "weight": 0}, 422, "invalid_input"),
        ({"channel": "fax", "url": "smtp://h"}, 422, "invalid_input"),
        ({"channel": "email"}, 422, "invalid_input"),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_words_without_secrets(
    body: dict[str, Any], status: int, code: str, as_staff: Api, carry: Any
) -> None:
    carry((ScriptedProvider(name="own"), ""))
    before = set(Account.objects.values_list("channel", "name"))
    answer = as_staff.post("providers", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert SECRET not in answer.content.decode()
    assert set(Account.objects.values_list("channel", "name")) == before


FILES = [
    ("sms", "httpsms://u:p@h/?template={}"),
    ("push", "fcm://{}"),
    ("push", "apns://{}?key_id=ABC123DEFG&team_id=DEF123GHIJ&topic=com.example.app"),
    ("email", "smtp://u:p@h?dkim_selector=s&dkim_key={}"),
    ("email", "smtp://u:p@h?ca={}"),
]


@pytest.mark.parametrize(("channel", "url"), FILES)
def test_an_added_account_names_no_file_so_nobody_learns_which_there_are(
    channel: str, url: str, as_staff: Api, ground: None, tmp_path: Path
) -> None:
    foreign = tmp_path / "other.toml"
    foreign.write_text("db_password = 'x'\n", "utf-8")
    plain = {"email": "smtp://h", "sms": "twilio://AC{}:t@?from=%2B15005550006".format("a" * 32), "push": ""}[channel]
    if plain:
        assert as_staff.post("providers", {"channel": channel, "url": plain, "name": "own"}).status_code == 201
    before = set(Account.objects.values_list("channel", "name", "shown"))
    told = []
    for file in (foreign, tmp_path / "nowhere"):
        answers = [as_staff.post("providers", {"channel": channel, "url": url.format(file)})]
        if plain:
            answers.append(as_staff.patch(f"providers/{channel}.own", {"url": url.format(file)}))
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (422, "file_in_provider_url")
            assert "db_password" not in answer.content.decode()
        told.append([answer.json()["detail"] for answer in answers])
    assert told[0] == told[1]
    assert set(Account.objects.values_list("channel", "name", "shown")) == before
    book.mirror({ChannelKey(channel): [url.format(foreign) + ("?" if "?" not in url else "&") + "name=env"]})
    assert Account.objects.get(name="env").from_environment  # the environment may


KEY_AS_HOST = [
    ("email", f"sendgrid://SG.{SECRET}"),
    ("email", f"sendgrid://SG.{SECRET}?name=mine"),
    ("sms", f"twilio://AC{SECRET}"),
    ("sms", f"twilio://sid:{SECRET}"),
    ("sms", f"beem://key:{SECRET}?sender=INFO"),
    ("push", f"webpush://{SECRET}?subject=mailto:ops@example.com"),
    ("chat", f"slack://xoxb-{SECRET}"),
    ("chat", f"apprise://{SECRET}/token"),
    ("webhook", f"webhook://whsec_{SECRET}"),
]


@pytest.mark.parametrize(("channel", "url"), KEY_AS_HOST)
def test_a_key_without_its_at_sign_is_refused_and_not_repeated(
    channel: str, url: str, as_staff: Api, carry: Any
) -> None:
    carry((ScriptedProvider(name="own"), ""))
    before = set(Account.objects.values_list("channel", "name", "shown"))
    answer = as_staff.post("providers", {"channel": channel, "url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_provider_url")
    assert SECRET not in answer.content.decode()
    changed = as_staff.patch("providers/email.own", {"url": url})
    assert SECRET not in changed.content.decode()
    with pytest.raises(Misconfigured) as refused:
        book.mirror({ChannelKey(channel): [url]})
    assert SECRET not in f"{refused.value} {refused.value.__cause__}"
    assert set(Account.objects.values_list("channel", "name", "shown")) == before


def test_a_key_without_its_at_sign_is_a_fault_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = [f"sendgrid://SG.{SECRET}"]
    monkeypatch.setattr(checks, "configured", lambda _env: {EMAIL: urls})
    (problem,) = checks.providers()
    assert (problem.id, problem.msg) == (
        "clarion.E007",
        "CLARION_EMAIL: sendgrid:// takes no host: end the credentials with an @, before the options",
    )
    urls[:] = ["sendgrid://SG.key@?from=a@example.com"]
    assert checks.providers() == []


def test_adding_accounts_is_for_staff(as_ann: Api, carry: Any) -> None:
    assert as_ann.post("providers", {"channel": "email", "url": "smtp://h"}).status_code == 403
    assert not Account.objects.filter(from_environment=False).exists()
