"""'Send a test' on the outbox page: what can be chosen, and the sending, through the same flow as the API's."""

from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest import flow
from clarion.flows.ingest.asked import Receipt, Send
from clarion.records import clock
from clarion.records.access.permissions import Caller, CallerKind, Permission
from clarion.records.people import facts
from clarion.records.people.models import User
from clarion.records.templating.catalog import catalog
from clarion.records.templating.models import Template
from clarion.surfaces.pages.doors import outbox_data, staff_of

USERS_MOST = 100
TEMPLATES_MOST = 200
ALL = "all"
SAMPLES = {
    "number": "A-1042",
    "id": "1042",
    "total": "49.90",
    "amount": "49.90",
    "price": "49.90",
    "code": "493 021",
    "name": "Ann",
    "date": "2026-12-24",
    "time": "14:30",
    "url": "https://example.com/orders/1042",
    "link": "https://example.com/orders/1042",
    "city": "Nairobi",
    "headline": "Warm things for cold days",
    "carrier": "Parcel Post",
    "currency": "EUR",
    "minutes": "10",
}


class UserChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A possible recipient; `channels` are those with an address."""

    id: UUID
    label: str
    channels: list[str]


class TemplateChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A template, with a context that has every required variable."""

    path: str
    name: str
    channels: list[str]
    context: dict[str, object]


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    users: list[UserChoice]
    templates: list[TemplateChoice]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One notification as it was taken in."""

    id: UUID
    channel: str
    status: str
    reason: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    request_id: UUID
    notifications: list[Taken]


@outbox_data
@require_GET
def choices(request: HttpRequest) -> HttpResponse:
    """The first users and the active templates."""
    users = list(User.objects.filter(is_active=True).order_by("id")[:USERS_MOST])
    known = facts.load([user.id for user in users], [])
    templates = Template.objects.filter(active=True).exclude(current_version=None).order_by("path")[:TEMPLATES_MOST]
    found = Choices(
        users=[
            UserChoice(id=user.id, label=_label(user), channels=[str(c) for c in ChannelKey if c in reachable])
            for user in users
            if (reachable := known[user.id].reachable if user.id in known else frozenset[ChannelKey]())
        ],
        templates=[
            TemplateChoice(
                path=row.path.replace("*", "example"),
                name=row.name,
                channels=row.channels,
                context=_sample(row.required_variables),
            )
            for row in templates
        ],
    )
    return HttpResponse(msgspec.json.encode(found), content_type="application/json")


@outbox_data
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Take the form in; 201 with what became of it, or a problem."""
    receipt = flow.send(_asked(request), clock.now())
    return HttpResponse(msgspec.json.encode(_sent(receipt)), status=201, content_type="application/json")


def _asked(request: HttpRequest) -> Send:
    form = request.POST
    user_id = _user_id(form.get("user_id", ""))
    path = form.get("template_path", "") if form.get("content") == "template" else ""
    subject, body = ("", "") if path else (form.get("subject", "").strip(), form.get("body", "").strip())
    channels = _channels(form.get("channel", ALL), user_id, path)
    return Send(
        caller=_caller(request),
        user_id=user_id,
        template_path=path,
        subject=subject,
        body=body,
        channels=channels,
        context=_context(form.get("context", "")) if path else {},
        # a webhook is made of data alone
        data={"subject": subject, "body": body} if not path and ChannelKey.WEBHOOK in channels else {},
    )


def _caller(request: HttpRequest) -> Caller:
    user = staff_of(request) or User.objects.filter(is_staff=True, is_active=True).order_by("id").first()
    if user is None:
        raise InputError("no_staff", "there is no member of staff to send as; run: clarion createstaff", status=409)
    return Caller(kind=CallerKind.USER, id=user.id, user_id=user.id, permissions=frozenset({Permission.STAFF}))


def _user_id(text: str) -> UUID:
    try:
        return UUID(text.strip())
    except ValueError as error:
        raise InputError("invalid_user", "choose a recipient, or give a user's id", pointer="/user_id") from error


def _channels(wanted: str, user_id: UUID, path: str) -> tuple[ChannelKey, ...]:
    """The channel that was chosen, or every one by which the person and the template can be served."""
    if wanted != ALL:
        if wanted not in list(ChannelKey):
            raise InputError("unknown_channel", "choose a channel from the list", pointer="/channel")
        return (ChannelKey(wanted),)
    person = facts.load([user_id], []).get(user_id)
    if person is None:
        raise InputError("user_not_found", "there is no active user with this id", pointer="/user_id", status=404)
    template = catalog.find(path) if path else None
    return tuple(c for c in ChannelKey if c in person.reachable and (template is None or c in template.channels))


def _context(text: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, object])
    except msgspec.DecodeError as error:
        raise InputError(
            "invalid_context", 'variables are a JSON object, as {"name": "Ann"}', pointer="/context"
        ) from error


def _sent(receipt: Receipt) -> Sent:
    return Sent(
        request_id=receipt.request_id,
        notifications=[
            Taken(id=n.id, channel=n.channel, status=n.status, reason=n.reason) for n in receipt.notifications
        ],
    )


def _label(user: User) -> str:
    name = f"{user.first_name} {user.last_name}".strip() or user.username
    return " · ".join(part for part in (name, user.email) if part) or str(user.id)


def _sample(required: list[str]) -> dict[str, object]:
    """`["order.id", "note"]` → `{"order": {"id": "1042"}, "note": "note"}`."""
    sample: dict[str, object] = {}
    for dotted in required:
        *parents, last = dotted.split(".")
        place = sample
        for parent in parents:
            inner = place.get(parent)
            if not isinstance(inner, dict):
                inner = place[parent] = {}
            place = inner
        place.setdefault(last, _value(dotted))
    return sample


def _value(dotted: str) -> str:
    """Something that reads well; the sender may write another."""
    words = dotted.lower().replace(".", " ").replace("_", " ")
    return next((value for end, value in SAMPLES.items() if words.endswith(end)), words)
