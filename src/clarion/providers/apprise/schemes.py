"""Which Apprise URLs may be used: by the operator in the account, by people as their chat address.

Apprise brings its own HTTP, which our guard does not see. So a person's URL is taken only for services whose host is
fixed in the plugin's code, with a short list of options; anything that could name a host, run a command, read a file or
talk to this machine's desktop is refused. An operator's URL may name a host, as every `endpoint=` may.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

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
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,31})://", re.ASCII | re.IGNORECASE)


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
    return scheme


def check_persons(url: str) -> str:
    """The scheme of a person's URL; raises Refused."""
    scheme = scheme_of(url)
    pattern = HOSTED.get(scheme)
    if pattern is None:
        raise Refused(f"{scheme}:// is not open to people's own addresses; {', '.join(sorted(HOSTED))} are")
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise Refused("the URL cannot be read") from None
    if not pattern.fullmatch(unquote(parts.netloc)) or "\\" in url or "#" in parts.netloc:
        raise Refused(f"{scheme}:// needs the service's own tokens behind it")
    if unknown := sorted({name.lower() for name, _ in options} - PEOPLES_OPTIONS):
        raise Refused(f"an own address may not have the option {unknown[0][:20]}")
    return scheme


def split_urls(value: str) -> Sequence[str]:
    """The URLs of an account's `url=`, parted by blanks."""
    return value.split()
