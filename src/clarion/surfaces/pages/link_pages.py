"""Pages behind signed links: stop messages, confirm a place on a list. Looking changes nothing; the button posts.
The preference centre is in centre/.

No session, no cookie and so no CSRF token: the signed link is all the authority there is, and it is in the address.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from clarion.contract.input_error import InputError
from clarion.flows.consent import opt_in
from clarion.flows.consent.opt_in import Invitation
from clarion.flows.consent.unsubscribe import Stops, meant, unsubscribe
from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.consents import texts
from clarion.records.consents.purposes import Source
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.links import BadLink, Link, LinkPurpose, OldLink, Scope
from clarion.surfaces.pages.link_words import LinkWords, locale_for, words_of

LONGEST_TOKEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page: a title, paragraphs, a quotation (what is agreed to), a button that posts to the page's own address, and
    a second one that posts `second_token` to the same page."""

    title: str
    paragraphs: tuple[str, ...]
    quotation: str = ""
    button: str = ""
    second_intro: str = ""
    second_button: str = ""
    second_token: str = ""
    foot: str = ""
    status: int = 200


def behind_link(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """GET and HEAD look, POST acts; nothing is cached, and the link goes nowhere as a referrer."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        response = view(request)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    guarded: Callable[[HttpRequest], HttpResponse] = never_cache(
        require_http_methods(["GET", "HEAD", "POST"])(answered)
    )
    return guarded


def _answer(request: HttpRequest, locale: str, shown: Shown) -> HttpResponse:
    context = {"shown": shown, "app_name": settings.APP_NAME, "locale": locale}
    return HttpResponse(render_to_string("pages/link.html", context), status=shown.status)


def _token(request: HttpRequest) -> str:
    return request.GET.get("token", "")[:LONGEST_TOKEN]


@behind_link
def stop(request: HttpRequest) -> HttpResponse:
    """`/unsubscribe/?token=…`"""
    now = clock.now()
    try:
        stops = meant(_token(request), "", now)
    except BadLink as bad:
        return _bad(request, bad)
    except InputError:
        return _of_the_account(request)
    person = User.objects.filter(pk=stops.user_id).only("id", "locale").first()
    locale = locale_for(person.locale if person else "", request)
    words = words_of(locale)
    if request.method == "POST":
        unsubscribe(stops, Source.UNSUBSCRIBE_PAGE, now)
        paragraphs = (words.stopped, *_stays(stops, words))
        return _answer(request, locale, Shown(title=words.stopped_title, paragraphs=paragraphs))
    return _answer(request, locale, _asked(request, stops, words))


def _asked(request: HttpRequest, stops: Stops, words: LinkWords) -> Shown:
    only = stops.scope is Scope.MARKETING
    return Shown(
        title=words.stop_title,
        paragraphs=(_said(stops, words),),
        button=words.stop_button,
        second_intro="" if only else words.stop_all_intro,
        second_button="" if only else words.stop_all_button,
        second_token="" if only else _all_marketing(_followed(request)),
        foot=" ".join(_stays(stops, words)),
    )


def _stays(stops: Stops, words: LinkWords) -> tuple[str, ...]:
    """What goes on; of digests it is said with what stops, for messages about the account may be in them."""
    return () if stops.scope is Scope.DIGEST else (words.stays,)


def _said(stops: Stops, words: LinkWords) -> str:
    match stops.scope:
        case Scope.DIGEST:
            return words.stop_digest
        case Scope.LIST:
            return words.stop_list.format(list=stops.mailing_list.name if stops.mailing_list else "…")
        case Scope.CATEGORY:
            text = words.stop_category if stops.channel else words.stop_category_everywhere
            name = _name(stops.category.id) if stops.category else "…"
            return text.format(category=name, channel=words.channels.get(stops.channel, stops.channel))
    return words.stop_marketing


def _name(category_id: int) -> str:
    return Category.objects.filter(pk=category_id).values_list("name", flat=True).first() or "…"


def _followed(request: HttpRequest) -> Link:
    return links.read(_token(request), LinkPurpose.UNSUBSCRIBE, clock.now())


def _all_marketing(followed: Link) -> str:
    """A link for all marketing of the same person, as old as the one that was followed."""
    stop, all_of_it = LinkPurpose.UNSUBSCRIBE, Scope.MARKETING
    return links.token_of(Link(purpose=stop, user_id=followed.user_id, scope=all_of_it, issued=followed.issued))


def _of_the_account(request: HttpRequest) -> HttpResponse:
    """A link in a message that is no marketing: it stops all marketing instead, if the person wants that."""
    link = _followed(request)
    person = User.objects.filter(pk=link.user_id).only("id", "locale").first()
    locale = locale_for(person.locale if person else "", request)
    words = words_of(locale)
    shown = Shown(
        title=words.account_title,
        paragraphs=(words.account.format(category=_name(link.category_id)),),
        second_button=words.stop_all_button,
        second_token=_all_marketing(link),
        status=200 if request.method != "POST" else 409,
    )
    return _answer(request, locale, shown)


def _bad(request: HttpRequest, bad: BadLink) -> HttpResponse:
    locale = locale_for("", request)
    words = words_of(locale)
    old = isinstance(bad, OldLink)
    return _answer(
        request, locale, Shown(title=words.bad_title, paragraphs=(words.old if old else words.bad,), status=400)
    )


@behind_link
def confirm(request: HttpRequest) -> HttpResponse:
    """`/confirm/?token=…`"""
    now, token = clock.now(), _token(request)
    try:
        links.read(token, LinkPurpose.CONFIRM, now)
    except BadLink as bad:
        return _bad(request, bad)
    try:
        found = opt_in.confirm(token, now) if request.method == "POST" else opt_in.invitation(token, now)
    except BadLink:
        locale = locale_for("", request)
        words = words_of(locale)
        return _answer(request, locale, Shown(title=words.bad_title, paragraphs=(words.nothing,), status=400))
    locale = locale_for(found.user.locale, request)
    return _answer(request, locale, _confirmation(request, found, words_of(locale)))


def _confirmation(request: HttpRequest, found: Invitation, words: LinkWords) -> Shown:
    name = found.mailing_list.name
    if request.method == "POST":
        return Shown(title=words.confirmed_title, paragraphs=(words.confirmed.format(list=name),))
    agreed = texts.shown(found.mailing_list.purpose, found.user.locale)
    return Shown(
        title=words.confirm_title,
        paragraphs=(words.confirm.format(list=name), *((words.confirm_words,) if agreed else ())),
        quotation=agreed.text if agreed else "",
        button=words.confirm_button,
        foot=words.confirm_ignore,
    )
