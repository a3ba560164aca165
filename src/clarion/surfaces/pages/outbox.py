"""The sandbox outbox: its page and the JSON that the page lives on. Contents are opened here and nowhere else."""

import hashlib
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from clarion.channels.registry import CHANNELS
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.outbox import shown
from clarion.records.outbox.shown import Counts, Search, Shown
from clarion.surfaces.pages.doors import outbox_data, outbox_page, staff_of
from clarion.surfaces.pages.outbox_answers import Listing, detail_of, summary_of

LIMIT_MOST = 200
# An email is somebody else's page: no script, no origin, nothing fetched but pictures.
EMAIL_POLICY = (
    "sandbox; default-src 'none'; img-src data: https:; style-src 'unsafe-inline';"
    " frame-ancestors 'self'; base-uri 'none'"
)


@require_GET
def root(request: HttpRequest) -> HttpResponse:
    """`/`: where a person is best received."""
    return redirect("/outbox/" if settings.OUTBOX_ENABLED else "/api/v1/docs")


@outbox_page
@ensure_csrf_cookie
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The page; everything on it is fetched by its program."""
    visible = shown.visible_channels()
    channels = [(key, CHANNELS[key].label) for key in CHANNELS if key in visible]
    hidden = [CHANNELS[key].label for key in CHANNELS if key not in visible]
    return render(
        request,
        "pages/outbox.html",
        {
            "channels": channels,
            "hidden": hidden,
            "staff": staff_of(request),
            "public_url": settings.PUBLIC_URL,
            "is_open": settings.OUTBOX_OPEN,
        },
    )


@outbox_data
@require_GET
def entries(request: HttpRequest) -> HttpResponse:
    """`?channel=&recipient=&since=&before=&limit=`, newest first, with counts by channel; answers 304 to its ETag."""
    visible = shown.visible_channels()
    search = _search(request, visible)
    ids = shown.find_ids(search)
    counts = shown.counts(Search(channels=visible, recipient=search.recipient))
    etag = _etag(ids, counts)
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers={"ETag": etag})
    listing = Listing(
        entries=[summary_of(entry) for entry in shown.load(ids)],
        counts={str(key): number for key, number in counts.found.items()},
        more=[str(key) for key in counts.more],
    )
    return _json(listing, {"ETag": etag})


@outbox_data
@require_GET
def entry(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """One entry, whole."""
    return _json(detail_of(_one(identifier)))


@outbox_data
@require_GET
def entry_html(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """The HTML of an email, as hostile as it may be, locked up by its own policy."""
    found = _one(identifier)
    if not found.html:
        raise InputError("no_html", "this entry has no HTML", status=404)
    response = HttpResponse(found.html, content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = EMAIL_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _one(identifier: UUID) -> Shown:
    found = shown.one(shown.visible_channels(), identifier)
    if found is None:
        raise InputError("entry_not_found", "there is no such entry, or its channel has a real provider", status=404)
    return found


def _search(request: HttpRequest, visible: tuple[ChannelKey, ...]) -> Search:
    given = request.GET
    channel = given.get("channel", "")
    if channel and channel not in list(ChannelKey):
        raise InputError("unknown_channel", f"channel is one of {', '.join(ChannelKey)}", pointer="/channel")
    return Search(
        channels=tuple(key for key in visible if not channel or key == channel),
        recipient=given.get("recipient", "").strip()[:4096],
        since=_id(given.get("since", ""), "since"),
        before=_id(given.get("before", ""), "before"),
        limit=_limit(given.get("limit", "50")),
    )


def _id(text: str, name: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise InputError("invalid_id", f"{name} is the id of an entry", pointer=f"/{name}") from error


def _limit(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= number <= LIMIT_MOST:
        raise InputError("invalid_limit", f"limit is a number from 1 to {LIMIT_MOST}", pointer="/limit")
    return number


def _etag(ids: list[UUID], counts: Counts) -> str:
    digest = hashlib.sha256(b"".join(identifier.bytes for identifier in ids))
    digest.update(repr(sorted(counts.found.items())).encode())
    return f'"{digest.hexdigest()[:32]}"'


def _json(value: msgspec.Struct, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(value), content_type="application/json", headers=headers)
