"""One call through Apprise: a message to one service, and what can be told of how it went.

Apprise answers yes or no, and writes what it heard into a log of its own. A vendor's status is read from there where a
plugin wrote one; the log itself, which may hold tokens, goes no further.
"""

import logging
import re
import threading
import warnings
from dataclasses import dataclass
from typing import Any

from apprise import Apprise, AppriseAsset, NotificationManager, NotifyBase, NotifyFormat
from apprise.result import AppriseResultStatus

from clarion.contract.content import ChatContent
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.providers.apprise.schemes import Refused, is_link_local, scheme_of

# plugins write "error=404" behind what they could make of the answer
_STATUS = re.compile(r"error=(\d{3})\b")
_EVERYBODY = re.compile(r"@(?=everyone|here)")
_KNOWN: dict[int, Outcome] = {
    400: Rejected(why=Reason.CONTENT_REFUSED),
    401: Rejected(why=Reason.ADDRESS_UNREACHABLE),
    403: Rejected(why=Reason.ADDRESS_UNREACHABLE),
    404: Rejected(why=Reason.ADDRESS_UNREACHABLE),
    410: Rejected(why=Reason.ENDPOINT_GONE, suppress=True),
    413: Rejected(why=Reason.TOO_LARGE),
    429: Retry(why=Reason.THROTTLED),
}

# of an account's own URL: not the recipient's fault
REFUSED_TOKEN = frozenset({401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a call; `status` is the vendor's, 0 where none was told."""

    outcome: Outcome
    status: int = 0


_manager: Any = NotificationManager
with warnings.catch_warnings():
    # the first look reads all plugins, some of which try libraries with old habits; here it happens once, at start
    warnings.simplefilter("ignore")
    _manager().schemas()
# what these write down has addresses and bodies in it; Apprise's results have their own ears
_own_log = logging.getLogger("apprise")
_own_log.propagate = False
_own_log.setLevel(logging.WARNING)
_own_log.addHandler(logging.NullHandler())
logging.getLogger("urllib3").setLevel(logging.WARNING)


class Services:
    """Plugins made from URLs, one a call: they keep notes of their calls, so two threads cannot share one."""

    def __init__(self) -> None:
        # nothing on disk, no plugins from folders, no secrets in Apprise's own log, no way to another host
        self.asset = AppriseAsset(storage_mode="memory", secure_logging=True, plugin_paths=None, http_redirects=False)
        self._lock = threading.Lock()  # around Apprise's own tables of plugins, which are filled on first use

    def of(self, url: str) -> NotifyBase:
        """The plugin of a URL that was checked. Raises Refused when Apprise cannot use it."""
        with self._lock:
            made = Apprise.instantiate(url, asset=self.asset)
        if not isinstance(made, NotifyBase):
            raise Refused(f"{scheme_of(url)}:// needs other parts than these; see the service's page at Apprise")
        return made

    def call(self, service: NotifyBase, content: ChatContent) -> Answer:
        """Hand the message over and wait; in a thread of its own."""
        carrier = Apprise(asset=self.asset)
        carrier.add(service)
        # "@everyone" of a value must not wake a whole server: Discord and Guilded know no other way to write it off
        title, body = (_EVERYBODY.sub("@\u200b", text) for text in (content.title, content.text))
        result = carrier.notify(body=body, title=title, body_format=NotifyFormat.TEXT)
        name = str(service.service_name)
        if result.status == AppriseResultStatus.SUCCESS:
            return Answer(outcome=Sent(detail=name))
        if result.status == AppriseResultStatus.TIMEOUT:
            return Answer(outcome=Unclear(why=Reason.TIMEOUT, detail=name))
        statuses = [
            int(found[1]) for each in result.results for line in each.logs() if (found := _STATUS.search(str(line)))
        ]
        status = statuses[-1] if statuses else 0
        return Answer(outcome=_failed(name, status), status=status)


def has_link_local_host(service: NotifyBase, *, look_up: bool) -> bool:
    """Whether the plugin's host is a machine, and one that must stay shut; with `look_up`, names are resolved."""
    host = str(service.host or "")
    return "host" in service.template_tokens and is_link_local(host, look_up=look_up)


def _failed(name: str, status: int) -> Outcome:
    detail = f"{name}: HTTP {status}" if status else f"{name} did not take it; Apprise does not say why"
    match _KNOWN.get(status):
        case Rejected(why=why, suppress=suppress):
            return Rejected(why=why, suppress=suppress, detail=detail)
        case Retry(why=why):
            return Retry(why=why, detail=detail)
    if 500 <= status < 600:
        return Retry(why=Reason.TEMPORARY, detail=detail)
    return Retry(why=Reason.UNRECOGNISED, detail=detail)
