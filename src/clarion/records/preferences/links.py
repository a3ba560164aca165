"""Links that act for a person without a login: to unsubscribe, to the preference centre, to confirm a subscription.

A token names the person, what it is for and what it is about, and is signed with CLARION_SECRET_KEY; those in
CLARION_SECRET_KEY_FALLBACKS still read, so that links outlive a change of the key. Whoever holds a link may do what it
is for, and nothing else: purpose, person and subject are all under the signature. Pure but for the settings.

The bytes: version 1 · key id 4 · purpose 1 · scope 1 · day of issue 4 · person 16 · subject 16 · channel 1 · MAC 16.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from struct import Struct
from urllib.parse import quote
from uuid import UUID

from django.conf import settings

from clarion.contract.channel import ChannelKey

VERSION = 1
NOTHING = UUID(int=0)
_FORM = Struct(">B4sBBI16s16sB")
_MAC_BYTES = 16
_LENGTH = (_FORM.size + _MAC_BYTES) * 8 // 6 + bool((_FORM.size + _MAC_BYTES) % 3)
_CHANNELS = ("", *(str(key) for key in ChannelKey))


class LinkPurpose(StrEnum):
    """What a link is for."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    CONFIRM = "confirm"


class Scope(StrEnum):
    """What it is about: one category on one channel, the digests of a channel, all marketing, one mailing list; or, of
    links that do not unsubscribe, nothing."""

    NONE = "none"
    CATEGORY = "category"
    DIGEST = "digest"
    MARKETING = "marketing"
    LIST = "list"


# in this order in the bytes; add at the end only
_PURPOSES = (LinkPurpose.UNSUBSCRIBE, LinkPurpose.PREFERENCES, LinkPurpose.CONFIRM)
_SCOPES = (Scope.NONE, Scope.CATEGORY, Scope.DIGEST, Scope.MARKETING, Scope.LIST)
AGE = {
    LinkPurpose.UNSUBSCRIBE: timedelta(days=5 * 365),
    LinkPurpose.PREFERENCES: timedelta(days=90),
    LinkPurpose.CONFIRM: timedelta(days=7),
}
"""How long a link works."""


class BadLink(ValueError):
    """Not a link of ours, or not for this. The text says what to do and nothing of what was wrong."""

    code = "invalid_token"


class OldLink(BadLink):
    """One of ours that is past its age."""

    code = "expired_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a token says. `subject` is a list's or a subscription's id; a category's number stands in it as an integer
    (`category_id`)."""

    purpose: LinkPurpose
    user_id: UUID
    scope: Scope = Scope.NONE
    subject: UUID = NOTHING
    channel: str = ""
    issued: date

    @property
    def category_id(self) -> int:
        return self.subject.int


def token_of(link: Link) -> str:
    """The link's token, signed with the present key."""
    key = _keys()[0]
    body = _FORM.pack(
        VERSION,
        key.id,
        _PURPOSES.index(link.purpose),
        _SCOPES.index(link.scope),
        link.issued.toordinal(),
        link.user_id.bytes,
        link.subject.bytes,
        _CHANNELS.index(link.channel),
    )
    return urlsafe_b64encode(body + key.mac(body)).rstrip(b"=").decode()


def read(token: str, purpose: LinkPurpose, now: datetime) -> Link:
    """What a token says, if it is ours and for this; raises BadLink, OldLink. Every wrong token costs the same."""
    raw = _bytes(token)
    body, mac = raw[: _FORM.size], raw[_FORM.size :]
    version, key_id, for_what, scope, day, user, subject, channel = _FORM.unpack(body)
    known = [key for key in _keys() if hmac.compare_digest(key.id, key_id)]
    key = known[0] if known else _keys()[0]
    sound = hmac.compare_digest(key.mac(body), mac)
    if not (sound and known) or version != VERSION or for_what != _PURPOSES.index(purpose):
        raise BadLink("this link is not complete, or not from here: copy all of it, or take the one of a newer message")
    link = Link(
        purpose=purpose,
        user_id=UUID(bytes=user),
        scope=_SCOPES[scope],
        subject=UUID(bytes=subject),
        channel=_CHANNELS[channel],
        issued=date.fromordinal(day),
    )
    if now.date() - link.issued > AGE[purpose]:
        raise OldLink("this link is too old: take the one of a newer message")
    return link


def _bytes(token: str) -> bytes:
    """A token's bytes; of what cannot be one, as many zeros, so that it takes the same way to its refusal."""
    if len(token) != _LENGTH or not token.isascii():
        return bytes(_FORM.size + _MAC_BYTES)
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return bytes(_FORM.size + _MAC_BYTES)
    canonical = urlsafe_b64encode(raw).rstrip(b"=").decode() == token
    return raw if canonical else bytes(_FORM.size + _MAC_BYTES)


@dataclass(frozen=True, slots=True)
class _Key:
    id: bytes
    secret: bytes

    def mac(self, body: bytes) -> bytes:
        return hmac.digest(self.secret, body, "sha256")[:_MAC_BYTES]


def _keys() -> tuple[_Key, ...]:
    return _derived(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=8)
def _derived(*secrets: str | tuple[str, ...]) -> tuple[_Key, ...]:
    """The present key first. Derived, so that nothing else signed with the secret can pass for a link."""
    first, rest = secrets
    found = []
    for secret in (first, *rest):
        derived = hmac.digest(str(secret).encode(), b"clarion links 1", "sha256")
        found.append(_Key(id=hmac.digest(derived, b"id", "sha256")[:4], secret=derived))
    return tuple(found)


def _url(path: str, token: str) -> str:
    return f"{settings.PUBLIC_URL}{path}?token={quote(token)}"


def unsubscribe_token(user_id: UUID, category_id: int, channel: str, now: datetime) -> str:
    """For one category on one channel."""
    return token_of(
        Link(
            purpose=LinkPurpose.UNSUBSCRIBE,
            user_id=user_id,
            scope=Scope.CATEGORY,
            subject=UUID(int=category_id),
            channel=channel,
            issued=_day(now),
        )
    )


def scoped_token(user_id: UUID, scope: Scope, now: datetime, *, channel: str = "", subject: UUID = NOTHING) -> str:
    """To unsubscribe from all marketing, from the digests of a channel, or from a mailing list (its id)."""
    return token_of(
        Link(
            purpose=LinkPurpose.UNSUBSCRIBE,
            user_id=user_id,
            scope=scope,
            subject=subject,
            channel=channel,
            issued=_day(now),
        )
    )


def unsubscribe_page(token: str) -> str:
    """Where a person sees what the token stops, and a button. For the foot of a message."""
    return _url("/unsubscribe/", token)


def one_click(token: str) -> str:
    """Where a mail program posts (RFC 8058). For the header; to a browser it shows the page."""
    return _url("/api/v1/preferences/unsubscribe", token)


def unsubscribe_url(user_id: UUID, category_id: int, channel: str, now: datetime) -> str:
    """What templates see as `unsubscribe_url`."""
    return unsubscribe_page(unsubscribe_token(user_id, category_id, channel, now))


def preferences_url(user_id: UUID, now: datetime) -> str:
    """What templates see as `preferences_url`: the person's preference centre."""
    return _url("/preferences/", token_of(Link(purpose=LinkPurpose.PREFERENCES, user_id=user_id, issued=_day(now))))


def confirm_url(user_id: UUID, subscription_id: UUID, now: datetime) -> str:
    """Where a person confirms that they want to be on a mailing list."""
    link = Link(
        purpose=LinkPurpose.CONFIRM, user_id=user_id, scope=Scope.LIST, subject=subscription_id, issued=_day(now)
    )
    return _url("/confirm/", token_of(link))


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()
