"""Asking for delivery status notifications (RFC 3461) where the server offers them. Reading them is `bounces`.

The envelope id is our message id, so the bounce that comes back says which mail it is about, whoever rewrote what on
the way. Nothing here waits or is sent.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured

OPTIONS = ("dsn",)
LONGEST_ENVID = 100
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")  # anything but printable ASCII without + and =
_HEX = re.compile(r"\+([0-9A-F]{2})")


class Dsn(StrEnum):
    """Of what to be told: failures, also of deliveries, or nothing of the kind in the envelope."""

    FAILURE = "failure"
    SUCCESS = "success"
    NO = "no"


_NOTIFY = {Dsn.FAILURE: "FAILURE", Dsn.SUCCESS: "SUCCESS,FAILURE,DELAY"}


def read_dsn(url: AccountUrl) -> Dsn:
    """The `dsn=` option. Raises Misconfigured."""
    try:
        return Dsn(url.options.get("dsn", Dsn.FAILURE))
    except ValueError:
        raise Misconfigured("smtp: dsn= must be failure, success or no") from None


def mail_parameters(wish: Dsn, message_id: str, features: Mapping[str, str]) -> str:
    """What MAIL gets: return headers only, and our id."""
    if wish is Dsn.NO or "DSN" not in features:
        return ""
    envid = xtext(message_id)
    return " RET=HDRS" + (f" ENVID={envid}" if len(envid) <= LONGEST_ENVID else "")


def rcpt_parameters(wish: Dsn, recipient: str, features: Mapping[str, str]) -> str:
    """What RCPT gets: when to tell, and the address as we know it."""
    if wish is Dsn.NO or "DSN" not in features:
        return ""
    original = f" ORCPT=rfc822;{xtext(recipient)}" if recipient.isascii() else ""
    return f" NOTIFY={_NOTIFY[wish]}{original}"


def xtext(text: str) -> str:
    """RFC 3461, section 4."""
    return _NOT_XTEXT.sub(lambda found: "".join(f"+{byte:02X}" for byte in found[0].encode()), text)


def from_xtext(text: str) -> str:
    """What was encoded; characters that are not ASCII are not ours and become marks."""
    return _HEX.sub(lambda found: chr(int(found[1], 16)), text).encode("ascii", "replace").decode("ascii")
