"""Fixtures for the engine: providers that follow a script."""

from collections.abc import Callable, Iterator

import pytest

from clarion.config import wiring
from clarion.contract.channel import ChannelKey
from clarion.contract.registry import Registry, install, installed
from clarion.records.accounts import book
from clarion.testing.scripted import ScriptedProvider

Carry = Callable[..., None]


@pytest.fixture
def carried_by(ground: None) -> Iterator[Carry]:
    """`carried_by(ChannelKey.EMAIL, provider, other)`: these providers carry the channel, in this order."""
    before = installed()

    def use(channel: ChannelKey, *providers: ScriptedProvider) -> None:
        install(Registry([*wiring.PROVIDERS, *(p.entry() for p in providers)]), before.host)
        book.mirror({channel: [f"{p.name}://" for p in providers]})

    yield use
    install(before.registry, before.host)
