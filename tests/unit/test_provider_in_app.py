"""The providers that deliver inside the house: in-app and WebSocket."""

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Unreachable
from clarion.contract.outcome import Sent
from clarion.contract.provider import Provider
from clarion.providers.in_app import ENTRY as IN_APP
from clarion.providers.websocket import ENTRY as WEBSOCKET
from clarion.testing.host import MemoryHost
from clarion.testing.messages import inbox


def in_app(house: MemoryHost) -> Provider:
    return IN_APP.open(parse_account_url("inapp://"), ChannelKey.IN_APP, house.host())


def websocket(house: MemoryHost) -> Provider:
    return WEBSOCKET.open(parse_account_url("websocket://"), ChannelKey.WEBSOCKET, house.host())


def test_a_batch_is_one_append_and_has_arrived() -> None:
    house = MemoryHost()
    provider = in_app(house)
    assert dict(provider.send([inbox("a"), inbox("b")])) == {"a": Sent(remote_id="a"), "b": Sent(remote_id="b")}
    assert house.inbox.appends == 1
    assert [(item.channel, item.seq) for item in house.inbox.items.values()] == [("in_app", 1), ("in_app", 2)]
    assert provider.declaration.confirms_delivery


def test_clients_are_told_before_the_first_outcome_so_that_a_stop_silences_nobody() -> None:
    house = MemoryHost()
    results = in_app(house).send([inbox("a"), inbox("b")])
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert [item.id for item in house.live.published] == ["a", "b"]


def test_in_app_arrives_though_the_live_layer_is_down() -> None:
    house = MemoryHost()
    house.live.is_down = True
    assert dict(in_app(house).send([inbox("a")])) == {"a": Sent(remote_id="a")}
    assert list(house.inbox.items) == ["a"]


def test_a_websocket_message_waits_for_the_live_layer_and_is_stored_once() -> None:
    house = MemoryHost()
    house.live.is_down = True
    provider = websocket(house)
    with pytest.raises(Unreachable):
        list(provider.send([inbox("a")]))
    house.live.is_down = False
    assert dict(provider.send([inbox("a")])) == {"a": Sent(remote_id="a")}
    assert [(item.channel, item.seq) for item in house.inbox.items.values()] == [("websocket", 1)]
    assert [item.id for item in house.live.published] == ["a"]
