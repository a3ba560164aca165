"""Two at once: what one does to an account is not undone by the other, who read the row before."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from clarion.records import clock
from clarion.records.access import tokens
from clarion.records.access.models import RefreshToken
from clarion.records.access.permissions import Permission
from clarion.records.people import directory
from clarion.records.people.models import User
from clarion.surfaces.api import health
from tests.conftest import Api, api_as, make_user

PASSWORD = "correct horse battery"


@pytest.fixture
def boss(real_ground: None) -> User:
    return make_user(email="boss@example.com", is_staff=True)


@pytest.fixture
def person(real_ground: None) -> User:
    user = make_user(email="ann@example.com", external_id="ann", permissions=["send", "send_others"])
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def meanwhile() -> Iterator[Callable[[Callable[[], Any]], threading.Thread]]:
    """`meanwhile(do)`: `do` on a connection of its own, joined at the end of the test."""
    started: list[threading.Thread] = []

    def start(do: Callable[[], Any]) -> threading.Thread:
        def run() -> None:
            do()
            connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        started.append(thread)
        return thread

    yield start
    for thread in started:
        thread.join(10)


def _join_all() -> None:
    """Those that a test began; others (of libraries, of the runner) may live on."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.name.endswith("(run)"):
            thread.join(10)


def test_a_change_of_name_writes_nothing_else(person: User) -> None:
    stale = User.objects.get(pk=person.pk)
    User.objects.filter(pk=person.pk).update(is_active=False, permissions=[], password="new", token_epoch=5)
    directory.apply(stale, {"first_name": "Zoe"})
    directory.save(stale, ["first_name"])
    now = User.objects.get(pk=person.pk)
    assert (now.is_active, now.permissions, now.password, now.token_epoch) == (False, [], "new", 5)
    assert (now.first_name, now.last_name, now.email) == ("Zoe", "Abel", "ann@example.com")


@pytest.mark.parametrize("door", ["me", "users", "bulk"])
def test_a_lock_out_that_comes_while_a_name_is_changed_stands(
    person: User, boss: User, meanwhile: Any, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """The lock-out comes right after the other has read the row, and has to wait for it."""
    staff, apply, answers = api_as(boss), directory.apply, []

    def shut_out() -> None:
        answers.append(staff.patch(f"users/{person.id}", {"is_active": False, "permissions": []}).status_code)

    def apply_late(user: User, *given: Any) -> None:
        monkeypatch.setattr(directory, "apply", apply)
        thread = meanwhile(shut_out)
        thread.join(0.3)
        apply(user, *given)

    monkeypatch.setattr(directory, "apply", apply_late)
    body: dict[str, Any] = {"first_name": "Zoe"}
    change = {
        "me": lambda: api_as(person).patch("me", body),
        "users": lambda: api_as(boss).patch(f"users/{person.id}", body),
        "bulk": lambda: api_as(boss).post("users/bulk", {"users": [{"external_id": "ann", **body}]}),
    }[door]
    assert change().status_code == 200
    _join_all()
    now = User.objects.get(pk=person.pk)
    assert answers == [200]
    assert (now.is_active, now.permissions, now.first_name, now.last_name) == (False, [], "Zoe", "Abel")


def test_two_changes_of_one_name_each_keep_the_other(
    person: User, meanwhile: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both names are in one sealed column."""
    apply = directory.apply

    def apply_late(user: User, *given: Any) -> None:
        monkeypatch.setattr(directory, "apply", apply)
        meanwhile(lambda: api_as(person).patch("me", {"last_name": "Zeller"})).join(0.3)
        apply(user, *given)

    monkeypatch.setattr(directory, "apply", apply_late)
    assert api_as(person).patch("me", {"first_name": "Zoe"}).status_code == 200
    _join_all()
    now = User.objects.get(pk=person.pk)
    assert (now.first_name, now.last_name) == ("Zoe", "Zeller")


def test_revoking_counts_from_what_is_stored(person: User) -> None:
    stale = User.objects.get(pk=person.pk)
    User.objects.filter(pk=person.pk).update(token_epoch=5)
    tokens.revoke_all(stale)
    assert (stale.token_epoch, User.objects.get(pk=person.pk).token_epoch) == (6, 6)


def test_a_second_use_of_a_refresh_token_ends_the_pair_that_is_just_being_made(
    person: User, meanwhile: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, issue, said = tokens.issue(person, clock.now()), tokens.issue, []

    def use_again() -> None:
        with pytest.raises(tokens.InvalidToken) as refusal:
            tokens.refresh(pair.refresh, clock.now())
        said.append(str(refusal.value))

    def issue_late(*given: Any, **more: Any) -> tokens.TokenPair:
        monkeypatch.setattr(tokens, "issue", issue)
        meanwhile(use_again).join(0.3)
        return issue(*given, **more)

    monkeypatch.setattr(tokens, "issue", issue_late)
    fresh = tokens.refresh(pair.refresh, clock.now())
    _join_all()
    assert said == ["the refresh token was used before; log in again"]
    assert RefreshToken.objects.count() == 0
    with pytest.raises(tokens.InvalidToken):
        tokens.refresh(fresh.refresh, clock.now())


def test_a_password_changed_at_the_same_moment_is_not_changed_back(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clarion.surfaces.api import passwords

    def validate(*given: Any) -> None:
        User.objects.filter(pk=person.pk).update(password="somebody else's")

    monkeypatch.setattr(passwords, "validate_password", validate)
    body = {"current_password": PASSWORD, "new_password": "another horse battery"}
    answer = api_as(person).post("auth/password", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "wrong_password")
    now = User.objects.get(pk=person.pk)
    assert (now.password, now.token_epoch) == ("somebody else's", 0)


def test_health_is_counted_once_however_often_it_is_asked(ground: None) -> None:
    api, asked = Api(), []
    health.health.clear()
    first = api.get("core/health").json()

    def counts(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counts):
        again = [api.get("core/health").json() for _ in range(5)]
        assert asked == []
        ready = [api._client.get("/readyz").content for _ in range(2)]
    assert again == [first] * 5
    assert ready[0] == ready[1]


def test_an_answer_is_remembered_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = [100.0], []
    monkeypatch.setattr(health.time, "monotonic", lambda: now[0])
    remembered = health.Remembered(lambda: asked.append(1) or len(asked), lambda _: 5.0)
    assert [remembered.get(), remembered.get()] == [1, 1]
    now[0] = 104.9
    assert remembered.get() == 1
    now[0] = 105.0
    assert remembered.get() == 2
    assert (health.HEALTH_SECONDS, health.READY_SECONDS) == (5.0, 1.0)


# --- own words


OWN = {"subject": "You won", "body": "https://evil.example"}


def test_who_may_not_send_to_others_writes_own_words_within_only(
    ann: User, as_ann: Api, staff: User, settings: Any
) -> None:
    from clarion.records.access import keys
    from clarion.records.ledger.models import Notification

    settings.TRIAL = False
    small_key = Api(f"ApiKey {keys.mint(ann, 'k', [Permission.SEND]).secret}")
    asked: list[dict[str, Any]] = [
        {"channel": "email"},
        {"channel": "sms"},
        {"channels": ["in_app", "webhook"]},
        {"fallback": ["in_app", "email"]},
        {},  # those she prefers: every one she has an address for
    ]
    for api in (as_ann, small_key):
        for more in asked:
            for path in ("notifications", "notifications/explain"):
                answer = api.post(path, {**OWN, **more})
                found = (answer.status_code, answer.json()["code"])
                assert found == (403, "template_required"), (path, more, answer.content)
    assert Notification.objects.count() == 0
    assert as_ann.post("notifications", {**OWN, "channels": ["in_app", "websocket"]}).status_code == 201
    assert api_as(staff).post("notifications", {**OWN, "channel": "email"}).status_code == 201


def test_on_a_trial_deployment_a_new_account_mails_itself(as_ann: Api, settings: Any) -> None:
    assert settings.TRIAL is True
    body = {"notification_type": "email", "subject": "Hi", "message": "It works"}
    assert as_ann.post("notifications/", body).status_code == 201
