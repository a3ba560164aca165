"""The first page: what there is, and what waits."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from clarion.records.templating.models import Template, TemplateVersion, VersionState
from clarion.surfaces.console.doors import console_page
from clarion.surfaces.console.site import site


@console_page(None)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """`/console/`."""
    in_use = Template.objects.filter(active=True)
    context: dict[str, object] = {
        "title": "Overview",
        "pages": site.pages_for(request),
        "numbers": [
            ("Templates in use", in_use.exclude(current_version=None).count(), "/console/templates/?state=published"),
            (
                "Drafts waiting",
                TemplateVersion.objects.filter(state=VersionState.DRAFT).count(),
                "/console/templates/?state=draft",
            ),
            ("Out of use", Template.objects.filter(active=False).count(), "/console/templates/?state=retired"),
        ],
        "outbox": settings.OUTBOX_ENABLED,
    }
    return site.show(request, "console/index.html", context)
