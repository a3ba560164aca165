"""Making the page: what the template is given, and the headers that go with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from clarion.channels.email import mask_email
from clarion.flows.centre.coming import outlook
from clarion.records import clock
from clarion.records.consents import texts
from clarion.records.consents.purposes import Purpose
from clarion.records.people.facts import email_of
from clarion.records.templating import brand as brands
from clarion.surfaces.pages.centre.fields import Form, zones
from clarion.surfaces.pages.centre.look import look_of
from clarion.surfaces.pages.centre.outlook import OutlookShown, Teller, teller
from clarion.surfaces.pages.centre.person import Person
from clarion.surfaces.pages.centre.values import Values
from clarion.surfaces.pages.centre.words import LANGUAGES, WORDS, CentreWords


class Notice(StrEnum):
    """What came of the last press of a button."""

    SAVED = "saved"
    NOTHING = "nothing_changed"
    STOPPED_MARKETING = "stopped_marketing"
    STOPPED_ALL = "stopped_all"
    STALE = "stale"
    INCOMPLETE = "incomplete"


_BAD_NEWS = (Notice.STALE, Notice.INCOMPLETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A line of the summary of faults; `at` is the field's id."""

    at: str
    label: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A link to the same page in another language, or to other categories."""

    label: str
    query: str
    current: bool
    language: str = ""


def show(
    request: HttpRequest,
    person: Person,
    locale: str,
    values: Values,
    *,
    standing: Values | None = None,
    faults: Mapping[str, str] | None = None,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with these values in the form. `standing`: how things stand, where the values are what was typed."""
    words = WORDS[locale]
    now = clock.now()
    telling = teller(person, words, locale)
    coming = outlook(person.facts.id, now)
    context = {
        **_form(Form(words=words, locale=locale, values=values, faults=faults or {}), person, telling, now),
        "shown": msgspec.json.encode(standing or values).decode(),
        "version": person.standing.version,
        "who": _masked(person),
        "consent": texts.shown(Purpose.MARKETING, locale),
        "notice": getattr(words, notice) if notice else "",
        "notice_bad": notice in _BAD_NEWS,
        "coming": telling.tell(coming) if coming else OutlookShown(dates=(), withheld=(), quiet_now="", more=False),
        "query": _query(request),
        "languages": _languages(request, locale),
        "pages": _pages(request, person, words),
    }
    return _answer("pages/centre.html", locale, context, status)


def _form(form: Form, person: Person, telling: Teller, now: datetime) -> dict[str, Any]:
    words = form.words
    digest, weekday = form.digest()
    days = form.days()
    fields = {
        "general": form.general(),
        "channels": form.channels(person),
        "unreachable": form.unreachable(person),
        "subjects": form.subjects(person),
        "quiet": form.field("quiet", words.quiet_on),
        "quiet_times": form.quiet(),
        "days": days,
        "days_open": any(day.kind.value != "usual" or day.begin.fault or day.end.fault for day in days),
        "zone": form.field("zone", words.zone, hint=words.zone_help),
        "zones": zones(),
        "zone_listed": any(option.value == form.values["zone"] for _, group in zones() for option in group),
        "clock_now": words.clock_now.format(time=telling.time(now)),
        "digest": digest,
        "digest_at": form.field("digest.at", words.digest_at),
        "digest_weekday": weekday,
        "most": form.field("most", words.most_a_day, hint=words.most_a_day_help),
        "language": form.language(),
    }
    return {**fields, "faults": _told(form, fields)}


def _told(form: Form, fields: Mapping[str, Any]) -> list[Told]:
    labels = {each.name: each.label for each in fields["quiet_times"]}
    for day in fields["days"]:
        labels |= {day.kind.name: day.label, day.begin.name: day.begin.label, day.end.name: day.end.label}
    named = ("quiet", "zone", "digest", "digest_at", "digest_weekday", "most", "language")
    labels |= {fields[name].name: fields[name].label for name in named}
    errors = form.words.errors
    return [
        Told(
            at="f-" + name.replace(".", "-"),
            label=labels.get(name, form.words.general),
            message=errors.get(code, errors["other"]),
        )
        for name, code in form.faults.items()
    ]


def _masked(person: Person) -> str:
    email = email_of(person.facts)
    return mask_email(email) if email else ""


def _query(request: HttpRequest, **changed: str) -> str:
    """The page's own address, without what was said last."""
    kept = {name: request.GET[name] for name in ("token", "lang", "page") if name in request.GET}
    return "?" + urlencode({**kept, **changed})


def _languages(request: HttpRequest, locale: str) -> list[PageLink]:
    return [
        PageLink(label=name, query=_query(request, lang=key), current=key == locale, language=key)
        for key, name in LANGUAGES.items()
    ]


def _pages(request: HttpRequest, person: Person, words: CentreWords) -> list[PageLink]:
    if person.pages == 1:
        return []
    return [
        PageLink(
            label=words.page.format(number=number),
            query=_query(request, page=str(number)),
            current=number == person.page,
        )
        for number in range(1, person.pages + 1)
    ]


def refuse(request: HttpRequest, locale: str, *, old: bool = False, signed_out: bool = False) -> HttpResponse:
    """The page for a link that does not open it. Who is gone and who never was look the same."""
    words = WORDS[locale]
    message = words.old if old else words.bad
    context = {
        "message": words.signed_out if signed_out else message,
        "languages": _languages(request, locale) if request.method != "POST" else [],
    }
    return _answer("pages/centre_closed.html", locale, context, 401 if signed_out else 400)


def _answer(template: str, locale: str, context: Mapping[str, Any], status: int) -> HttpResponse:
    brand = brands.current()
    words, look = WORDS[locale], look_of(brand)
    named = {"brand": brand, "look": look, "w": words, "locale": locale, "intro": words.intro.format(app=brand.name)}
    named["for_whom"] = words.for_whom.format(who=context.get("who", ""))
    response = HttpResponse(render_to_string(template, {**named, **context}), status=status)
    response["Content-Security-Policy"] = look.policy
    return response
