"""Tickets for sockets: whose they are, and for whom a service may get one."""

from datetime import timedelta

import pytest

from clarion.records import clock
from clarion.records.live import tickets
from clarion.records.people.models import User
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def test_a_ticket_is_good_once_and_ends_with_the_token_that_asked_for_it(ann: User) -> None:
    answer = api_as(ann).post("ws/tickets")
    assert (answer.status_code, answer.json()["expires_in"]) == (201, 30)
    assert answer.headers["Cache-Control"] == "no-store"
    claims = tickets.redeem(answer.json()["ticket"], "")
    assert claims is not None
    assert (claims.user_id, claims.epoch) == (str(ann.id), ann.token_epoch)
    assert clock.now() < claims.expires_at < clock.now() + timedelta(hours=1)
    assert tickets.redeem(answer.json()["ticket"], "") is None


def test_staff_get_tickets_for_others_and_nobody_else_does(as_staff: Api, ann: User) -> None:
    ticket = as_staff.post("ws/tickets", {"user_id": str(ann.id), "origin": "https://shop.example.com/"}).json()[
        "ticket"
    ]
    assert tickets.redeem(ticket, "https://other.example.com") is None
    ticket = as_staff.post("ws/tickets", {"user_id": str(ann.id), "origin": "https://shop.example.com/"}).json()[
        "ticket"
    ]
    claims = tickets.redeem(ticket, "https://shop.example.com")
    assert claims is not None
    assert claims.user_id == str(ann.id)
    refused(api_as(make_user()).post("ws/tickets", {"user_id": str(ann.id)}), 404, "user_not_found")
