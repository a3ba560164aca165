"""Cursor pagination: `?cursor=&page_size=` → `{results, next, previous}`. Cursors are opaque ids, newest first."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from clarion.surfaces.api.problems import FieldProblem, Refusal

T = TypeVar("T")
M = TypeVar("M", bound=Model)
PageSize = Annotated[int, msgspec.Meta(ge=1, le=200)]
Cursor = Annotated[str, msgspec.Meta(max_length=200)]


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of results with the addresses of its neighbours."""

    results: list[T]
    next: str | None = None
    previous: str | None = None


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the page begins and how long it is."""

    cursor: Cursor = ""
    page_size: PageSize = 50


def encode_cursor(direction: str, identifier: UUID) -> str:
    """`n` (older than) or `p` (newer than) an id."""
    return urlsafe_b64encode(direction.encode() + identifier.bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[str, UUID]:
    """The reverse; raises Refusal."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        direction, identifier = raw[:1].decode(), UUID(bytes=raw[1:])
    except ValueError:
        direction, identifier = "", UUID(int=0)
    if direction not in ("n", "p"):
        field = FieldProblem(pointer="/query/cursor", code="invalid_cursor", message="not a cursor of ours")
        raise Refusal(422, "invalid_cursor", "take the cursor from a page's next or previous", errors=[field])
    return direction, identifier


def page_of(request: HttpRequest, rows: QuerySet[M], query: PageQuery) -> tuple[list[M], str | None, str | None]:
    """Rows of one page, newest id first, with the links to the next and the previous page."""
    direction, anchor = decode_cursor(query.cursor) if query.cursor else ("", None)
    if direction == "p":
        found = list(rows.filter(pk__gt=anchor).order_by("pk")[: query.page_size + 1])
        more_newer, found = len(found) > query.page_size, found[: query.page_size][::-1]
        more_older = True
    else:
        older = rows.filter(pk__lt=anchor) if anchor else rows
        found = list(older.order_by("-pk")[: query.page_size + 1])
        more_older, found = len(found) > query.page_size, found[: query.page_size]
        more_newer = anchor is not None
    following = _link(request, "n", found[-1].pk) if found and more_older else None
    preceding = _link(request, "p", found[0].pk) if found and more_newer else None
    return found, following, preceding


def _link(request: HttpRequest, direction: str, identifier: UUID) -> str:
    kept = [(k, v) for k, v in request.GET.items() if k != "cursor"]
    query = urlencode([*kept, ("cursor", encode_cursor(direction, identifier))])
    return f"{settings.PUBLIC_URL}{request.path}?{query}"
