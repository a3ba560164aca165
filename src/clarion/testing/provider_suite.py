"""The contract suite: what every provider must do, ours and other people's.

Subclass `ProviderSuite` in a pytest module under a name that starts with `Test`, and answer its questions: how to
open the provider, what a good message is, how to break things. A question answered with None is skipped.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import cast

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent
from clarion.contract.faults import Misconfigured, ProviderFault, Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.rate import parse_rate

KINDS = (Sent, Retry, Rejected, Unclear)


class ProviderSuite(ABC):
    """The cases. `channel` is the one under test."""

    channel: ChannelKey

    # what a subclass answers

    @abstractmethod
    def open_provider(self) -> Provider:
        """A fresh provider on a healthy peer."""

    @abstractmethod
    def good_message(self, number: int) -> Message:
        """A message the peer takes; its id differs by number."""

    def bad_message(self, number: int) -> Message | None:
        """A message whose recipient the peer refuses for good."""
        return None

    def unreachable_provider(self) -> Provider | None:
        """A provider whose peer does not listen."""
        return None

    def misconfigured_provider(self) -> Provider | None:
        """A provider with wrong credentials."""
        return None

    def effects(self) -> Mapping[str, int] | None:
        """How often the peer acted on each message id."""
        return None

    def secrets(self) -> Sequence[str]:
        """Passwords, keys, addresses, which nothing may print."""
        return ()

    # the cases

    def test_every_good_message_is_sent_once_under_its_own_id(self) -> None:
        batch = [self.good_message(number) for number in range(20)]
        with closing(self.open_provider()) as provider:
            outcomes = list(provider.send(batch))
        assert sorted(key for key, _ in outcomes) == sorted(message.id for message in batch)
        assert [outcome for _, outcome in outcomes if not isinstance(outcome, Sent)] == []

    def test_an_empty_batch_has_no_outcomes(self) -> None:
        with closing(self.open_provider()) as provider:
            assert list(provider.send([])) == []

    def test_a_refused_recipient_is_an_outcome_and_spoils_no_other(self) -> None:
        bad = self.bad_message(1)
        if bad is None:
            pytest.skip("this provider's peer refuses nobody")
        good = [self.good_message(0), self.good_message(2), self.good_message(3)]
        with closing(self.open_provider()) as provider:
            outcomes = dict(provider.send([good[0], bad, *good[1:]]))
        assert set(outcomes) == {bad.id, *(message.id for message in good)}
        assert isinstance(outcomes[bad.id], Rejected), outcomes[bad.id]
        assert all(isinstance(outcomes[message.id], Sent) for message in good)

    def test_content_of_another_channel_is_rejected_not_raised(self) -> None:
        odd = self._with_foreign_content(self.good_message(1))
        with closing(self.open_provider()) as provider:
            outcomes = dict(provider.send([odd, self.good_message(2)]))
        assert isinstance(outcomes[odd.id], Rejected), outcomes[odd.id]
        assert isinstance(outcomes[self.good_message(2).id], Sent)

    def test_the_generator_may_be_closed_half_way_and_the_provider_goes_on(self) -> None:
        with closing(self.open_provider()) as provider:
            results = provider.send([self.good_message(number) for number in range(20)])
            key, _ = next(results)
            assert key in {self.good_message(number).id for number in range(20)}
            results.close()  # type: ignore[attr-defined]
            again = dict(provider.send([self.good_message(30)]))
        assert isinstance(again[self.good_message(30).id], Sent)

    def test_a_full_batch_is_taken(self) -> None:
        with closing(self.open_provider()) as provider:
            size = provider.declaration.max_batch
            assert size >= 1
            batch = [self.good_message(number) for number in range(min(size, 300))]
            assert len(list(provider.send(batch))) == len(batch)

    def test_the_declaration_names_the_channel(self) -> None:
        with closing(self.open_provider()) as provider:
            assert self.channel in provider.declaration.channels
            assert provider.declaration.concurrency >= 1

    def test_the_declared_rate_can_be_read(self) -> None:
        with closing(self.open_provider()) as provider:
            declared = provider.declaration.default_rate
        assert not declared or parse_rate(declared).per_second > 0

    def test_a_healthy_peer_passes_the_probe_and_gets_nothing(self) -> None:
        before = dict(self.effects() or {})
        with closing(self.open_provider()) as provider:
            provider.probe()
        assert dict(self.effects() or {}) == before

    def test_closing_twice_is_harmless(self) -> None:
        provider = self.open_provider()
        list(provider.send([self.good_message(1)]))
        provider.close()
        provider.close()

    def test_an_unreachable_peer_is_a_fault_or_a_retry_and_loses_nothing(self) -> None:
        provider = self.unreachable_provider()
        if provider is None:
            pytest.skip("this provider has no peer that could be away")
        batch = [self.good_message(number) for number in range(3)]
        outcomes, fault = self._send(provider, batch)
        assert all(isinstance(outcome, Retry) for outcome in outcomes.values())
        assert isinstance(fault, Unreachable) or set(outcomes) == {message.id for message in batch}

    def test_wrong_credentials_are_misconfigured(self) -> None:
        provider = self.misconfigured_provider()
        if provider is None:
            pytest.skip("this provider has no credentials")
        with closing(provider):
            with pytest.raises(Misconfigured):
                list(provider.send([self.good_message(1)]))
            with pytest.raises(Misconfigured):
                provider.probe()

    def test_an_idempotent_provider_has_one_effect_for_one_id(self) -> None:
        with closing(self.open_provider()) as provider:
            if not provider.declaration.idempotent:
                pytest.skip("not declared idempotent")
            first = dict(provider.send([self.good_message(1)]))
            second = dict(provider.send([self.good_message(1)]))
        assert isinstance(first[self.good_message(1).id], Sent)
        assert isinstance(second[self.good_message(1).id], Sent)
        effects = self.effects()
        if effects is not None:
            assert effects[self.good_message(1).id] == 1

    def test_nothing_printed_holds_a_secret_or_an_address(
        self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        printed: list[str] = []
        for provider in (self.open_provider(), self.unreachable_provider(), self.misconfigured_provider()):
            if provider is None:
                continue
            batch = [self.good_message(1), *([bad] if (bad := self.bad_message(2)) else [])]
            outcomes, fault = self._send(provider, batch)
            printed += [repr(provider), str(provider), repr(provider.declaration), repr(batch), repr(fault), str(fault)]
            printed += [repr(outcome) for outcome in outcomes.values()]
        text = "\n".join([*printed, caplog.text, *capfd.readouterr()])
        for secret in (*self.secrets(), self.good_message(1).target.value):
            assert secret not in text, "a secret or an address was printed"

    @staticmethod
    def _with_foreign_content(message: Message) -> Message:
        """The same message with content no channel renders for it."""
        foreign = cast(ChatContent, object())
        return Message(
            id=message.id,
            notification_id=message.notification_id,
            user_id=message.user_id,
            target=message.target,
            content=foreign,
            created_at=message.created_at,
        )

    @staticmethod
    def _send(provider: Provider, batch: Sequence[Message]) -> tuple[dict[str, Outcome], ProviderFault | None]:
        outcomes: dict[str, Outcome] = {}
        with closing(provider):
            try:
                for key, outcome in provider.send(batch):
                    outcomes[key] = outcome  # noqa: PERF403  what came before a fault must be kept
            except ProviderFault as fault:
                return outcomes, fault
        return outcomes, None
