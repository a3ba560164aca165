"""Whose turn it is among accounts of one position. Each gets its weight's share of the messages, deterministically: the
next batch goes to the one that has carried least for its weight. One slot's memory; nothing is shared or random."""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from clarion.records.accounts.book import AccountFacts


class Shares:
    """What each account has carried, over its weight."""

    def __init__(self) -> None:
        self._carried: dict[UUID, float] = {}
        self._present: set[UUID] = set()

    def order(self, accounts: Sequence[AccountFacts]) -> list[AccountFacts]:
        """The accounts by position, and of one position, who is most behind first. One that is new, or was away
        (paused, at rest), starts where the others stand: it gets its share, and does not make up for what it missed."""
        ordered: list[AccountFacts] = []
        for _, found in groupby(sorted(accounts, key=lambda one: one.position), key=lambda one: one.position):
            group = list(found)
            stayed = [self._carried[one.id] for one in group if one.id in self._present and one.id in self._carried]
            floor = min(stayed, default=0.0)
            for one in group:
                if one.id not in self._present:
                    self._carried[one.id] = max(floor, self._carried.get(one.id, 0.0))
            ordered += sorted(group, key=lambda one: (self._carried.get(one.id, 0.0), one.name))
        self._present = {one.id for one in accounts}
        return ordered

    def charge(self, account: AccountFacts, messages: int) -> None:
        """It is given so many messages; fewer than none when they come back."""
        self._carried[account.id] = self._carried.get(account.id, 0.0) + messages / account.weight
