"""What must stand in the database besides the tables before anything runs: partitions, one category, the accounts.

`clarion migrate` does this after the migrations; each step changes nothing when there is nothing to do.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from clarion.contract.channel import ChannelKey
from clarion.records import partitions
from clarion.records.accounts import book
from clarion.records.categories.catalog import GENERAL
from clarion.records.categories.models import Category

# By name, as Django finds its settings: the wiring is above us and may not be imported from here.
CONFIGURED = "clarion.config.wiring.configured"


def prepare(now: datetime) -> None:
    """All three steps, in order."""
    partitions.ensure(now)
    Category.objects.get_or_create(key=GENERAL, defaults={"name": "General"})
    mirror_accounts()


def mirror_accounts() -> int:
    """Make the rows of environment accounts equal to the environment; returns their number. Raises Misconfigured."""
    configured = cast("Callable[[object], Mapping[ChannelKey, list[str]]]", import_string(CONFIGURED))
    accounts = configured(settings.ENV)
    book.mirror(accounts)
    return sum(len(urls) for urls in accounts.values())
