"""Where an account's vendor reports: a URL with a random token that names the account. The token is no proof of who
calls (that is the signature); it keeps others from trying."""

import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction

from clarion.contract.registry import installed
from clarion.records.accounts.book import AccountFacts
from clarion.records.accounts.models import Account
from clarion.records.feedback.models import Door
from clarion.records.personal.envelope import Undecryptable
from clarion.records.personal.ring import ring

KIND = "callback"
TOKEN_BYTES = 32
OVERLAP = timedelta(days=3)


def hears(provider: str) -> bool:
    """Whether this kind of provider reports back."""
    entry = installed().registry.entries.get(provider)
    return entry is not None and entry.feedback is not None


def callback_urls(accounts: Sequence[AccountFacts]) -> dict[UUID, str]:
    """The callback URL of each account whose vendor reports back and can reach us; made where there is none yet."""
    hearing = {each.id: each for each in accounts if hears(each.url.scheme)}
    found = _tokens(list(hearing))
    return {
        key: url_of(each.url.scheme, found[key])
        for key, each in hearing.items()
        if key in found and _reaches_us(each.url.options)
    }


def urls_of(rows: Sequence[Account]) -> dict[UUID, str]:
    """The same for staff to read, wherever the vendor is."""
    hearing = {row.id: row.provider for row in rows if hears(row.provider)}
    return {key: url_of(hearing[key], token) for key, token in _tokens(list(hearing)).items()}


def url_of(provider: str, token: str) -> str:
    """As the vendor is given it, and signs it."""
    return f"{settings.PUBLIC_URL}/api/v1/hooks/{provider}/{token}"


def _reaches_us(options: Mapping[str, str]) -> bool:
    """A vendor refuses an address of this machine or calls in vain; a simulator beside us (`endpoint=`) may have it."""
    return not _is_here(settings.PUBLIC_URL) or _is_here(options.get("endpoint", ""))


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _tokens(accounts: list[UUID]) -> dict[UUID, str]:
    """The tokens in the clear; one that cannot be opened (its key is gone) is left out until it is rotated."""
    if not accounts:
        return {}
    known = {door.account_id: door for door in Door.objects.filter(account_id__in=accounts)}
    missing = [one for one in accounts if one not in known]
    if missing:
        Door.objects.bulk_create([_fresh(one) for one in missing], ignore_conflicts=True)
        known = {door.account_id: door for door in Door.objects.filter(account_id__in=accounts)}
    found = {}
    for key, door in known.items():
        try:
            found[key] = str(door.token)
        except Undecryptable:
            continue
    return found


def _fresh(account: UUID) -> Door:
    door = Door(account_id=account)
    _give(door, secrets.token_urlsafe(TOKEN_BYTES))
    return door


def _give(door: Door, token: str) -> None:
    door.token = token
    door.token_hash = ring().lookup_hash(KIND, token)


def rotate(account: UUID, now: datetime, overlap: timedelta = OVERLAP) -> None:
    """A new token; the one before is good for `overlap` more."""
    with transaction.atomic():
        door = Door.objects.select_for_update().filter(account_id=account).first() or _fresh(account)
        door.previous_hash = door.token_hash if overlap else None
        door.previous_until = now + overlap if overlap else None
        _give(door, secrets.token_urlsafe(TOKEN_BYTES))
        door.save()


def account_behind(provider: str, token: str, now: datetime) -> Account | None:
    """The account that this token names, when it is one of this provider."""
    hashes = ring().lookup_hashes(KIND, token)
    door = Door.objects.select_related("account").filter(token_hash__in=hashes).first()
    if door is None:
        before = Door.objects.select_related("account").filter(previous_hash__in=hashes, previous_until__gt=now)
        door = before.first()
    return door.account if door is not None and door.account.provider == provider else None
