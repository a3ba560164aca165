"""A vendor that reports back as a test says: a scripted provider with an ear, and the signed callbacks to it.

A callback is a JSON array of events, signed as vendors do it: HMAC-SHA256 over a timestamp and the raw bytes, good for
five minutes.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import ProviderFault
from clarion.contract.feedback import Callback, Feedback, Forged, Malformed, Reported
from clarion.contract.host import Host
from clarion.contract.registry import Entry
from clarion.testing.scripted import ScriptedProvider

SIGNATURE, TIMESTAMP = "x-scripted-signature", "x-scripted-timestamp"
STALE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What goes over the wire: header names in lower case, and the body."""

    headers: dict[str, str]
    body: bytes


def signed(events: Sequence[Reported], *, key: bytes, at: datetime) -> Signed:
    """A callback as the vendor would send it."""
    return signed_bytes(msgspec.json.encode(list(events)), key=key, at=at)


def signed_bytes(body: bytes, *, key: bytes, at: datetime) -> Signed:
    """The same for any body."""
    stamp = str(int(at.timestamp()))
    return Signed(headers={TIMESTAMP: stamp, SIGNATURE: _signature(key, stamp, body)}, body=body)


def _signature(key: bytes, stamp: str, body: bytes) -> str:
    return hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@dataclass(slots=True)
class ScriptedEar:
    """Follows the contract of `Feedback`. `parse_fault` and `acknowledge_faults` are raised instead of going on, the
    latter one by one; `verify_fault` stands for a certificate that cannot be fetched."""

    key: bytes = b"scripted"
    verify_fault: ProviderFault | None = None
    parse_fault: Exception | None = None
    acknowledge_faults: list[ProviderFault] = field(default_factory=list)
    acknowledged: int = 0

    def verify(self, callback: Callback) -> None:
        """Signature and age."""
        if self.verify_fault is not None:
            raise self.verify_fault
        stamp = callback.headers.get(TIMESTAMP, "")
        given = callback.headers.get(SIGNATURE, "")
        if not hmac.compare_digest(given.encode(), _signature(self.key, stamp, callback.body).encode()):
            raise Forged("the signature is wrong")
        if abs(callback.received_at - datetime.fromtimestamp(int(stamp), tz=UTC)) > STALE:
            raise Forged("the callback is stale")

    def parse(self, callback: Callback) -> Sequence[Reported]:
        """The events as they were given."""
        if self.parse_fault is not None:
            raise self.parse_fault
        try:
            return msgspec.json.decode(callback.body, type=list[Reported])
        except (msgspec.DecodeError, json.JSONDecodeError) as error:
            raise Malformed("not a list of events") from error

    def acknowledge(self, callback: Callback) -> None:
        """Count, or fail as planned."""
        if self.acknowledge_faults:
            raise self.acknowledge_faults.pop(0)
        self.acknowledged += 1


@dataclass(slots=True)
class ScriptedVendor(ScriptedProvider):
    """A scripted provider that reports back through `ear`. `callback_urls` are those it was opened with."""

    ear: ScriptedEar = field(default_factory=ScriptedEar)
    callback_urls: list[str] = field(default_factory=list)

    def entry(self) -> Entry:
        """As the provider's, with the ear."""

        def open_it(url: AccountUrl, channel: ChannelKey, host: Host) -> ScriptedProvider:
            self.callback_urls.append(host.callback_url)
            return self

        def hear(url: AccountUrl, channel: ChannelKey, host: Host) -> Feedback:
            return self.ear

        return Entry(scheme=self.name, channels=frozenset(ChannelKey), open=open_it, feedback=hear)
