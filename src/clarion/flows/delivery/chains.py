"""What a chain of channels is, and who takes over: pure decisions over a request's payload and a person's facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from clarion.contract.channel import ChannelKey
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences.rules import Asked, decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The channels of a request in their order, the first included; `after` None: only a failure hands on."""

    channels: tuple[ChannelKey, ...]
    after: timedelta | None

    def onward(self, channel: str) -> tuple[ChannelKey, ...]:
        """The channels that follow one."""
        place = self.channels.index(ChannelKey(channel)) if channel in self.channels else len(self.channels)
        return self.channels[place + 1 :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The channel that takes over, None for none; and why others were passed over."""

    channel: ChannelKey | None
    passed: tuple[str, ...] = ()


def chain_in(payload: Mapping[str, Any] | None) -> Chain | None:
    """The chain that a request's payload holds, if any."""
    given = payload.get("fallback") if payload else None
    if not given:
        return None
    after = given["after_seconds"]
    return Chain(
        channels=tuple(ChannelKey(key) for key in given["channels"]),
        after=timedelta(seconds=after) if after is not None else None,
    )


def choose(
    candidates: Sequence[ChannelKey], person: PersonFacts | None, asked: Asked, category_id: int, now: datetime
) -> Choice:
    """The first candidate that reaches the person and passes the gate."""
    if person is None or not person.active:
        return Choice(channel=None, passed=("the recipient is gone",))
    passed: list[str] = []
    for key in candidates:
        if key not in person.reachable:
            passed.append(f"{key}: no_address")
            continue
        verdict = decide(person.wishes_for(category_id), replace(asked, channel=key), now)
        if verdict.goes:
            return Choice(channel=key, passed=tuple(passed))
        passed.append(f"{key}: {verdict.reason}")
    return Choice(channel=None, passed=tuple(passed))
