"""Test calls to webhooks hold a web thread each: a person has few, and the process fewer at a time."""

from typing import Any

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Sent
from clarion.flows.delivery.ping import AT_ONCE, BUSY_SECONDS, EACH
from clarion.records.people.models import Endpoint, User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import WEBHOOK_SECRET, Api, api_as, make_user

TAKEN = Sent(remote_id="HTTP 200")


def ping_path(user: User) -> str:
    row = Endpoint(user=user, channel="webhook")
    row.secret, row.target = WEBHOOK_SECRET, "https://hooks.example.com/in"
    row.save()
    return f"users/{user.id}/endpoints/{row.id}/ping"


@pytest.fixture
def hooks(carried_by: Any) -> ScriptedProvider:
    provider = ScriptedProvider()
    carried_by(ChannelKey.WEBHOOK, provider)
    return provider


@pytest.mark.usefixtures("ground")
def test_a_person_has_so_many_a_minute_and_hears_when_to_ask_again(hooks: ScriptedProvider) -> None:
    bob, cy = (make_user(email=f"{name}@example.com", reachable=False) for name in ("bob", "cy"))
    path = ping_path(bob)
    answers = [api_as(bob).post(path) for _ in range(EACH.burst + 1)]
    assert [answer.status_code for answer in answers] == [200] * EACH.burst + [429]
    assert answers[-1].json()["code"] == "too_many_pings"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60 // EACH.rate.count
    assert len(hooks.given) == EACH.burst, "the last one called nobody"
    assert api_as(cy).post(ping_path(cy)).status_code == 200, "others have their own"


def test_staff_pay_for_their_own_calls_not_the_owner(hooks: ScriptedProvider, as_staff: Api) -> None:
    bob = make_user(email="bob@example.com", reachable=False)
    path = ping_path(bob)
    assert [as_staff.post(path).status_code for _ in range(EACH.burst + 1)][-1] == 429
    assert api_as(bob).post(path).status_code == 200


def test_few_are_out_at_a_time_whoever_asks(hooks: ScriptedProvider) -> None:
    users = [make_user(email=f"p{n}@example.com", reachable=False) for n in range(AT_ONCE + 1)]
    paths = [ping_path(user) for user in users]
    refused: list[Any] = []

    def meanwhile(message: Message) -> Outcome:
        """While this call is out, the next person asks."""
        asking = len(hooks.given)
        if asking <= AT_ONCE:
            answer = api_as(users[asking]).post(paths[asking])
            if answer.status_code != 200:
                refused.append(answer)
        return TAKEN

    hooks.script = meanwhile
    assert api_as(users[0]).post(paths[0]).status_code == 200
    assert [(each.status_code, each.json()["code"], each.headers["Retry-After"]) for each in refused] == [
        (429, "too_many_pings", str(BUSY_SECONDS))
    ]
    assert len(hooks.given) == AT_ONCE
    hooks.script = lambda _: TAKEN
    assert api_as(users[-1]).post(paths[-1]).status_code == 200, "it cost no token, and the places are free again"
