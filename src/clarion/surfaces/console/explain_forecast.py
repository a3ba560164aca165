"""The console's dry run: what a send would come to, with every rule of the gate. Nothing is stored or sent; the answer
is the API's own (POST /notifications/explain)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_http_methods

from clarion.channels.registry import CHANNELS
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.categories.models import Category
from clarion.records.people.models import User
from clarion.records.templating.models import Template
from clarion.surfaces.api.decoding import invalid
from clarion.surfaces.api.explain import ForeseenOut, RungOut, forecast_of
from clarion.surfaces.api.notifications import SendIn, asked_send
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.console.doors import console_page, present
from clarion.surfaces.console.explain_people import Person, people_like, shown_person
from clarion.surfaces.console.explain_words import plain, rule_says, rule_title, shown, tone
from clarion.surfaces.console.site import site

PRIORITIES = ("critical", "high", "medium", "low")
_TEXTS = ("to", "template", "subject", "body", "category", "priority", "context")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A rule of the ladder, in words."""

    title: str
    about: str
    outcome: str
    tone: str
    inputs: tuple[tuple[str, str], ...]
    spoke: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What would become of one channel. `until`: when it would be due."""

    of: ForeseenOut
    label: str
    tone: str
    until: datetime | None
    rungs: tuple[Rung, ...]


@console_page(Permission.STAFF)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """`/console/explain/dry-run/?to=<id of a person>`."""
    given = _given(request.POST if request.method == "POST" else request.GET)
    context: dict[str, object] = {
        "title": "A send only thought of",
        "tab": "dry-run",
        "given": given,
        "chosen": request.POST.getlist("channels"),
        "bypass": request.POST.get("bypass") == "on",
        **_choices(),
    }
    if request.method == "POST":
        try:
            context |= _foresee(request, given)
        except Refusal as refusal:
            where = refusal.errors[0].pointer if refusal.errors else ""
            context |= {"problem": refusal.detail, "where": _FIELDS.get(where.split("/")[-1], "")}
        except InputError as error:
            context |= {"problem": error.message, "where": _FIELDS.get(error.pointer.split("/")[-1], "")}
    return site.show(request, "console/explain_dry_run.html", context, 422 if "problem" in context else 200)


_FIELDS = {
    "user_id": "to",
    "template_path": "template",
    "subject": "subject",
    "body": "body",
    "category": "category",
    "priority": "priority",
    "context": "context",
    "channels": "channels",
}


def _given(posted: QueryDict) -> dict[str, str]:
    return {name: posted.get(name, "").replace("\0", "").strip() for name in _TEXTS}


def _choices() -> dict[str, object]:
    templates = Template.objects.filter(active=True).exclude(current_version=None).order_by("path")
    return {
        "channels": [(str(key), channel.label) for key, channel in CHANNELS.items()],
        "categories": list(Category.objects.order_by("key").values_list("key", "name")),
        "templates": list(templates.values_list("path", "name")),
        "priorities": PRIORITIES,
    }


def _foresee(request: HttpRequest, given: dict[str, str]) -> dict[str, object]:
    person = _person(given["to"])
    body = {
        "user_id": person.id,
        "template_path": given["template"] or None,
        "subject": given["subject"] or None,
        "body": given["body"] or None,
        "channels": request.POST.getlist("channels"),
        "category": given["category"] or None,
        "priority": given["priority"] or None,
        "context": _context(given["context"]),
        "options": {"bypass_preferences": request.POST.get("bypass") == "on"},
    }
    try:
        wanted = msgspec.convert(body, SendIn)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error
    forecast = forecast_of(asked_send(wanted, present(request)))
    raw = msgspec.json.format(msgspec.json.encode(forecast)).decode()
    return {"person": person, "zone": person.zone, "fates": [_fate(one) for one in forecast.results], "raw": raw}


def _person(words: str) -> Person:
    found = people_like(words)
    if len(found) != 1:
        said = "several people have this; give the id of one" if found else "nobody has this id, address or number"
        raise InputError("user_not_found", f"{said}, whole", pointer="/user_id", status=404)
    return shown_person(User.objects.get(pk=UUID(str(found[0]))))


def _context(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        value = None
    if not isinstance(value, dict):
        raise InputError("invalid", 'the context is a JSON object, as in {"order": {"id": 7}}', pointer="/context")
    return value


def _fate(one: ForeseenOut) -> Fate:
    return Fate(
        of=one,
        label=CHANNELS[ChannelKey(one.channel)].label,
        tone=tone(one.outcome),
        until=one.until or one.due_at,
        rungs=tuple(_rung(each) for each in one.ladder),
    )


def _rung(each: RungOut) -> Rung:
    return Rung(
        title=rule_title(each.rule),
        about=rule_says(each.rule),
        outcome=plain(each.outcome),
        tone=tone(each.outcome),
        inputs=tuple((plain(name), shown(value)) for name, value in each.inputs.items()),
        spoke=each.outcome not in ("passed", "not_asked"),
    )
