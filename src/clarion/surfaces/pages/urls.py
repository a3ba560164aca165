"""Pages for people."""

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from clarion.surfaces.pages import login, outbox, outbox_send

urlpatterns: list[URLPattern] = [
    path("", outbox.root),
    path("login/", login.login),
    path("logout/", login.logout),
    path("outbox", RedirectView.as_view(url="/outbox/")),
    path("outbox/", outbox.page),
    path("outbox/entries", outbox.entries),
    path("outbox/entries/<uuid:identifier>", outbox.entry),
    path("outbox/entries/<uuid:identifier>/html", outbox.entry_html),
    path("outbox/choices", outbox_send.choices),
    path("outbox/send", outbox_send.send),
]
