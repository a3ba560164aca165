"""What is said to the sinks and what they answer; the words are those of `clarion.testing.troubled_sinks`."""

from collections.abc import Mapping

import msgspec

from clarion.contract.channel import ChannelKey


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The trouble that begins now; answered with an empty list."""

    trouble: str
    retry_after: int = 0
    dated: bool = False


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """One door's account of itself."""

    asked: int
    refused: int
    resets: int
    early: int
    earliest: float


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to "books"."""

    email: Book
    webhook: Book
    cuts: int = 0

    def of(self) -> Mapping[str, Book]:
        """By channel."""
        return {ChannelKey.EMAIL: self.email, ChannelKey.WEBHOOK: self.webhook}
