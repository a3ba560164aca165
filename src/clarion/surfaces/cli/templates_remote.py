"""The templates of a server as `clarion templates` reads and writes them, through the HTTP API."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.records.templating.files import TemplateFiles
from clarion.records.templating.files.template import DEFAULT
from clarion.surfaces.cli.api_client import ApiClient, ApiError

PUSHED = "clarion templates push"
"""How the notes of versions begin that come from files."""
PAGE_SIZE = "100"
TRIES = 6
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0

T = TypeVar("T")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A template in a list."""

    id: UUID
    path: str
    active: bool
    state: str
    version: int
    latest_version: int
    draft_version: int | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of templates."""

    results: list[Listed]
    next: str | None = None


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """A fallback chain."""

    channels: list[str]
    after_seconds: int | None = None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version with its settings."""

    number: int
    state: str
    note: str
    name: str
    category: str
    content: dict[ChannelKey, dict[str, dict[str, str]]]
    required_variables: list[str]
    optional_variables: list[str]
    default_priority: int
    fallback: Chain | None
    schema: dict[str, Any]
    sample: dict[str, Any]
    theme: str
    locales: list[str]
    publish_threshold: int | None


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a save, as far as it is read."""

    id: UUID
    state: str
    version: int
    latest_version: int
    draft_version: int | None = None


class CategoryListed(msgspec.Struct, frozen=True, kw_only=True):
    """A category in a list."""

    key: str
    kind: str


class Categories(msgspec.Struct, frozen=True, kw_only=True):
    """All categories."""

    results: list[CategoryListed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A template of the server: its newest living version, which is the draft where there is one. `pushed`: that
    version came from files."""

    id: UUID
    latest_version: int
    number: int
    in_force: bool
    pushed: bool
    template: TemplateFiles


def list_templates(client: ApiClient) -> list[Listed]:
    """All templates, without content. Raises ApiError."""
    found: list[Listed] = []
    cursor = ""
    while True:
        query = {"page_size": PAGE_SIZE} | ({"cursor": cursor} if cursor else {})
        page = patiently(lambda: client.get("templates", Page, **query))  # noqa: B023 - called at once
        found += page.results
        if not page.next:
            return found
        cursor = parse_qs(urlsplit(page.next).query).get("cursor", [""])[0]


def read_templates(client: ApiClient, listed: Sequence[Listed]) -> Iterator[Remote]:
    """The newest living version of each. Raises ApiError."""
    for each in listed:
        number = each.draft_version or each.version
        path = f"templates/{each.id}/versions/{number}"
        version = patiently(lambda: client.get(path, Version))  # noqa: B023 - called at once
        yield Remote(
            id=each.id,
            latest_version=each.latest_version,
            number=number,
            in_force=version.state == "published",
            pushed=version.note.startswith(PUSHED),
            template=_files_of(each, version),
        )


def _files_of(listed: Listed, version: Version) -> TemplateFiles:
    chain = version.fallback
    content = {
        key: {("" if at == DEFAULT else at): version.content[key][at] for at in version.content[key]}
        for key in ChannelKey
        if version.content.get(key)
    }
    return TemplateFiles(
        path=listed.path,
        name=version.name,
        category=version.category,
        content={key: dict(sorted(locales.items())) for key, locales in content.items()},
        required=tuple(version.required_variables),
        optional=tuple(version.optional_variables),
        schema=version.schema,
        sample=version.sample,
        theme=version.theme,
        default_priority=version.default_priority,
        active=listed.active,
        fallback={"channels": chain.channels, "after_seconds": chain.after_seconds} if chain else {},
        locales=tuple(version.locales),
        publish_threshold=version.publish_threshold,
    )


def body_of(template: TemplateFiles) -> dict[str, object]:
    """The template as the API takes it."""
    fallback = {key: value for key, value in template.fallback.items() if value is not None}
    return {
        "path": template.path,
        "name": template.name,
        "category": template.category,
        "content": {
            str(key): {at or DEFAULT: dict(fields) for at, fields in locales.items()}
            for key, locales in template.content.items()
        },
        "required_variables": list(template.required),
        "optional_variables": list(template.optional),
        "default_priority": template.default_priority,
        "active": template.active,
        "fallback": fallback or None,
        "schema": dict(template.schema),
        "sample": dict(template.sample),
        "theme": template.theme,
        "locales": list(template.locales),
        "publish_threshold": template.publish_threshold,
    }


def marketing_categories(client: ApiClient) -> frozenset[str]:
    """The keys of the categories of marketing. Raises ApiError."""
    found = patiently(lambda: client.get("categories", Categories)).results
    return frozenset(each.key for each in found if each.kind == "marketing")


def patiently(call: Callable[[], T]) -> T:
    """The call's answer; a few times again while the server says that it is asked too often (429). Raises ApiError."""
    pause = FIRST_PAUSE_SECONDS
    for _ in range(TRIES - 1):
        try:
            return call()
        except ApiError as error:
            if error.status != 429:
                raise
        time.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - jitter, no secret
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    return call()
