"""An FCM account: the service account's file and the URL's options, as types. Nothing here is ever printed."""

import re
from dataclasses import dataclass, field

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clarion.contract.account import AccountUrl
from clarion.contract.account_file import read_account_file
from clarion.contract.faults import Misconfigured

FILE_BYTES = 65_536
PROJECT = re.compile(r"[a-z][a-z0-9:.-]{3,62}")


class _File(msgspec.Struct):
    """What we need of the JSON that the Firebase console gives out."""

    type: str
    project_id: str
    private_key_id: str
    private_key: str
    client_email: str
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105  a URL


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount:
    """Who we are at Google: signs the grant for access tokens."""

    project: str
    email: str
    key_id: str
    key: RSAPrivateKey = field(repr=False)
    token_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FcmOptions:
    """`dry_run`: Google checks each message and delivers none. `sound` and `android_channel` go into each message."""

    dry_run: bool
    sound: str
    android_channel: str


def read_options(url: AccountUrl) -> FcmOptions:
    """The URL's own options. Raises Misconfigured."""
    url.only("dry_run", "sound", "android_channel", "timeout")
    dry_run = url.options.get("dry_run", "no")
    if dry_run not in ("yes", "no"):
        raise Misconfigured("fcm: dry_run= must be yes or no")
    return FcmOptions(
        dry_run=dry_run == "yes",
        sound=url.options.get("sound", "default"),
        android_channel=url.options.get("android_channel", ""),
    )


def read_service_account(url: AccountUrl) -> ServiceAccount:
    """The file named by the URL's path. Raises Misconfigured with what to do; nothing of the file is repeated."""
    if url.host or url.username or not url.path.strip("/"):
        raise Misconfigured("fcm: write fcm:///path/to/service-account.json, with three strokes")
    try:
        found = msgspec.json.decode(read_account_file(url.path, FILE_BYTES), type=_File)
    except OSError as error:
        raise Misconfigured(f"fcm: the service account's file cannot be read ({error.strerror})") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Misconfigured("fcm: the file is not a service account's JSON; download a new key") from None
    if found.type != "service_account" or not PROJECT.fullmatch(found.project_id):
        raise Misconfigured("fcm: the file is not a service account's JSON; download a new key")
    return ServiceAccount(
        project=found.project_id,
        email=found.client_email,
        key_id=found.private_key_id,
        key=_rsa(found.private_key),
        token_uri=found.token_uri,
    )


def _rsa(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise Misconfigured("fcm: the file's private_key is no RSA key; download a new one")
    return key
