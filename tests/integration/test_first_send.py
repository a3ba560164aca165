"""One send on every channel, from the API to the settled ledger."""

from collections.abc import Callable

from clarion.contract.channel import ChannelKey
from tests.conftest import Api


def test_a_send_on_every_channel_arrives_and_says_so(as_service: Api, ann: object, drain: Callable[[], int]) -> None:
    answer = as_service.post(
        "notifications/send",
        {"user_id": str(ann.id), "subject": "Hi", "body": "Hello", "channels": [str(c) for c in ChannelKey]},  # type: ignore[attr-defined]
    )
    assert answer.status_code == 201, answer.content
    drain()
    found = {n["channel"]: as_service.get(f"notifications/{n['id']}").json() for n in answer.json()["notifications"]}
    states = {channel: detail["status"] for channel, detail in found.items()}
    assert states == {
        "email": "delivered",
        "sms": "delivered",
        "push": "delivered",
        "in_app": "delivered",
        "websocket": "sent",
        "webhook": "delivered",
        "chat": "delivered",
    }
    assert [e["type"] for e in found["email"]["events"]] == ["accepted", "delivered"]
    assert found["email"]["attempts"][0]["target"] == "a***@example.com"
