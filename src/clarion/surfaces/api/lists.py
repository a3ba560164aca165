"""Mailing lists and places on them: double opt-in, for anybody on public lists, else for people who are known."""

import re
from math import ceil
from time import monotonic, sleep
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.http import HttpRequest
from msgspec import UNSET, Meta, UnsetType

from clarion.channels.email import parse_email
from clarion.channels.errors import InvalidValue
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.contract.rate import Rate
from clarion.flows.consent.opt_in import subscribe_address, subscribe_user
from clarion.flows.consent.unsubscribe import Stops, unsubscribe
from clarion.records import clock, volatile
from clarion.records.access.permissions import Caller, Permission
from clarion.records.access.throttle import too_many
from clarion.records.categories.catalog import catalog as categories
from clarion.records.consents.purposes import Source
from clarion.records.lists import store
from clarion.records.lists.models import MailingList, State, Subscription
from clarion.records.pacing.gcra import allowance
from clarion.records.pacing.tokens import tokens
from clarion.records.people.directory import checked_locale
from clarion.records.people.models import User
from clarion.records.preferences.links import Scope
from clarion.records.templating.catalog import catalog as templates
from clarion.surfaces.api.authentication import authenticate
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Instant, Locale, OwnEmail
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.users import find_user

KEY = r"^[a-z0-9][a-z0-9_-]*$(?!\n)"
ListKey = Annotated[str, Meta(min_length=1, max_length=64, pattern=KEY, examples=["newsletter"])]
# it stands in the subject of a mail
ListName = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$(?!\n)")]
Purposes = Literal["marketing", "processing"]
Switch = bool | UnsetType
OF_STRANGERS = allowance(Rate(count=120, seconds=60))
"""How many strangers may ask for places on one list; a person is protected by records/lists/store.py."""
LEAST_SECONDS = 0.1
"""So long a stranger's asking takes at least: somebody new is more work than somebody known, and that would show."""
VARIABLES = frozenset({"confirm_url", "list_name"})


class ListOut(msgspec.Struct, frozen=True, kw_only=True):
    """A list. `public`: anybody may ask for a place; `template_path`: of the confirmation mail, empty: a built-in text;
    `category`: of that mail."""

    id: UUID
    key: str
    name: str
    purpose: str
    template_path: str
    category: str
    public: bool
    active: bool
    pending: int
    confirmed: int
    created_at: Instant


class ListPage(Page[ListOut], frozen=True, kw_only=True):
    """A page of lists."""


class ListIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new list. The template may use `confirm_url` and `list_name` beside the standard variables."""

    key: ListKey
    name: ListName
    purpose: Purposes = "marketing"
    template_path: Annotated[str, Meta(max_length=200)] = ""
    category: Annotated[str, Meta(min_length=1, max_length=64)] = "general"
    public: bool = False


class ListChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes; what is absent stays."""

    name: ListName | UnsetType = UNSET
    template_path: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    category: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    public: Switch = UNSET
    active: Switch = UNSET


class SubscribeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who: an `email` address (of strangers, on public lists), a `user_id` (staff and services), or nobody: the caller.
    `locale` is the language of somebody who is not known yet."""

    email: OwnEmail | None = None
    user_id: UUID | None = None
    locale: Locale = "en"


class SubscribeOut(msgspec.Struct, frozen=True, kw_only=True):
    """The same for everybody."""

    status: Literal["confirmation_requested"]
    message: str


class LeaveIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who: nobody means the caller."""

    user_id: UUID | None = None


class LeaveOut(msgspec.Struct, frozen=True, kw_only=True):
    """`changed` false: there was no place to give up."""

    status: Literal["unsubscribed"]
    changed: bool


ASKED = SubscribeOut(
    status="confirmation_requested",
    message="a mail to confirm by is on its way, if the address can be written to; until then nothing happens",
)


def _out(row: MailingList, counts: dict[UUID, tuple[int, int]]) -> ListOut:
    pending, confirmed = counts.get(row.id, (0, 0))
    return ListOut(
        id=row.id,
        key=row.key,
        name=row.name,
        purpose=row.purpose,
        template_path=row.template_path,
        category=row.category,
        public=row.public,
        active=row.active,
        pending=pending,
        confirmed=confirmed,
        created_at=row.created_at,
    )


def _counted(rows: list[MailingList]) -> list[ListOut]:
    """With how many wait and how many are on it, in one query."""
    pending, confirmed = (Count("id", filter=Q(state=state)) for state in (State.PENDING, State.CONFIRMED))
    found = (
        Subscription.objects.filter(mailing_list__in=rows)
        .values("mailing_list")
        .annotate(waiting=pending, on_it=confirmed)
        .values_list("mailing_list", "waiting", "on_it")
    )
    counts = {key: (waiting, on_it) for key, waiting, on_it in found}
    return [_out(row, counts) for row in rows]


def _check(template_path: str, category: str) -> None:
    found_category = categories.find(category)
    if found_category is None:
        raise InputError("category_not_found", "there is no such category; see GET /categories", pointer="/category")
    if found_category.marketing:
        message = "whoever is asked to confirm has not agreed to marketing yet: choose a category that is none"
        raise InputError("category_unusable", message, pointer="/category")
    if not template_path:
        return
    found = templates.find(template_path)
    if found is None or not found.active or ChannelKey.EMAIL not in found.channels:
        message = "no active template has this path and content for email"
        raise InputError("template_not_found", message, pointer="/template_path")
    missing = set(found.required) - VARIABLES
    if missing:
        message = f"a confirmation has only {' and '.join(sorted(VARIABLES))}, and this template requires others"
        raise InputError("template_unusable", message, pointer="/template_path")


def _list(key: str) -> MailingList:
    row = MailingList.objects.filter(key=key).first() if re.match(KEY, key) else None
    if row is None:
        raise _no_list()
    return row


def _no_list() -> Refusal:
    return Refusal(404, "list_not_found", "there is no such list")


class ListsView(Endpoint):
    tag = "preferences"

    @operation(permission=Permission.STAFF, query=PageQuery, answers={200: ListPage})
    def get(self, call: Call) -> Answer:
        """List the mailing lists, newest first."""
        found, following, preceding = page_of(call.request, MailingList.objects.all(), call.query)
        return Answer(value=ListPage(results=_counted(found), next=following, previous=preceding))

    @operation(permission=Permission.STAFF, body=ListIn, answers={201: ListOut})
    def post(self, call: Call) -> Answer:
        """Make a mailing list."""
        body: ListIn = call.body
        _check(body.template_path, body.category)
        try:
            with transaction.atomic():
                row = MailingList.objects.create(**msgspec.structs.asdict(body))
        except IntegrityError as error:
            raise InputError("list_exists", "there is a list with this key", pointer="/key", status=409) from error
        return Answer(status=201, value=_out(row, {}))


class ListView(Endpoint):
    tag = "preferences"

    @operation(permission=Permission.STAFF, answers={200: ListOut}, problems=(404,))
    def get(self, call: Call, key: str) -> Answer:
        """Show a mailing list."""
        return Answer(value=_counted([_list(key)])[0])

    @operation(permission=Permission.STAFF, body=ListChange, answers={200: ListOut}, problems=(404,))
    def patch(self, call: Call, key: str) -> Answer:
        """Change a mailing list; one that is not active takes nobody in, and its links confirm nothing."""
        row = _list(key)
        given = {name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET}
        for name, value in given.items():
            setattr(row, name, value)
        _check(row.template_path, row.category)
        row.save(update_fields=list(given))
        return Answer(value=_counted([row])[0])


class SubscribeView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.ANYONE, body=SubscribeIn, answers={202: SubscribeOut}, problems=(401, 403, 404, 429))
    def post(self, call: Call, key: str) -> Answer:
        """Ask for a place on a list.

        A mail with a link goes to the person; the place and the consent are theirs once they confirm. Anybody may ask
        with an address on a public list, and the answer is always the same; people who are signed in ask for
        themselves, staff and services (`send_others`) for a `user_id`. What is not confirmed is forgotten after 72
        hours. A list mails the same person three times at most within that time.
        """
        body: SubscribeIn = call.body
        caller = authenticate(call.request) if "Authorization" in call.request.headers else None
        mailing_list = store.find(key) if re.match(KEY, key) else None
        if mailing_list is None or (caller is None and not mailing_list.public):
            raise _no_list()
        if body.email is not None and body.user_id is None:
            _subscribe_address(call.request, mailing_list, body, caller)
        else:
            subscribe_user(mailing_list, _person(body, caller), clock.now())
        return Answer(status=202, value=ASKED)


def _subscribe_address(request: HttpRequest, to: MailingList, body: SubscribeIn, caller: Caller | None) -> None:
    trusted = caller is not None and caller.may(Permission.SEND_OTHERS)
    if not trusted:
        if not to.public:
            raise Refusal(403, "permission_denied", "this needs the permission 'send_others'")
        _slow_down(request, to)
    try:
        email = parse_email(body.email or "")
    except InvalidValue as error:
        raise InputError(error.code, str(error), pointer="/email") from error
    locale, begun = checked_locale(body.locale), monotonic()
    subscribe_address(to, email, locale, clock.now())
    if not trusted:
        sleep(max(LEAST_SECONDS - (monotonic() - begun), 0.0))


def _slow_down(request: HttpRequest, to: MailingList) -> None:
    if too_many(volatile.connection(), f"subscribe {request.META.get('REMOTE_ADDR', '')}"):
        raise Refusal(429, "too_many_attempts", "come again in five minutes", headers={"Retry-After": "300"})
    grant = tokens.take(f"lists:{to.id}", OF_STRANGERS, 1)
    if not grant.count:
        raise Refusal(
            429, "too_many_attempts", "come again in a while", headers={"Retry-After": str(max(ceil(grant.wait), 1))}
        )


def _person(body: SubscribeIn, caller: Caller | None) -> User:
    if body.email is not None:
        raise InputError("one_of", "give email or user_id, one of the two", pointer="/email")
    if caller is None:
        raise InputError("required", "give email, or send your token", pointer="/email")
    if body.user_id is None or body.user_id == caller.user_id:
        return find_user(caller.user_id)
    if not caller.may(Permission.SEND_OTHERS):
        raise Refusal(403, "permission_denied", "this needs the permission 'send_others'")
    return find_user(body.user_id)


class LeaveView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, body=LeaveIn, may_be_empty=True, answers={200: LeaveOut}, problems=(404,))
    def post(self, call: Call, key: str) -> Answer:
        """Give up a place on a list: my own, or a person's for staff."""
        body: LeaveIn = call.body
        user_id = body.user_id or call.caller.user_id
        own = user_id == call.caller.user_id
        if not own and not call.caller.may(Permission.STAFF):
            raise Refusal(404, "user_not_found", "there is no user with this id")
        row = _list(key)
        stops = Stops(user_id=find_user(user_id).id, scope=Scope.LIST, mailing_list=row)
        changed = unsubscribe(stops, Source.API if own else Source.STAFF, clock.now())
        return Answer(value=LeaveOut(status="unsubscribed", changed=changed))
