"""Which Apprise URLs may be used: by the operator in the account, by people as their chat address.

Apprise brings its own HTTP, which our guard does not see. So a person's URL is taken only for services whose host is
fixed in the plugin's code, with a short list of options; anything that could name a host, run a command, read a file or
talk to this machine's desktop is refused. An operator's URL may name a host, but no link-local one: cloud metadata
lives there.
"""

import re
import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import unquote, urlsplit

from apprise.utils import parse

# scheme → what the host part may be: a token of the service, never a machine (apprise 2.2, plugins read 2026-11)
_TOKEN = re.compile(r"[A-Za-z0-9_.:@~-]{1,255}", re.ASCII)
_TEAMS_HOST = re.compile(
    r"([a-z0-9-]+\.)+(logic\.azure\.com|environment\.api\.powerplatform\.com)(:443)?", re.ASCII | re.IGNORECASE
)
HOSTED: Mapping[str, re.Pattern[str]] = {
    "discord": _TOKEN,
    "flock": _TOKEN,
    "gchat": _TOKEN,
    "guilded": _TOKEN,
    "line": _TOKEN,
    "pover": _TOKEN,
    "tgram": _TOKEN,
    "viber": _TOKEN,
    "workflow": _TEAMS_HOST,
    "workflows": _TEAMS_HOST,
}
# `verify`, `cto`, `rto`, `retry`, `attach`, `template` and all the others stay shut
PEOPLES_OPTIONS = frozenset({"preview", "silent", "thread", "threadid", "topic", "tts"})
# these act on the machine that Clarion runs on
LOCAL = frozenset(
    {
        "atalk",
        "blink1",
        "dbus",
        "exec",
        "file",
        "gio",
        "glib",
        "gnome",
        "kde",
        "macosx",
        "qt",
        "script",
        "syslog",
        "windows",
    }
)
# Apprise parts options at `;` as at `&`, and knows no fragments: what other parsers overlook must not be there at all
_PLAIN = re.compile(r"[^\s;#\\]+")
LINK_LOCAL = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",
        "168.63.129.16/32",  # Azure's wire server
        "fe80::/10",
        "fd00:ec2::254/128",  # Amazon's metadata
        "::ffff:169.254.0.0/112",
        "64:ff9b::169.254.0.0/112",
    )
)
LINK_LOCAL_REFUSED = "may not have a link-local address: cloud metadata lives there"
_ADDRESS = re.compile(r"[0-9a-fx]+(?:\.[0-9a-fx]+){1,3}|\[[0-9a-f:.%]+\]", re.ASCII | re.IGNORECASE)
_HOST_OF_AN_OPTION = re.compile(r"://(?:[^/?#@\s]*@)?([^/?#@:\s]+)")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,31})://", re.ASCII | re.IGNORECASE)


_parse_url: Any = parse.parse_url


class Refused(ValueError):
    """Why a URL is not used; the text repeats nothing of it but the scheme."""


def scheme_of(url: str) -> str:
    """The service's scheme; raises Refused when there is none."""
    found = _SCHEME.match(url)
    if found is None:
        raise Refused("not an Apprise URL, such as discord://webhook_id/webhook_token")
    return found[1].lower()


def check_operators(url: str) -> str:
    """The scheme of an operator's URL; raises Refused."""
    scheme = scheme_of(url)
    if scheme in LOCAL:
        raise Refused(f"{scheme}:// acts on the machine itself and is not a chat service")
    text = unquote(unquote(url))[len(scheme) + 3 :]
    if any(is_link_local(each.strip("[]")) for each in _ADDRESS.findall(text) + _HOST_OF_AN_OPTION.findall(text)):
        raise Refused(f"{scheme}:// {LINK_LOCAL_REFUSED}")
    return scheme


def is_link_local(host: str, *, look_up: bool = False) -> bool:
    """Whether this address, in any spelling, is link-local; with `look_up`, also a name that stands for one."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=0 if look_up else socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    addresses = [ip_address(str(where[0]).partition("%")[0]) for *_, where in found]
    return any(address in network for address in addresses for network in LINK_LOCAL)


def check_persons(url: str) -> str:
    """The scheme of a person's URL; raises Refused."""
    scheme = scheme_of(url)
    pattern = HOSTED.get(scheme)
    if pattern is None:
        raise Refused(f"{scheme}:// is not open to people's own addresses; {', '.join(sorted(HOSTED))} are")
    try:
        host = urlsplit(url).netloc
        read = _parse_url(url, verify_host=False)  # Apprise's own parser: what it finds is what takes effect
    except ValueError:
        raise Refused("the URL cannot be read") from None
    if not read or not _PLAIN.fullmatch(url) or {";", "#"} & set(unquote(url)) or not pattern.fullmatch(unquote(host)):
        raise Refused(f"{scheme}:// needs the service's own tokens behind it, and no blanks, ; # or \\")
    names = {str(name).lower() for options in ("qsd", "qsd+", "qsd-", "qsd:") for name in read[options]}
    if unknown := sorted(names - PEOPLES_OPTIONS):
        raise Refused(f"an own address may not have the option {unknown[0][:20]}")
    return scheme


def split_urls(value: str) -> Sequence[str]:
    """The URLs of an account's `url=`, parted by blanks."""
    return value.split()
