"""Addresses as the list knows them: checked, normalised, and hashed like those of people, so that a stored person's
hash finds the entry without opening anything."""

from dataclasses import dataclass, field

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.personal.ring import ring

KINDS = {ChannelKey.EMAIL: "email", ChannelKey.SMS: "phone"}
"""The channels whose addresses can be listed, with the kind of their look-up hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A normalised address of a channel. `hash` is under the newest key, `hashes` under every key of the ring."""

    channel: ChannelKey
    value: str = field(repr=False)
    hash: bytes = field(repr=False)
    hashes: tuple[bytes, ...] = field(repr=False)

    @property
    def kind(self) -> str:
        return KINDS[self.channel]


def address_of(channel: ChannelKey, value: str) -> Address:
    """Check and normalise; raises InvalidValue."""
    if channel not in KINDS:
        raise InvalidValue("channel_not_listed", f"the list holds addresses of {', '.join(KINDS)}")
    normal = channel_of(channel).parse_address(value.strip())
    hashes = tuple(ring().lookup_hashes(KINDS[channel], normal))
    return Address(channel=channel, value=normal, hash=ring().lookup_hash(KINDS[channel], normal), hashes=hashes)


def known_address(channel: ChannelKey, value: str) -> Address | None:
    """As `address_of`; None for what is no address of a listed channel. For what others report."""
    try:
        return address_of(channel, value) if channel in KINDS and value else None
    except InvalidValue:
        return None
