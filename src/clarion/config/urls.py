"""All routes."""

from django.urls import include, path
from django.views.generic import RedirectView

from clarion.surfaces.api.health import live, ready
from clarion.surfaces.metrics.door import metrics

urlpatterns = [
    path("livez", live),
    path("readyz", ready),
    path("metrics", metrics),
    path("api/v1/", include("clarion.surfaces.api.urls")),
    path("console/", include("clarion.surfaces.console.urls")),
    path("console", RedirectView.as_view(url="/console/")),
    path("", include("clarion.surfaces.pages.urls")),
]
handler404 = "clarion.surfaces.pages.errors.not_found"
handler400 = "clarion.surfaces.api.problems.bad_request"
handler500 = "clarion.surfaces.api.problems.server_error"
