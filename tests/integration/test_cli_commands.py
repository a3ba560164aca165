"""createstaff, rotate_keys and the doctor's checks against the real stores."""

import base64
import io
from typing import Any

import pytest
from conftest import make_user
from django.core.management import CommandError, call_command
from typer.testing import CliRunner

from clarion.records import clock, partitions
from clarion.records.accounts.models import Account
from clarion.records.people.models import User
from clarion.surfaces.cli.diagnosis import accounts, configuration, stores, work
from clarion.surfaces.cli.diagnosis.finding import State
from clarion.surfaces.cli.main import app

OTHER_KEY = base64.urlsafe_b64encode(b"x" * 32).decode()
PASSWORD = "four words in a row"


def createstaff(email: str, password: str, *more: str) -> Any:
    return CliRunner().invoke(app, ["createstaff", "--email", email, "--password-stdin", *more], input=f"{password}\n")


def test_a_staff_user_is_made_and_may_log_in(ground: None) -> None:
    result = createstaff("Boss@Example.com", PASSWORD)
    assert result.exit_code == 0, result.output
    user = User.objects.with_email("Boss@example.com").get()
    assert (user.is_staff, user.check_password(PASSWORD)) == (True, True)


def test_a_weak_password_is_refused_and_nobody_is_made(ground: None) -> None:
    result = createstaff("boss@example.com", "1234")
    assert result.exit_code == 2
    assert "too short" in result.stderr
    assert not User.objects.filter(is_staff=True).exists()


def test_a_wrong_address_is_refused_and_not_repeated(ground: None) -> None:
    result = createstaff("no-address", PASSWORD)
    assert result.exit_code == 2
    assert "name@example.com" in result.stderr
    assert "no-address" not in result.stderr
    assert not User.objects.filter(is_staff=True).exists()


def test_an_existing_user_is_promoted_only_when_told_to(ground: None) -> None:
    make_user(email="ann@example.com")
    refused = createstaff("ann@example.com", PASSWORD)
    assert refused.exit_code == 2
    assert "--promote" in refused.stderr
    assert not User.objects.filter(is_staff=True).exists()
    assert createstaff("ann@example.com", PASSWORD, "--promote").exit_code == 0
    user = User.objects.with_email("ann@example.com").get()
    assert (user.is_staff, user.first_name, user.token_epoch) == (True, "Ann", 1)


def test_rotating_reseals_everything_and_lookups_go_on(ground: None, settings: Any) -> None:
    user = make_user(email="ann@example.com")
    before = bytes(user.email_sealed)
    settings.ENCRYPTION_KEYS = f"{OTHER_KEY},{settings.ENCRYPTION_KEYS}"
    out = io.StringIO()
    call_command("rotate_keys", stdout=out)
    assert "values sealed anew" in out.getvalue()
    assert bytes(User.objects.get(pk=user.pk).email_sealed) != before
    settings.ENCRYPTION_KEYS = OTHER_KEY
    assert User.objects.with_email("ann@example.com").get().email == "ann@example.com"


def test_rotating_without_the_old_key_fails_names_the_place_and_changes_nothing(ground: None, settings: Any) -> None:
    user = make_user(email="ann@example.com")
    before = bytes(user.email_sealed)
    settings.ENCRYPTION_KEYS = OTHER_KEY
    with pytest.raises(CommandError, match=r"could not be opened \(.*people_user.email_sealed: 1"):
        call_command("rotate_keys", stdout=io.StringIO())
    assert bytes(User.objects.get(pk=user.pk).email_sealed) == before


def states(findings: list[Any]) -> dict[str, State]:
    return {finding.subject: finding.state for finding in findings}


def test_the_doctor_finds_healthy_stores_well(ground: None) -> None:
    assert states(stores.database())["partitions"] is State.FAILED  # the tests' ground has few
    partitions.ensure(clock.now())
    found = states([*stores.database(), *stores.memory_store(), *stores.broker()])
    assert set(found.values()) == {State.OK}
    assert {"database", "migrations", "Redis", "Redis eviction", "broker"} <= set(found)


def test_the_doctor_misses_workers_and_scheduler(ground: None) -> None:
    assert states(work.processes()) == {"workers": State.FAILED, "scheduler": State.FAILED}
    assert states(work.backlog()) == {"queue": State.OK}


def test_the_doctor_probes_every_account(ground: None) -> None:
    assert set(states(accounts.probe_all()).values()) == {State.OK, State.NOTE}
    row = Account.objects.get(channel="email")
    row.url = "smtp://127.0.0.1:1?tls=none&timeout=1"
    row.save()
    found = {f.subject: f for f in accounts.probe_all()}[f"email: {row.name}"]
    assert found.state is State.FAILED
    assert found.remedy
    Account.objects.filter(channel="sms").delete()
    assert states(accounts.probe_all())["sms"] is State.FAILED


def test_the_doctor_sees_that_the_keys_are_not_this_databases(ground: None, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = OTHER_KEY
    assert states(accounts.probe_all()) == {"encryption keys": State.FAILED}


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://notify.example.com", State.OK),
        ("http://notify.example.com", State.WARNING),
        ("notify.example.com", State.FAILED),
        ("https://notify.example.com/?a=b", State.FAILED),
    ],
)
def test_the_doctor_judges_the_public_url(url: str, state: State, settings: Any) -> None:
    settings.PUBLIC_URL = url
    assert states(configuration.public_url()) == {"public URL": state}
