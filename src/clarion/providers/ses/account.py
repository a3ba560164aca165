"""What a `ses://` URL says, read once into a type. No connection is made here."""

import re
from dataclasses import dataclass, field

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured
from clarion.contract.host import Host
from clarion.contract.rate import parse_rate
from clarion.egress.mime_headers import Address, MailRefused, encode_sender

OPTIONS = ("from", "configuration_set", "tags", "topic", "session_token", "bulk", "timeout")
USUAL_RATE = "14/s"  # what AWS gives most new production accounts
MOST_ENTRIES = 50  # destinations of one SendBulkEmail
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SesAccount:
    """An AWS key in a region, and as whom to send. `topics` are the SNS topics that may report to us; `entries` is how
    many destinations go into one bulk call (0: no bulk calls)."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    region: str
    sender: Address = field(repr=False)
    sender_text: str = field(repr=False)
    configuration_set: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    topics: frozenset[str] = frozenset()
    entries: int = MOST_ENTRIES

    @property
    def home(self) -> str:
        """The vendor's base URL for this region."""
        suffix = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"https://email.{self.region}.{suffix}"


def read_account(url: AccountUrl, host: Host) -> SesAccount:
    """Raises Misconfigured for what cannot work, in words that repeat no secret."""
    url.only(*OPTIONS)
    if not url.username or not url.password:
        raise Misconfigured("ses: the URL needs an access key: write ses://KEY_ID:SECRET@eu-west-1 (percent-encoded)")
    if not _REGION.fullmatch(url.host):
        raise Misconfigured("ses: the URL needs a region after the @, for example eu-west-1")
    sender_text = url.options.get("from") or host.sender_email
    return SesAccount(
        key_id=url.username,
        secret=url.password,
        session_token=url.options.get("session_token", ""),
        region=url.host,
        sender=_sender(sender_text),
        sender_text=sender_text,
        configuration_set=url.options.get("configuration_set", ""),
        tags=_tags(url.options.get("tags", "")),
        topics=read_topics(url),
        entries=_entries(url),
    )


def read_topics(url: AccountUrl) -> frozenset[str]:
    """The `topic=` option: one ARN or several, separated by commas."""
    topics = frozenset(filter(None, url.options.get("topic", "").split(",")))
    if not all(_TOPIC.fullmatch(topic) for topic in topics):
        raise Misconfigured("ses: topic= must be the ARN of an SNS topic: arn:aws:sns:eu-west-1:123456789012:name")
    return topics


def is_tag(text: str) -> bool:
    """Whether SES takes this as the name or value of a message tag."""
    return _TAG.fullmatch(text) is not None


def _sender(text: str) -> Address:
    try:
        sender = encode_sender(text)
    except MailRefused:
        raise Misconfigured("ses: from= is not a mail address") from None
    if sender.needs_smtputf8:
        raise Misconfigured("ses: the address in from= must be ASCII before the @")
    return sender


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    pairs = tuple((name, value) for name, _, value in (item.partition(":") for item in text.split(",") if item))
    if not all(is_tag(name) and is_tag(value) for name, value in pairs):
        raise Misconfigured("ses: tags= must be name:value,name:value of letters, digits, _ and -")
    return pairs


def _entries(url: AccountUrl) -> int:
    """A bulk call may not name more destinations than the account may send in a second."""
    bulk = url.options.get("bulk", "yes")
    if bulk not in ("yes", "no"):
        raise Misconfigured("ses: bulk= must be yes or no")
    rate = url.rate or parse_rate(USUAL_RATE)
    return max(1, min(MOST_ENTRIES, int(rate.per_second))) if bulk == "yes" else 0
