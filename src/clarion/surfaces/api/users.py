"""People: oneself, and everybody for staff."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db import transaction
from msgspec import UNSET, Meta, UnsetType

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records import clock
from clarion.records.access.permissions import DEFAULT_PERMISSIONS, Permission
from clarion.records.digests import rechecks
from clarion.records.people import directory
from clarion.records.people.models import User
from clarion.records.personal.sealed import opened_or
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.plain import plain
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Channels, Email, Instant, Locale, Object, Phone, Text, Timezone
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.problems import FieldProblem, Refusal

ATTRIBUTES_BYTES = 32 * 1024
ExternalId = Annotated[str, Meta(min_length=1, max_length=255)]


class UserOut(msgspec.Struct, frozen=True, kw_only=True):
    """A person."""

    id: UUID
    external_id: str | None
    email: str
    phone: str
    username: str
    first_name: str
    last_name: str
    locale: str
    timezone: str
    attributes: Object
    preferred_channels: list[str]
    permissions: list[str]
    is_active: bool
    is_staff: bool
    created_at: Instant
    updated_at: Instant


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person may change about themselves; absent fields stay."""

    email: Email | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    username: Text | UnsetType = UNSET
    first_name: Text | UnsetType = UNSET
    last_name: Text | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    timezone: Timezone | UnsetType = UNSET
    preferred_channels: Channels | UnsetType = UNSET


class UserIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What staff and services may set; absent fields stay."""

    external_id: ExternalId | UnsetType | None = UNSET
    email: Email | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    username: Text | UnsetType = UNSET
    first_name: Text | UnsetType = UNSET
    last_name: Text | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    timezone: Timezone | UnsetType = UNSET
    attributes: Object | UnsetType = UNSET
    preferred_channels: Channels | UnsetType = UNSET
    permissions: list[Permission] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class UpsertUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person of a bulk upsert, found by `external_id`."""

    external_id: ExternalId
    email: Email | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    username: Text | UnsetType = UNSET
    first_name: Text | UnsetType = UNSET
    last_name: Text | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    timezone: Timezone | UnsetType = UNSET
    attributes: Object | UnsetType = UNSET
    preferred_channels: Channels | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class BulkUsers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 1,000 people; the same `external_id` twice means the later one wins."""

    users: Annotated[list[UpsertUser], Meta(min_length=1, max_length=1000)]


class BulkResult(msgspec.Struct, frozen=True, kw_only=True):
    """`ids` stand in the order given, null where the person was refused; `errors` says why."""

    created: int
    updated: int
    ids: list[UUID | None]
    errors: list[FieldProblem]


class UserPage(Page[UserOut], frozen=True, kw_only=True):
    """A page of people."""


class UsersQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Find by exact email, phone or external id."""

    email: Email = ""
    phone: Phone = ""
    external_id: Text = ""


def user_out(user: User) -> UserOut:
    """The person as the API shows them."""
    return UserOut(
        id=user.id,
        external_id=user.external_id,
        email=opened_or(lambda: user.email, ""),
        phone=opened_or(lambda: user.phone, ""),
        username=user.username,
        first_name=opened_or(lambda: user.first_name, ""),
        last_name=opened_or(lambda: user.last_name, ""),
        locale=user.locale,
        timezone=user.timezone,
        attributes=user.attributes,
        preferred_channels=list(user.preferred_channels),
        permissions=list(user.permissions),
        is_active=user.is_active,
        is_staff=user.is_staff,
        created_at=user.created_at,
        updated_at=user.updated_at,
    )


def given_fields(body: msgspec.Struct, pointer: str = "") -> dict[str, Any]:
    """The fields that were given, as plain values."""
    given: dict[str, Any] = msgspec.to_builtins(body)
    if len(msgspec.json.encode(given.get("attributes", {}))) > ATTRIBUTES_BYTES:
        field = FieldProblem(
            pointer=f"{pointer}/attributes", code="too_large", message=f"at most {ATTRIBUTES_BYTES} bytes"
        )
        raise Refusal(422, "too_large", "the attributes are too large", errors=[field])
    try:
        plain(given.get("attributes", {}))  # templates see them, so what no template can take is refused here
    except TemplateError as error:
        raise InputError("invalid_attributes", error.message, pointer=f"{pointer}/attributes") from error
    return given


def find_user(identifier: UUID) -> User:
    """The person, or 404."""
    user = User.objects.filter(pk=identifier).first()
    if user is None:
        raise Refusal(404, "user_not_found", "there is no user with this id")
    return user


def _changed(identifier: UUID, given: dict[str, Any]) -> Answer:
    user = directory.change(identifier, given)
    if user is None:
        raise Refusal(404, "user_not_found", "there is no user with this id")
    return Answer(value=user_out(user))


class MeView(Endpoint):
    tag = "people"

    @operation(permission=Open.SIGNED_IN, answers={200: UserOut}, problems=(404,))
    def get(self, call: Call) -> Answer:
        """Show myself."""
        return Answer(value=user_out(find_user(call.caller.user_id)))

    @operation(permission=Open.SIGNED_IN, body=Profile, answers={200: UserOut}, problems=(404, 409))
    def patch(self, call: Call) -> Answer:
        """Change myself."""
        return _changed(call.caller.user_id, given_fields(call.body))


class UsersView(Endpoint):
    tag = "people"

    @operation(permission=Permission.STAFF, query=UsersQuery, answers={200: UserPage})
    def get(self, call: Call) -> Answer:
        """List people, newest first; or find by exact email, phone or external id."""
        query: UsersQuery = call.query
        rows = User.objects.all()
        if query.email:
            rows = User.objects.with_email(directory.checked_address(ChannelKey.EMAIL, query.email, "/query/email"))
        if query.phone:
            rows = rows & User.objects.with_phone(
                directory.checked_address(ChannelKey.SMS, query.phone, "/query/phone")
            )
        if query.external_id:
            rows = rows.filter(external_id=query.external_id)
        found, following, preceding = page_of(call.request, rows, query)
        return Answer(value=UserPage(results=[user_out(u) for u in found], next=following, previous=preceding))

    @operation(permission=Permission.STAFF, body=UserIn, answers={201: UserOut}, problems=(409,))
    def post(self, call: Call) -> Answer:
        """Create a person."""
        given = given_fields(call.body)
        user = User(permissions=given.pop("permissions", [str(p) for p in DEFAULT_PERMISSIONS]))
        user.set_unusable_password()
        directory.apply(user, given)
        directory.save(user)
        return Answer(status=201, value=user_out(user), headers={"Location": f"/api/v1/users/{user.id}"})


class UserView(Endpoint):
    tag = "people"

    @operation(permission=Permission.STAFF, answers={200: UserOut}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002 - the name in the path
        """Show a person."""
        return Answer(value=user_out(find_user(id)))

    @operation(permission=Permission.STAFF, body=UserIn, answers={200: UserOut}, problems=(404, 409))
    def patch(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Change a person."""
        return _changed(id, given_fields(call.body))

    @operation(permission=Permission.STAFF, answers={204: None}, problems=(404,))
    def delete(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Remove a person with their devices, endpoints and preferences; what waits for them ends as failed."""
        with transaction.atomic():
            # locked, so that nothing new can come to belong to the person while it is going
            user = User.objects.select_for_update().filter(pk=id).first()
            if user is None:
                raise Refusal(404, "user_not_found", "there is no user with this id")
            user.delete()
            rechecks.ask([id], clock.now())  # windows do not outlive people
        return Answer(status=204)


class BulkUsersView(Endpoint):
    tag = "people"

    @operation(
        permission=Permission.STAFF, body=BulkUsers, answers={200: BulkResult}, max_bytes=8_000_000, problems=(409,)
    )
    def post(self, call: Call) -> Answer:
        """Create or change up to 1,000 people by external id."""
        given = [given_fields(user, f"/users/{place}") for place, user in enumerate(call.body.users)]
        done = directory.upsert(given, [str(p) for p in DEFAULT_PERMISSIONS])
        value = BulkResult(
            created=done.created,
            updated=done.updated,
            ids=[user.id if user else None for user in done.users],
            errors=[FieldProblem(pointer=e.pointer, code=e.code, message=e.message) for _, e in done.refused],
        )
        return Answer(value=value)
