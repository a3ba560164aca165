"""Routes under /console/."""

from django.urls import path

from clarion.surfaces.console import index
from clarion.surfaces.console.registry import PAGES
from clarion.surfaces.console.site import site

site.install(PAGES, (path("", index.page, name="index"),))
urlpatterns = site.get_urls()
