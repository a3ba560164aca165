"""The preference centre's door: `/preferences/?token=…`, the link of `preferences_url`, and `/preferences/open` for
people who are signed in to the app. GET and HEAD look and change nothing; the buttons post to the page's own address.

The signed link is all the authority there is: no cookie, hence nothing that another site could ride on. What is posted
is answered with a redirect, so that reloading repeats nothing; what could not be saved is shown again as it was typed.
"""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from clarion.contract.input_error import InputError
from clarion.flows.centre.saving import save, stop_all
from clarion.flows.consent.unsubscribe import Stops, unsubscribe
from clarion.records import clock
from clarion.records.access import tokens
from clarion.records.access.permissions import CallerKind
from clarion.records.consents.purposes import Source
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.links import BadLink, LinkPurpose, OldLink, Scope
from clarion.surfaces.pages.centre import reading, values
from clarion.surfaces.pages.centre.person import Person, load
from clarion.surfaces.pages.centre.showing import Notice, refuse, show
from clarion.surfaces.pages.centre.words import WORDS
from clarion.surfaces.pages.link_pages import LONGEST_TOKEN, behind_link
from clarion.surfaces.pages.link_words import locale_for

STALE = 412
__all__ = ["enter", "page"]


@behind_link
def page(request: HttpRequest) -> HttpResponse:
    """`/preferences/?token=…&lang=…&page=…`"""
    try:
        link = links.read(request.GET.get("token", "")[:LONGEST_TOKEN], LinkPurpose.PREFERENCES, clock.now())
    except BadLink as bad:
        return refuse(request, _language(request, ""), old=isinstance(bad, OldLink))
    person = load(link.user_id, _page_number(request))
    if person is None:
        return refuse(request, _language(request, ""))
    locale = _language(request, person.facts.locale)
    if request.method != "POST":
        said = request.GET.get("said", "")
        notice = Notice(said) if said in set(Notice) else None
        return show(request, person, locale, values.standing(person), notice=notice)
    match request.POST.get("act"):
        case "stop_marketing":
            stops = Stops(user_id=person.facts.id, scope=Scope.MARKETING)
            unsubscribe(stops, Source.PREFERENCE_CENTRE, clock.now())
            return _back(request, Notice.STOPPED_MARKETING)
        case "stop_all":
            stop_all(person.facts.id)
            return _back(request, Notice.STOPPED_ALL)
    return _save(request, person, locale)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _language(request: HttpRequest, person: str) -> str:
    """The one that was asked for on the page, else the person's, else the browser's."""
    asked = request.GET.get("lang", "")
    return asked if asked in WORDS else locale_for(person, request)


def _save(request: HttpRequest, person: Person, locale: str) -> HttpResponse:
    standing = values.standing(person)
    posted = reading.posted(request.POST)
    if posted is None:
        return show(request, person, locale, standing, notice=Notice.INCOMPLETE, status=400)
    shown = {**standing, **{name: value for name, value in posted.changed.items() if name in standing}}
    read = reading.read(posted, standing, person)
    if read.faults:
        return show(request, person, locale, shown, standing=standing, faults=read.faults, status=422)
    try:
        changed = save(person.facts.id, read.wanted)
    except InputError as error:
        if error.status == STALE:
            return _changed_meanwhile(request, person.facts.id, locale, posted)
        faults = {"on": error.code}
        return show(request, person, locale, shown, standing=standing, faults=faults, status=error.status)
    return _back(request, Notice.SAVED if changed else Notice.NOTHING, spoken=read.wanted.locale)


def _changed_meanwhile(request: HttpRequest, user_id: UUID, locale: str, posted: reading.Posted) -> HttpResponse:
    """How things stand now, with what they changed laid over it, to look over and save again."""
    person = load(user_id, _page_number(request))
    if person is None:
        return refuse(request, locale)
    standing = values.standing(person)
    shown = {**standing, **{name: value for name, value in posted.changed.items() if name in standing}}
    return show(request, person, locale, shown, standing=standing, notice=Notice.STALE, status=409)


def _back(request: HttpRequest, notice: Notice, *, spoken: str = "") -> HttpResponse:
    """To the page itself, in the language that was chosen for it; a new language of the person is the page's, too."""
    kept = {name: request.GET[name] for name in ("token", "lang", "page") if name in request.GET}
    if spoken in WORDS and "lang" in kept:
        kept["lang"] = spoken
    return HttpResponse(status=303, headers={"Location": f"?{urlencode({**kept, 'said': notice})}"})


@never_cache
@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """A form of the app posts the person's JWT as `access`; the answer leads to their centre. It acts for nobody but
    whom the JWT names, and changes nothing."""
    now = clock.now()
    try:
        caller = tokens.caller_for(request.POST.get("access", ""))
    except tokens.InvalidToken:
        return refuse(request, _language(request, ""), signed_out=True)
    user = User.objects.filter(pk=caller.user_id, is_active=True).only("id").first()
    if caller.kind is not CallerKind.USER or user is None:
        return refuse(request, _language(request, ""), signed_out=True)
    token = links.preferences_url(user.id, now).rpartition("=")[2]
    answer = HttpResponse(status=303, headers={"Location": f"./?token={token}"})
    answer["Referrer-Policy"] = "no-referrer"
    return answer
