"""Ground for tests of callbacks: an account whose vendor reports back, its public address, and the vendor's calls."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Kind, Reported
from clarion.flows.feedback import flow as feedback
from clarion.records import clock
from clarion.records.accounts.models import Account
from clarion.records.feedback import doors
from clarion.records.ledger.models import Notification
from clarion.testing.scripted_feedback import ScriptedVendor, Signed, signed

# a client builds all middleware anew, which costs more than a hundred callbacks
_CLIENT = Client(raise_request_exception=False)


def account(channel: ChannelKey = ChannelKey.EMAIL, name: str = "scripted") -> Account:
    return Account.objects.get(channel=channel, name=name)


def path_of(row: Account | None = None) -> str:
    """Where the vendor of the account calls."""
    row = row or account()
    return urlsplit(doors.urls_of([row])[row.id]).path


def post(path: str, callback: Signed) -> Any:
    """A call of the vendor's, over the test client."""
    return _CLIENT.post(path, data=callback.body, content_type="application/json", headers=callback.headers)


def call(vendor: ScriptedVendor, events: Sequence[Reported], at: datetime | None = None, path: str = "") -> Any:
    """The vendor reports these events."""
    return post(path or path_of(), signed(events, key=vendor.ear.key, at=at or clock.now()))


def report(vendor: ScriptedVendor, *events: Reported, path: str = "") -> None:
    """The vendor reports, and a worker reads it."""
    assert call(vendor, events, path=path).status_code == 200
    feedback.drain()


def about(row: Notification, kind: Kind, number: int = 1, **more: Any) -> Reported:
    """An event of a notification, by our own id."""
    return Reported(event_id=f"{row.id}-{kind}-{number}", kind=kind, message_id=str(row.id), **more)
