"""The list of templates: searched, filtered, a page at a time."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from clarion.channels.registry import CHANNELS
from clarion.contract.channel import ChannelKey
from clarion.records.access.permissions import Permission
from clarion.records.categories.models import Category
from clarion.records.templating.models import Template, TemplateContent, TemplateVersion, VersionState
from clarion.surfaces.console.doors import console_page
from clarion.surfaces.console.site import site

PER_PAGE = 50
WORDLESS = ChannelKey.WEBHOOK
"""Its content is an event's name, which nobody translates."""
STATES = {"published": "Published", "draft": "Draft waiting", "unpublished": "Never published", "retired": "Out of use"}
LOCALES = {"complete": "All languages complete", "incomplete": "Something is missing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the form asked for; unknown values count as none."""

    words: str = ""
    category: str = ""
    channel: str = ""
    state: str = ""
    locales: str = ""

    @property
    def some(self) -> bool:
        return any((self.words, self.category, self.channel, self.state, self.locales))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the list."""

    template: Template
    channels: list[tuple[str, str]]
    locales: list[tuple[str, bool]]
    draft: int | None


@console_page(Permission.TEMPLATES)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """`/console/templates/?q=&category=&channel=&state=&locales=&page=`."""
    filters = _filters(request)
    shown = Paginator(_found(filters), PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context: dict[str, object] = {
        "title": "Templates",
        "filters": filters,
        "rows": _rows(list(shown.object_list)),
        "shown": shown,
        "query": query.urlencode(),
        "categories": list(Category.objects.order_by("key").values_list("key", "name")),
        "channels": [(str(key), channel.label) for key, channel in CHANNELS.items()],
        "states": STATES.items(),
        "locale_states": LOCALES.items(),
    }
    return site.show(request, "console/templates.html", context)


def _filters(request: HttpRequest) -> Filters:
    given = request.GET
    channel, state, locales = (given.get(name, "") for name in ("channel", "state", "locales"))
    return Filters(
        words=given.get("q", "").replace("\0", "").strip()[:200],
        category=given.get("category", "").replace("\0", "")[:64],
        channel=channel if channel in list(ChannelKey) else "",
        state=state if state in STATES else "",
        locales=locales if locales in LOCALES else "",
    )


def _found(filters: Filters) -> QuerySet[Template]:
    rows = Template.objects.select_related("category", "current_version").order_by("path")
    for word in filters.words.split():
        rows = rows.filter(Q(path__icontains=word) | Q(name__icontains=word))
    if filters.category:
        rows = rows.filter(category__key=filters.category)
    if filters.channel:
        rows = rows.filter(channels__contains=[filters.channel])
    if filters.locales:
        rows = _by_completeness(rows, complete=filters.locales == "complete")
    return _in_state(rows, filters.state)


def _in_state(rows: QuerySet[Template], state: str) -> QuerySet[Template]:
    if state == "retired":
        return rows.filter(active=False)
    if state == "draft":
        waiting = TemplateVersion.objects.filter(template=OuterRef("pk"), state=VersionState.DRAFT)
        return rows.filter(Exists(waiting))
    if state == "unpublished":
        return rows.filter(current_version=None)
    return rows.filter(active=True).exclude(current_version=None) if state == "published" else rows


def _by_completeness(rows: QuerySet[Template], *, complete: bool) -> QuerySet[Template]:
    """Complete: every channel with words has every locale that any of them has."""
    contents = "current_version__contents"
    spoken = Q(**{f"{contents}__isnull": False}) & ~Q(**{f"{contents}__channel": WORDLESS})
    counted = rows.annotate(
        there=Count(contents, filter=spoken),
        wide=Count(f"{contents}__channel", distinct=True, filter=spoken),
        tall=Count(f"{contents}__locale", distinct=True, filter=spoken),
    )
    full = Q(there=F("wide") * F("tall"))
    return counted.filter(full) if complete else counted.exclude(full)


def _rows(templates: list[Template]) -> list[Row]:
    drafts = dict(
        TemplateVersion.objects.filter(template__in=templates, state=VersionState.DRAFT).values_list(
            "template_id", "number"
        )
    )
    places: dict[object, list[tuple[str, str]]] = {}
    versions = [template.current_version_id for template in templates if template.current_version_id]
    for version, channel, locale in TemplateContent.objects.filter(version__in=versions).values_list(
        "version_id", "channel", "locale"
    ):
        places.setdefault(version, []).append((channel, locale))
    return [
        Row(
            template=template,
            channels=[(str(key), CHANNELS[key].label) for key in ChannelKey if key in template.channels],
            locales=_locales(places.get(template.current_version_id, [])),
            draft=drafts.get(template.id),
        )
        for template in templates
    ]


def _locales(places: list[tuple[str, str]]) -> list[tuple[str, bool]]:
    """Each locale, and whether all channels with words have it."""
    channels = {channel for channel, _ in places} - {WORDLESS}
    return [
        (locale or "default", channels <= {channel for channel, where in places if where == locale})
        for locale in sorted({locale for _, locale in places})
    ]
