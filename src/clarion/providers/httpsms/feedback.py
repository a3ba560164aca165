"""What a gateway reports, by the mapping that its account names.

Proof is `callback_signature`, the header with the HMAC-SHA256 of the raw body in hex under `callback_secret`; it covers
no query string, so reports in one are refused then. Without `callback_signature` the header `Authorization: Bearer
<callback_secret>`; without both, the secret path of our address.
"""

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

import msgspec

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.feedback import Callback, Forged, Kind, Malformed, Reported
from clarion.contract.host import Host
from clarion.contract.reasons import Reason
from clarion.providers.httpsms.account import with_file
from clarion.providers.httpsms.reading import at, parse_reading

MOST_FIELDS = 200
REASONS = {
    Kind.BOUNCED: Reason.ADDRESS_UNREACHABLE,
    Kind.SOFT_BOUNCED: Reason.ADDRESS_UNREACHABLE,
    Kind.FAILED: Reason.ADDRESS_UNREACHABLE,
}


class HttpSmsFeedback:
    """One account's ear."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        options = with_file(url).options
        self._reports = parse_reading(options).reports
        self._secret = options.get("callback_secret", "").encode()
        self._header = options.get("callback_signature", "").lower()
        if self._header and not self._secret:
            raise Misconfigured("httpsms: callback_signature= names a header; give the callback_secret= as well")

    def __repr__(self) -> str:
        return "<HttpSmsFeedback>"

    def verify(self, callback: Callback) -> None:
        """Raise Forged unless the agreed proof is there."""
        if self._header:
            if _in_the_query(callback):
                raise Forged("callback_signature= signs the body, and the query string stands outside of it")
            given = callback.headers.get(self._header, "").removeprefix("sha256=").lower().encode()
            expected = hmac.new(self._secret, callback.body, hashlib.sha256).hexdigest().encode()
        else:
            given = callback.headers.get("authorization", "").encode() if self._secret else b""
            expected = b"Bearer " + self._secret if self._secret else b""
        if not hmac.compare_digest(given, expected):
            raise Forged("the agreed proof is missing or wrong")

    def parse(self, callback: Callback) -> Sequence[Reported]:
        """The report, or each of a list. Raises Malformed."""
        told = _told(callback)
        return [said for each in (told if isinstance(told, list) else [told]) if (said := self._one(each)) is not None]

    def acknowledge(self, callback: Callback) -> None:
        """Nothing else is wanted."""

    def _one(self, told: object) -> Reported | None:
        where = self._reports
        status = at(told, where.status).lower()
        remote, ours = at(told, where.id), at(told, where.ref)
        if status not in where.statuses or not (remote or ours):
            raise Malformed(
                "the status is not in callback_statuses=, or neither callback_id= nor callback_ref= is there"
            )
        kind = where.statuses[status]
        if kind is None:
            return None
        return Reported(
            event_id=at(told, where.event) or f"{remote or ours}:{status}",
            kind=kind,
            message_id=ours,
            remote_id=remote,
            address=at(told, where.to),
            reason=REASONS.get(kind),
        )


def _in_the_query(callback: Callback) -> bool:
    """Whether the report stands in the URL."""
    return callback.method == "GET" or not callback.body


def _told(callback: Callback) -> object:
    """A JSON value, or the fields of a form or of the query string."""
    content = callback.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if _in_the_query(callback):
            return dict(parse_qsl(urlsplit(callback.url).query, max_num_fields=MOST_FIELDS))
        if content == "application/x-www-form-urlencoded":
            return dict(parse_qsl(callback.body.decode(), max_num_fields=MOST_FIELDS))
        return msgspec.json.decode(callback.body)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise Malformed("the body is neither JSON nor a form") from error
