"""The console's pages about why: a search, a person's day, one notification. What would happen: explain_forecast.py.

What one searches for is posted, so that no address stands in a URL, and from there in a log or a browser's history.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods

from clarion.channels.registry import CHANNELS
from clarion.contract.channel import ChannelKey
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Notification
from clarion.records.people.models import User
from clarion.surfaces.api.explain import Step
from clarion.surfaces.api.explain_day import Explained, day_rows, explained, today_of
from clarion.surfaces.api.fates import Summary
from clarion.surfaces.api.paging import PageQuery, page_of
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.console.doors import console_page
from clarion.surfaces.console.explain_people import identifier_in, people_like, person_of, shown_person
from clarion.surfaces.console.explain_story import Scene, scenes_of, story_of
from clarion.surfaces.console.explain_words import tone
from clarion.surfaces.console.site import site

PER_PAGE, LATEST = 25, 15
NAMES = {1: "critical", 2: "high", 3: "medium", 4: "low"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A notification in a list, with its story where that is told at once."""

    of: Summary
    tone: str
    label: str
    category: str
    priority: str
    says: str = ""
    scenes: tuple[Scene, ...] = ()


@console_page(Permission.STAFF)
@require_http_methods(["GET", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """`/console/explain/`: by the id of a notification; or by a person, for a day of theirs."""
    if request.method == "POST":
        return _found(request)
    rows = list(Notification.objects.order_by("-id")[:LATEST])
    return _search_page(request, lines=[line_of(each.notification, each.says) for each in explained(rows)])


def _found(request: HttpRequest) -> HttpResponse:
    words = request.POST.get("q", "").replace("\0", "").strip()[:320]
    filters = {name: request.POST.get(name, "").replace("\0", "") for name in ("date", "channel", "category")}
    identifier = identifier_in(words)
    if identifier is not None and Notification.objects.filter(pk=identifier).exists():
        return HttpResponseRedirect(f"/console/explain/{identifier}/")
    query = urlencode({name: value for name, value in filters.items() if value})
    people = people_like(words)
    if len(people) == 1:
        return HttpResponseRedirect(_address(people[0], query))
    several = [(shown_person(user), _address(user.id, query)) for user in User.objects.filter(pk__in=people)]
    said = "Nobody and no notification has this. Give an id, or the whole of an email address, number or external id."
    return _search_page(request, words=words, people=several, problem="" if several else said, status=200)


def _address(person: UUID, query: str) -> str:
    return f"/console/explain/people/{person}/{'?' if query else ''}{query}"


def _search_page(request: HttpRequest, status: int = 200, **more: object) -> HttpResponse:
    context = {"title": "Explain", "tab": "search", **_choices(), **more}
    return site.show(request, "console/explain.html", context, status)


def _choices() -> dict[str, object]:
    """What the filters may be set to."""
    return {
        "channels": [(str(key), channel.label) for key, channel in CHANNELS.items()],
        "categories": list(Category.objects.order_by("key").values_list("key", "name")),
    }


@console_page(Permission.STAFF)
@require_GET
def day(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """`/console/explain/people/<id>/?date=&channel=&category=&cursor=`; without a date: their today."""
    user = person_of(identifier)
    today = today_of(user)
    wanted, problem = _date(request.GET.get("date", ""), today)
    channel, category = request.GET.get("channel", ""), request.GET.get("category", "").replace("\0", "")
    channel = channel if channel in list(ChannelKey) else ""
    lines, older, newer = [], "", ""
    try:
        cursor = PageQuery(cursor=request.GET.get("cursor", ""), page_size=PER_PAGE)
        rows, following, preceding = page_of(request, day_rows(user, wanted, channel or None, category), cursor)
        lines, older, newer = _told(rows), _query(following), _query(preceding)
    except Refusal as refusal:
        problem = refusal.detail
    context: dict[str, object] = {
        "title": "A day explained",
        "person": shown_person(user),
        "chosen": {"date": wanted, "channel": channel, "category": category},
        "some": bool(channel or category),
        "before": _beside(wanted, -1),
        "after": _beside(wanted, 1) if wanted < today else None,
        "lines": lines,
        "older": older,
        "newer": newer,
        "problem": problem,
        **_choices(),
    }
    return site.show(request, "console/explain_day.html", context, 422 if problem else 200)


def _date(given: str, today: dt.date) -> tuple[dt.date, str]:
    """The date that was asked for; today, and what is wrong, for none."""
    if not given:
        return today, ""
    try:
        return dt.date.fromisoformat(given), ""
    except ValueError:
        return today, "This is no date: write it as 2026-11-20. The day shown is today."


def _beside(day: dt.date, days: int) -> dt.date | None:
    try:
        return day + dt.timedelta(days=days)
    except OverflowError:
        return None


def _query(link: str | None) -> str:
    """The query of another page of the list; the address itself is that of the browser."""
    return f"?{link.partition('?')[2]}" if link else ""


def _told(rows: Sequence[Notification]) -> list[Line]:
    found: list[Explained] = explained(rows)
    known = {row.id for row in rows}
    return [_whole(each, each.steps, known) for each in found]


def _whole(each: Explained, steps: list[Step], known: set[UUID]) -> Line:
    of = each.notification
    return line_of(of, each.says, tuple(scenes_of(steps, known - {of.id})))


def line_of(of: Summary, says: str = "", scenes: tuple[Scene, ...] = ()) -> Line:
    """A notification for a list."""
    category = catalog.find(of.category)
    return Line(
        of=of,
        tone=tone(of.status),
        label=CHANNELS[ChannelKey(of.channel)].label,
        category=category.key if category else of.category,
        priority=NAMES.get(of.priority, str(of.priority)),
        says=says,
        scenes=scenes,
    )


@console_page(Permission.STAFF)
@require_GET
def one(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """`/console/explain/<id>/`."""
    row = Notification.objects.filter(pk=identifier).first()
    if row is None:
        raise Http404
    story = story_of(row)
    user = User.objects.filter(pk=row.user_id).first()
    person = shown_person(user) if user is not None else None
    context: dict[str, object] = {
        "title": "One notification explained",
        "story": story,
        "line": line_of(story.summary, story.says),
        "person": person,
        "zone": person.zone if person else "UTC",
        "siblings": [line_of(each) for each in story.siblings],
        "told": [line_of(each) for each in story.told],
    }
    return site.show(request, "console/explain_one.html", context)
