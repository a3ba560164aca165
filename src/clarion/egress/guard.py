"""The connect-time guard against server-side request forgery.

It looks at the address of each connection attempt, after name resolution, so that a name which changes its answer
between check and use (rebinding), a redirect or an odd spelling gains nothing. What a URL may look like is asked in
`http`; whether to retry is asked nowhere here.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Own list rather than `is_global`, which ignores NAT64 and 6to4 and was wrong before Python 3.11.10 and 3.12.4
# (CVE-2024-4032). Sources: IANA special-purpose registries (2026-11), Svix' webhook_http_client.rs.
FORBIDDEN_V4: tuple[IPv4Network, ...] = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved and broadcast
        "168.63.129.16/32",  # Azure's wire server: public by number, the host's own by nature
    )
)

# Everything outside 2000::/3 (global unicast) is forbidden as a whole: loopback, unspecified, IPv4-mapped,
# 64:ff9b::/96 and 64:ff9b:1::/48 (NAT64), 100::/64 (discard), 5f00::/16 (SRv6), fc00::/7 (ULA), fe80::/10
# (link-local), fec0::/10 (site-local), ff00::/8 (multicast). What is left are special blocks inside it.
GLOBAL_V6 = IPv6Network("2000::/3")
FORBIDDEN_V6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, among them Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

# What `allow_private_targets` opens. Link-local stays shut even then: cloud metadata lives there.
PRIVATE: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


def is_forbidden(address: str | Address) -> bool:
    """Whether a literal address must not be connected to. What cannot be read as an address is forbidden."""
    try:
        parsed = ip_address(address) if isinstance(address, str) else address
    except ValueError:
        return True
    if isinstance(parsed, IPv4Address):
        return any(parsed in network for network in FORBIDDEN_V4)
    return parsed not in GLOBAL_V6 or any(parsed in network for network in FORBIDDEN_V6)


class BlockedAddress(OSError):
    """A connection attempt to a forbidden address; the text is constant so that several collapse into one."""

    def __init__(self) -> None:
        super().__init__("the address is private or reserved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Decides for each attempt. `allowed` are the networks let through though they are on the list."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def strict(cls) -> "Guard":
        """For addresses that users give: public ones only."""
        return cls()

    @classmethod
    def private_allowed(cls) -> "Guard":
        """For tests and labs: private and loopback targets too, link-local never."""
        return cls(allowed=PRIVATE)

    @classmethod
    def unguarded(cls) -> "Guard":
        """For endpoints that the operator names: anything."""
        return cls(allowed=EVERYWHERE)

    @classmethod
    def allowing(cls, networks: Iterable[str]) -> "Guard":
        """Public addresses and these networks. Raises ValueError for what is no network."""
        return cls(allowed=tuple(ip_network(network) for network in networks))

    @property
    def is_strict(self) -> bool:
        return not self.allowed

    def permits(self, address: str) -> bool:
        """Whether this literal address may be connected to."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.allowed) or not is_forbidden(parsed)

    def open_socket(self, info: AddressInfo) -> socket.socket:
        """aiohttp's socket factory: the resolved address comes in, a socket or BlockedAddress comes out."""
        family, kind, protocol, _, where = info
        if not self.permits(str(where[0])):
            raise BlockedAddress
        return socket.socket(family=family, type=kind, proto=protocol)
