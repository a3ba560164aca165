"""Accounts that staff add, change and remove. Those of the environment are the environment's (book.mirror)."""

import re

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Coalesce

from clarion.contract.account import AccountUrl, parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.input_error import InputError
from clarion.contract.registry import installed
from clarion.records.accounts import book
from clarion.records.accounts.models import Account
from clarion.records.accounts.opening import open_account

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
LAST_POSITION = 1_000


def add(channel: ChannelKey, url: str, name: str = "") -> Account:
    """A new account, behind the others of its channel; raises InputError. Its URL is sealed and never shown again."""
    parsed = _parsed(url)
    chosen = name or parsed.name
    if not NAME.fullmatch(chosen):
        message = "a name has 1 to 64 letters, digits, dots, dashes and underscores: give one in name"
        raise InputError("invalid_name", message, pointer="/name")
    row = Account(channel=channel, name=chosen, position=_next_position(channel))
    _take_url(row, parsed, url)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        message = "an account of this channel has this name; give another in name"
        raise InputError("provider_exists", message, pointer="/name", status=409) from error
    return row


def change_url(row: Account, url: str) -> list[str]:
    """Other credentials or another server under the same name; raises InputError. The caller saves what is named."""
    refuse_mirrored(row, "change it there")
    _take_url(row, _parsed(url), url)
    row.fault, row.fault_at = "", None
    return ["url_sealed", "provider", "shown", "weight", "fault", "fault_at"]


def refuse_mirrored(row: Account, instead: str) -> None:
    """What the environment names is not changed here; raises InputError 409."""
    if row.from_environment:
        variable = f"CLARION_{row.channel.upper()}"
        raise InputError("from_environment", f"the account stands in {variable}: {instead}", status=409)


def _parsed(url: str) -> AccountUrl:
    try:
        return parse_account_url(url.strip())
    except Misconfigured as fault:
        raise InputError("invalid_provider_url", str(fault), pointer="/url") from fault


def _take_url(row: Account, parsed: AccountUrl, url: str) -> None:
    row.url = url.strip()
    row.provider, row.shown, row.weight = parsed.scheme, parsed.shown, parsed.weight or 1
    try:
        _refuse_files(parsed, ChannelKey(row.channel))
        open_account(book.facts_of(row)).close()
    except Misconfigured as fault:
        raise InputError("invalid_provider_url", str(fault), pointer="/url") from fault


def _refuse_files(parsed: AccountUrl, channel: ChannelKey) -> None:
    """Before anything is opened: whoever may add accounts is not to learn what files there are. Raises InputError
    and Misconfigured."""
    named = installed().registry.check(parsed, channel).file_named(parsed)
    if named:
        message = f"{parsed.scheme}: {named} names a file: put such an account into CLARION_{channel.upper()}"
        raise InputError("file_in_provider_url", message, pointer="/url")


def _next_position(channel: ChannelKey) -> int:
    others = Account.objects.filter(channel=channel).exclude(from_environment=True, provider=book.STAND_IN)
    last: int | None = others.aggregate(last=Max(Coalesce("set_position", "position")))["last"]
    return 0 if last is None else min(last + 1, LAST_POSITION)
