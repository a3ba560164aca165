"""Pages for people."""

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from clarion.surfaces.pages import demo, link_pages, login, outbox, outbox_send
from clarion.surfaces.pages.centre import door as centre

urlpatterns: list[URLPattern] = [
    path("", outbox.root),
    path("login/", login.login),
    path("logout/", login.logout),
    path("unsubscribe", link_pages.stop),
    path("unsubscribe/", link_pages.stop),
    path("preferences", RedirectView.as_view(url="/preferences/", query_string=True)),
    path("preferences/", centre.page),
    path("preferences/open", centre.enter),
    path("confirm", link_pages.confirm),
    path("confirm/", link_pages.confirm),
    path("demo/inbox", RedirectView.as_view(url="/demo/inbox/")),
    path("demo/inbox/", demo.page),
    path("demo/inbox/token", demo.token),
    path("outbox", RedirectView.as_view(url="/outbox/")),
    path("outbox/", outbox.page),
    path("outbox/entries", outbox.entries),
    path("outbox/entries/<uuid:identifier>", outbox.entry),
    path("outbox/entries/<uuid:identifier>/html", outbox.entry_html),
    path("outbox/choices", outbox_send.choices),
    path("outbox/send", outbox_send.send),
]
