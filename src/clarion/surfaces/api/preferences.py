"""What a person wants to get: their own wishes, or anybody's for staff."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, UnsetType

from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Caller, CallerKind, Permission
from clarion.records.consents.purposes import Source
from clarion.records.preferences import store
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.preferences_body import PreferencesIn, given
from clarion.surfaces.api.preferences_shown import MOST_SHOWN, PreferencesOut, etag, expected_version, shown
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.users import find_user


class PreferencesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`category`: keys, with commas between them, whose switches `effective` is to show."""

    category: Annotated[str, Meta(max_length=65 * MOST_SHOWN)] = ""


def actor(caller: Caller) -> str:
    """A caller, as history has them."""
    return f"{caller.kind}:{caller.id}"


def door(caller: Caller, user_id: UUID) -> Source:
    """Which door this is: a person's own, staff acting for somebody, or a program."""
    if caller.user_id != user_id:
        return Source.STAFF
    return Source.PREFERENCES if caller.kind is CallerKind.USER else Source.API


def _shown(user_id: UUID, query: PreferencesQuery | None = None) -> Answer:
    keys = [key for key in query.category.split(",") if key] if query else []
    if len(keys) > MOST_SHOWN:
        raise InputError("too_many_categories", f"ask for {MOST_SHOWN} at most", pointer="/query/category")
    found = shown(user_id, keys)
    if found is None:
        raise Refusal(404, "user_not_found", "there is no user with this id")
    return Answer(value=found, headers={"ETag": etag(found.version)})


def _change(call: Call, user_id: UUID, *, replace: bool) -> Answer:
    body: PreferencesIn = call.body
    version = expected_version(call.request.headers.get("If-Match"))
    if isinstance(version, UnsetType):
        raise Refusal(412, "version_mismatch", "give the ETag of an answer in If-Match")
    store.change(
        user_id,
        given(body),
        replace=replace,
        source=door(call.caller, user_id),
        actor=actor(call.caller),
        note=body.reason,
        version=version,
    )
    return _shown(user_id)


class PreferencesView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, query=PreferencesQuery, answers={200: PreferencesOut}, problems=(404,))
    def get(self, call: Call) -> Answer:
        """Show my preferences, what is set beside what it comes to."""
        return _shown(call.caller.user_id, call.query)

    @operation(permission=Open.SIGNED_IN, body=PreferencesIn, answers={200: PreferencesOut}, problems=(404, 412))
    def put(self, call: Call) -> Answer:
        """Replace my preferences; what is absent falls back to its default. Consent stays as it is unless given."""
        return _change(call, call.caller.user_id, replace=True)

    @operation(permission=Open.SIGNED_IN, body=PreferencesIn, answers={200: PreferencesOut}, problems=(404, 412))
    def patch(self, call: Call) -> Answer:
        """Change some of my preferences; what is absent stays. With `If-Match`, only if nobody changed them since."""
        return _change(call, call.caller.user_id, replace=False)


def subject(call: Call, user_id: UUID) -> UUID:
    """The person whose wishes these are: the caller, or for staff anybody; raises Refusal 404."""
    if user_id != call.caller.user_id and not call.caller.may(Permission.STAFF):
        raise Refusal(404, "user_not_found", "there is no user with this id")
    return find_user(user_id).id


class UserPreferencesView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, query=PreferencesQuery, answers={200: PreferencesOut}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """Show a person's preferences."""
        return _shown(subject(call, user_id), call.query)

    @operation(permission=Open.SIGNED_IN, body=PreferencesIn, answers={200: PreferencesOut}, problems=(404, 412))
    def put(self, call: Call, user_id: UUID) -> Answer:
        """Replace a person's preferences."""
        return _change(call, subject(call, user_id), replace=True)

    @operation(permission=Open.SIGNED_IN, body=PreferencesIn, answers={200: PreferencesOut}, problems=(404, 412))
    def patch(self, call: Call, user_id: UUID) -> Answer:
        """Change some of a person's preferences; `reason` stays on record."""
        return _change(call, subject(call, user_id), replace=False)
