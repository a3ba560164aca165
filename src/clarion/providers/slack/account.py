"""A Slack account: `slack://xoxb-token@`, or `slack://` for people's own incoming webhooks only."""

import re
from dataclasses import dataclass, field

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured

API = "https://slack.com/api"
HOOKS = "https://hooks.slack.com"
_TOKEN = re.compile(r"xox[a-z][.-][A-Za-z0-9.-]{1,250}", re.ASCII)
_HOOK = re.compile(r"https://hooks\.slack\.com(/services/[A-Za-z0-9_/-]{1,200})", re.ASCII)
# https://docs.slack.dev/reference/methods/chat.postMessage (2026-11): an id of a channel, a conversation or a user (a
# direct message), or a channel's name
_PLACE = re.compile(r"[CDGUW][A-Z0-9]{2,20}|#?[\w.-]{1,80}", re.UNICODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """`token` empty: there is no bot."""

    token: str = field(repr=False)


def credentials(url: AccountUrl) -> Credentials:
    """The URL's token. Raises Misconfigured."""
    url.only("timeout")
    if url.password:
        raise Misconfigured("slack: the token stands alone before the @: slack://xoxb-…@")
    if url.host:
        raise Misconfigured("slack: write slack://xoxb-…@ with the @ at the end, and nothing behind it but options")
    if url.username and not _TOKEN.fullmatch(url.username):
        raise Misconfigured("slack: a token begins with xoxb- (a bot's; take it from the app's OAuth page)")
    return Credentials(token=url.username)


def hook_path(target: str) -> str:
    """The path of an incoming webhook; empty when the target is none. No other host is ever called."""
    found = _HOOK.fullmatch(target)
    return found[1] if found else ""


def is_place(target: str) -> bool:
    """Whether this can be a channel or a person of a workspace."""
    return _PLACE.fullmatch(target) is not None
