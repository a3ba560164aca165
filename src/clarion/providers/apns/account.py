"""An APNs account: the signing key's file and the URL's options, as types. The key is never printed."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clarion.contract.account import AccountUrl
from clarion.contract.account_file import read_account_file
from clarion.contract.faults import Misconfigured
from clarion.providers.vendor_api import number

PRODUCTION = "https://api.push.apple.com"
SANDBOX = "https://api.sandbox.push.apple.com"
FILE_BYTES = 16_384
_TEN = re.compile(r"[A-Z0-9]{10}")
_TOPIC = re.compile(r"[A-Za-z0-9.-]{1,155}")


class PushType(StrEnum):
    """Of Apple's types, those that a notification with a title and a text can be sent as."""

    ALERT = "alert"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """What signs the provider token."""

    key: EllipticCurvePrivateKey = field(repr=False)
    key_id: str
    team_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApnsOptions:
    """`topics`: the bundle ids of the apps, the first for devices that name none of them. `timeout` in seconds."""

    origin: str
    topics: tuple[str, ...]
    push_type: PushType
    sound: str
    timeout: float


def read_options(url: AccountUrl) -> ApnsOptions:
    """The URL's own options. Raises Misconfigured with what to do."""
    url.only("key_id", "team_id", "topic", "sandbox", "push_type", "sound", "timeout")
    topics = tuple(url.options.get("topic", "").split(","))
    if not all(_TOPIC.fullmatch(topic) for topic in topics):
        raise Misconfigured("apns: topic= must be the app's bundle id, or several with commas between them")
    push_type = url.options.get("push_type", PushType.ALERT)
    if push_type not in set(PushType):
        raise Misconfigured("apns: push_type= must be alert or background")
    sandbox = url.options.get("sandbox", "no")
    if sandbox not in ("yes", "no"):
        raise Misconfigured("apns: sandbox= must be yes or no")
    home = SANDBOX if sandbox == "yes" else PRODUCTION
    return ApnsOptions(
        origin=(url.options.get("endpoint") or home).rstrip("/"),
        topics=topics,
        push_type=PushType(push_type),
        sound=url.options.get("sound", "default"),
        timeout=number(url, "timeout", 15, low=0.05, high=120),
    )


def read_key(url: AccountUrl) -> SigningKey:
    """The key named by the URL's path. Raises Misconfigured with what to do; nothing of the file is repeated."""
    key_id, team_id = url.options.get("key_id", ""), url.options.get("team_id", "")
    if not _TEN.fullmatch(key_id) or not _TEN.fullmatch(team_id):
        raise Misconfigured("apns: key_id= and team_id= must be the ten letters and digits that Apple shows")
    if url.host or url.username or not url.path.strip("/"):
        raise Misconfigured("apns: write apns:///path/to/key.p8, with three strokes")
    try:
        key = load_pem_private_key(read_account_file(url.path, FILE_BYTES), password=None)
    except OSError as error:
        raise Misconfigured(f"apns: the key's file cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Misconfigured("apns: the file is not a .p8 key as Apple gives it out") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise Misconfigured("apns: the file is not a .p8 key as Apple gives it out")
    return SigningKey(key=key, key_id=key_id, team_id=team_id)
