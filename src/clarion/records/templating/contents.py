"""What versions say and what their variables must be: remembered without end, for versions never change; bounded."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from threading import Lock
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.records.templating.locales import chain, resolve
from clarion.records.templating.models import TemplateContent, TemplateVersion
from clarion.records.templating.schema import Checker

CONTENTS_MOST = 5_000
CHARACTERS_MOST = 40_000_000
"""Of one process; a designed mail in three languages has about 60,000."""
SCHEMAS_MOST = 1_000

Contents = Mapping[tuple[str, str], Mapping[str, str]]
"""(channel, locale) → what is compiled, each field from the nearest locale that has it."""


class _Contents:
    """Contents by version."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, tuple[Contents, int]] = OrderedDict()
        self._characters = 0
        self._lock = Lock()

    def of(self, version_ids: Collection[UUID]) -> dict[UUID, Contents]:
        """Contents of these versions; one query for those not yet known. A version that is gone is absent."""
        with self._lock:
            found = {v: self._known[v][0] for v in version_ids if v in self._known}
        missing = set(version_ids) - set(found)
        if missing:
            found |= self._load(missing)
        return found

    def _load(self, version_ids: set[UUID]) -> dict[UUID, Contents]:
        read: dict[UUID, dict[str, dict[str, Mapping[str, str]]]] = {}
        for row in TemplateContent.objects.filter(version_id__in=version_ids):
            fields = row.fields if row.prepared is None else row.prepared
            read.setdefault(row.version_id, {}).setdefault(row.channel, {})[row.locale] = fields
        with self._lock:
            for version, channels in read.items():
                self._remember(version, channels)
            return {version: self._known[version][0] for version in read if version in self._known} | {
                version: _merged(channels) for version, channels in read.items() if version not in self._known
            }

    def _remember(self, version: UUID, channels: Mapping[str, Mapping[str, Mapping[str, str]]]) -> None:
        size = sum(len(text) for of in channels.values() for fields in of.values() for text in fields.values())
        if version in self._known or size > CHARACTERS_MOST:
            return
        self._known[version] = (_merged(channels), size)
        self._characters += size
        while len(self._known) > CONTENTS_MOST or self._characters > CHARACTERS_MOST:
            self._characters -= self._known.popitem(last=False)[1][1]


def _merged(channels: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Contents:
    return {
        (channel, locale): resolve(locales, locale) or {} for channel, locales in channels.items() for locale in locales
    }


class _Checkers:
    """The compiled schemas of versions; None: the version has none."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, Checker | None] = OrderedDict()
        self._lock = Lock()

    def of(self, version_id: UUID) -> Checker | None:
        """The checker of a version's variables; one query when it is not known. None too for one that is gone."""
        if version_id in self._known:
            return self._known[version_id]
        version = TemplateVersion.objects.filter(pk=version_id).values("settings__schema").first()
        if version is None:
            return None
        found = version["settings__schema"]
        checker = Checker(found) if found else None
        with self._lock:
            self._known[version_id] = checker
            while len(self._known) > SCHEMAS_MOST:
                self._known.popitem(last=False)
        return checker


contents = _Contents()
checkers = _Checkers()


def pick(of_version: Contents, channel: ChannelKey, locale: str) -> tuple[str, Mapping[str, str]] | None:
    """The content for a channel in the best locale there is: `pt-BR`, then `pt`, then the default."""
    for candidate in chain(locale):
        fields = of_version.get((channel, candidate))
        if fields is not None:
            return candidate, fields
    return None
