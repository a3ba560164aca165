"""Magic recipients: addresses that fail on purpose, so that every path can be tried by hand. README.md lists them."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason

ATTEMPTS_THAT_FAIL = 2


def _always(outcome: Outcome) -> Callable[[Message], Outcome]:
    def charm(_message: Message) -> Outcome:
        return outcome

    return charm


def _retry(message: Message) -> Outcome | None:
    if message.attempt > ATTEMPTS_THAT_FAIL:
        return None
    return Retry(why=Reason.TEMPORARY, detail=f"sandbox: attempt {message.attempt} fails")


def _throttle(message: Message) -> Outcome | None:
    if message.attempt > 1:
        return None
    return Retry(why=Reason.THROTTLED, after=timedelta(seconds=1), detail="sandbox: throttled")


def _outage(_message: Message) -> Outcome:
    raise Unreachable("sandbox: outage")


WORDS: Mapping[str, Callable[[Message], Outcome | None]] = {
    "bounce": _always(Rejected(why=Reason.ADDRESS_UNREACHABLE, suppress=True, detail="sandbox: bounce")),
    "full": _always(Rejected(why=Reason.MAILBOX_FULL, detail="sandbox: full")),
    "refuse": _always(Rejected(why=Reason.CONTENT_REFUSED, detail="sandbox: refused")),
    "gone": _always(Rejected(why=Reason.DEVICE_GONE, suppress=True, detail="sandbox: gone")),
    "retry": _retry,
    "throttle": _throttle,
    "unclear": _always(Unclear(why=Reason.TIMEOUT, detail="sandbox: unclear")),
    "outage": _outage,
}
# The same digits as Twilio's test numbers, https://www.twilio.com/docs/iam/test-credentials (read 2026-11).
NUMBERS: Mapping[str, Outcome] = {
    "+15005550001": Rejected(why=Reason.INVALID_ADDRESS, suppress=True, detail="sandbox: invalid number"),
    "+15005550002": Retry(why=Reason.ADDRESS_UNREACHABLE, detail="sandbox: cannot be routed"),
    "+15005550004": Rejected(why=Reason.POLICY_REFUSED, suppress=True, detail="sandbox: blocked number"),
    "+15005550008": Retry(why=Reason.THROTTLED, whole_account=True, detail="sandbox: queue full"),
    "+15005550009": Rejected(why=Reason.ADDRESS_UNREACHABLE, detail="sandbox: not a mobile number"),
}


def spell(message: Message, channel: ChannelKey) -> Outcome | None:
    """The outcome a magic recipient asks for; None for everybody else. Raises Unreachable for an outage."""
    value = message.target.value
    if value in NUMBERS:
        return NUMBERS[value]
    charm = WORDS.get(_word(value, channel))
    return charm(message) if charm else None


def is_slow(message: Message, channel: ChannelKey) -> bool:
    return _word(message.target.value, channel) == "slow"


def taken(message: Message) -> Outcome:
    return Sent(remote_id=f"sandbox-{message.id}")


def _word(value: str, channel: ChannelKey) -> str:
    """What is looked up: a mail's local part, a webhook's last path segment, what stands before the first `-` of
    a device token or chat address."""
    if channel is ChannelKey.EMAIL:
        return value.partition("@")[0].partition("+")[0].lower()
    if channel is ChannelKey.WEBHOOK:
        return urlsplit(value).path.rpartition("/")[2].lower()
    if channel in (ChannelKey.PUSH, ChannelKey.CHAT):
        return value.lstrip("#@").partition("-")[0].lower()
    return ""
