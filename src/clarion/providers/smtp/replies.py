"""What a server's reply means for a message: the table of codes. Nothing is sent or retried here.

Enhanced codes: RFC 3463 section 3 and
https://www.iana.org/assignments/smtp-enhanced-status-codes/smtp-enhanced-status-codes.xhtml (read 2026-11).
Servers differ in care: an enhanced code wins over the three-digit one, whose meaning depends on the stage.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from clarion.contract.faults import Misconfigured
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent
from clarion.contract.reasons import Reason
from clarion.providers.smtp.connection import Reply


class Stage(StrEnum):
    """Which command the reply answers."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"


# code → (reason, suppress): the address itself is dead only where a mailbox or a domain is said not to exist.
REJECTED: Mapping[str, tuple[Reason, bool]] = {
    "5.1.0": (Reason.ADDRESS_UNREACHABLE, False),  # other address status
    "5.1.1": (Reason.ADDRESS_UNREACHABLE, True),  # no such mailbox
    "5.1.2": (Reason.ADDRESS_UNREACHABLE, False),  # bad destination system: may be a DNS mishap
    "5.1.3": (Reason.INVALID_ADDRESS, True),  # bad address syntax
    "5.1.6": (Reason.ADDRESS_UNREACHABLE, True),  # mailbox has moved, no forwarding
    "5.1.10": (Reason.ADDRESS_UNREACHABLE, True),  # null MX, RFC 7505
    "5.2.1": (Reason.ADDRESS_UNREACHABLE, False),  # mailbox disabled
    "5.2.2": (Reason.MAILBOX_FULL, False),
    "5.2.3": (Reason.TOO_LARGE, False),
    "5.3.4": (Reason.TOO_LARGE, False),
    "5.4.1": (Reason.ADDRESS_UNREACHABLE, False),  # no answer from host (Exchange: recipient unknown)
    "5.4.4": (Reason.ADDRESS_UNREACHABLE, False),  # unable to route
    "5.4.6": (Reason.ADDRESS_UNREACHABLE, False),  # routing loop
    "5.6.0": (Reason.CONTENT_REFUSED, False),
    "5.6.1": (Reason.CONTENT_REFUSED, False),
    "5.6.3": (Reason.CONTENT_REFUSED, False),
    "5.6.7": (Reason.INVALID_ADDRESS, False),  # non-ASCII address not permitted there
    "5.7.0": (Reason.POLICY_REFUSED, False),
    "5.7.1": (Reason.POLICY_REFUSED, False),  # delivery not authorised
    "5.7.7": (Reason.CONTENT_REFUSED, False),
}
RETRY: Mapping[str, tuple[Reason, bool]] = {  # code → (reason, whole account)
    "4.2.1": (Reason.TEMPORARY, False),  # mailbox busy or greylisted
    "4.2.2": (Reason.MAILBOX_FULL, False),
    "4.3.1": (Reason.TEMPORARY, True),  # mail system full
    "4.3.2": (Reason.TEMPORARY, True),  # system not accepting network messages
    "4.4.5": (Reason.THROTTLED, True),  # congestion
    "4.5.3": (Reason.THROTTLED, False),  # too many recipients
    "5.4.5": (Reason.THROTTLED, True),  # Gmail: daily sending limit, https://support.google.com/a/answer/3726730
}
ACCOUNT = frozenset(
    {
        "5.1.7",  # bad sender's address syntax
        "5.1.8",  # bad sender's system
        "5.7.3",  # user authentication required (Exchange)
        "5.7.8",  # credentials invalid
        "5.7.9",  # mechanism too weak
        "5.7.11",  # encryption required
        "5.7.13",  # user account disabled
        "5.7.60",  # Exchange: may not send as this sender
    }
)
ABOUT_ONE_MAIL = frozenset({"5.2.3", "5.3.4", "5.6.7"})  # size and encoding; any other refusal of MAIL is the sender's
ACCOUNT_CODES = frozenset({530, 534, 535, 538})  # RFC 4954
BY_CODE: Mapping[int, tuple[Reason, bool]] = {
    501: (Reason.INVALID_ADDRESS, False),
    550: (Reason.ADDRESS_UNREACHABLE, False),  # may also be policy: not enough to call the address dead
    551: (Reason.ADDRESS_UNREACHABLE, False),
    552: (Reason.MAILBOX_FULL, False),
    553: (Reason.INVALID_ADDRESS, False),
    554: (Reason.POLICY_REFUSED, False),
}

_QUEUE_ID = re.compile(r"(?:queued as|queued with id|\bid=)\s*<?([A-Za-z0-9._-]{4,80})", re.IGNORECASE)


def accepted(reply: Reply) -> Sent:
    """The outcome of a positive reply to the data, with the server's queue id where it names one."""
    found = _QUEUE_ID.search(reply.lines[-1])
    return Sent(remote_id=found[1] if found else "", detail=reply.shown)


def classify(stage: Stage, reply: Reply) -> Outcome:
    """The outcome of a negative reply. Raises Misconfigured when the account, not the message, is refused."""
    enhanced, detail = reply.enhanced, f"{reply.shown} at {stage}"
    if reply.code in ACCOUNT_CODES or enhanced in ACCOUNT:
        raise Misconfigured(f"the mail server refuses this account: {detail}; check user, password and sender")
    if enhanced in RETRY:
        reason, whole_account = RETRY[enhanced]
        return Retry(why=reason, whole_account=whole_account, detail=detail)
    if reply.code // 100 == 4:
        return _temporary(stage, reply, detail)
    if enhanced in REJECTED and (stage is not Stage.MAIL or enhanced in ABOUT_ONE_MAIL):
        reason, suppress = REJECTED[enhanced]
        return Rejected(why=reason, suppress=suppress, detail=detail)
    return _permanent(stage, reply, detail)


def _temporary(stage: Stage, reply: Reply, detail: str) -> Retry:
    throttled = reply.code == 421 or reply.enhanced.startswith("4.7.")
    # A refused MAIL is about the sender: the next message would hear the same.
    whole_account = stage is Stage.MAIL or reply.code == 421
    return Retry(why=Reason.THROTTLED if throttled else Reason.TEMPORARY, whole_account=whole_account, detail=detail)


def _permanent(stage: Stage, reply: Reply, detail: str) -> Outcome:
    if stage is Stage.MAIL:
        if reply.code == 552:
            return Rejected(why=Reason.TOO_LARGE, detail=detail)
        raise Misconfigured(f"the mail server refuses the sender: {detail}; check from=")
    if stage is Stage.DATA:
        reason = Reason.TOO_LARGE if reply.code == 552 else Reason.CONTENT_REFUSED
        return Rejected(why=reason, detail=detail)
    if reply.code in BY_CODE:
        reason, suppress = BY_CODE[reply.code]
        return Rejected(why=reason, suppress=suppress, detail=detail)
    return Rejected(why=Reason.UNRECOGNISED, detail=detail)
