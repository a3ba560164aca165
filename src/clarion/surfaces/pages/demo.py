"""The demo of `<clarion-inbox>`: a page with a bell, for trial deployments with demo data. Not there elsewhere."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from clarion.records import clock
from clarion.records.access import tokens
from clarion.records.people.models import User

DEMO_USER = "demo-1"
# Short, so that a page that stays open shows how a token is replaced.
TOKEN_LIFE = timedelta(minutes=5)


@never_cache
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """`/demo/inbox/`"""
    return render(request, "pages/demo_inbox.html", {"person": _person(), "app_name": settings.APP_NAME})


@never_cache
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """`/demo/inbox/token`, the page's `token-url`: as an application's own backend would answer its signed-in user."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Http404
    try:
        access = tokens.access_token(_person(), clock.now(), TOKEN_LIFE)
    except tokens.CannotIssue as error:
        raise Http404 from error
    return JsonResponse({"access": access})


def _person() -> User:
    """The demo's first person. Anybody may be them in a trial, whose outbox shows everything as well."""
    person = User.objects.filter(external_id=DEMO_USER, is_active=True).first() if settings.OUTBOX_OPEN else None
    if person is None or person.is_staff:
        raise Http404
    return person
