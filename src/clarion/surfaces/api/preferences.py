"""What a person wants to get: their own switches, or anybody's for staff."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.preferences import store
from clarion.records.preferences.rules import channel_default
from clarion.records.preferences.store import Preferences, Switches
from clarion.surfaces.api.decoding import escaped
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.users import find_user

Switch = bool | UnsetType


class ChannelSwitches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One switch a channel; absent ones are not set."""

    email_enabled: Switch = UNSET
    sms_enabled: Switch = UNSET
    push_enabled: Switch = UNSET
    in_app_enabled: Switch = UNSET
    websocket_enabled: Switch = UNSET
    webhook_enabled: Switch = UNSET
    chat_enabled: Switch = UNSET


class CategorySwitches(ChannelSwitches, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Switches for one category; absent ones are not set and follow the general ones."""

    enabled: Switch = UNSET


class GlobalSwitches(ChannelSwitches, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The general switches."""

    notifications_enabled: Switch = UNSET
    marketing_enabled: Switch = UNSET


class PreferencesBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`global` and, by category key, `categories`."""

    general: GlobalSwitches = msgspec.field(default=GlobalSwitches(), name="global")
    categories: Annotated[dict[str, CategorySwitches], Meta(max_length=500)] = {}


def _channels(given: ChannelSwitches) -> dict[str, bool]:
    values = {key: getattr(given, f"{key}_enabled") for key in ChannelKey}
    return {str(key): value for key, value in values.items() if value is not UNSET}


def _set(value: Switch) -> bool | None:
    return None if isinstance(value, UnsetType) else value


def _given(body: PreferencesBody) -> Preferences:
    unknown = next((key for key in body.categories if catalog.find(key) is None), None)
    if unknown is not None:
        raise InputError(
            "category_not_found",
            "there is no such category; see GET /categories",
            pointer=f"/categories/{escaped(unknown[:64])}",
        )
    general = Switches(
        enabled=_set(body.general.notifications_enabled),
        marketing=_set(body.general.marketing_enabled),
        channels=_channels(body.general),
    )
    categories = {
        key: Switches(enabled=_set(one.enabled), marketing=None, channels=_channels(one))
        for key, one in body.categories.items()
    }
    return Preferences(general=general, categories=categories)


def _shown(user_id: UUID) -> PreferencesBody:
    stored = store.read(user_id)
    general = {
        f"{key}_enabled": stored.general.channels.get(key, channel_default(key, marketing=False)) for key in ChannelKey
    }
    categories = {
        key: CategorySwitches(
            enabled=one.enabled if one.enabled is not None else UNSET,
            **{f"{channel}_enabled": on for channel, on in one.channels.items()},
        )
        for key, one in stored.categories.items()
    }
    return PreferencesBody(
        general=GlobalSwitches(
            notifications_enabled=bool(stored.general.enabled),
            marketing_enabled=bool(stored.general.marketing),
            **general,
        ),
        categories=categories,
    )


def _change(user_id: UUID, body: PreferencesBody, *, replace: bool) -> Answer:
    store.change(user_id, _given(body), replace=replace)
    return Answer(value=_shown(user_id))


class PreferencesView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, answers={200: PreferencesBody})
    def get(self, call: Call) -> Answer:
        """Show my preferences; what I did not set is shown with its default."""
        return Answer(value=_shown(call.caller.user_id))

    @operation(permission=Open.SIGNED_IN, body=PreferencesBody, answers={200: PreferencesBody}, problems=(404,))
    def put(self, call: Call) -> Answer:
        """Replace my preferences; what is absent falls back to its default."""
        return _change(call.caller.user_id, call.body, replace=True)

    @operation(permission=Open.SIGNED_IN, body=PreferencesBody, answers={200: PreferencesBody}, problems=(404,))
    def patch(self, call: Call) -> Answer:
        """Change some of my preferences; what is absent stays."""
        return _change(call.caller.user_id, call.body, replace=False)


def _subject(call: Call, user_id: UUID) -> UUID:
    if user_id != call.caller.user_id and not call.caller.may(Permission.STAFF):
        raise Refusal(404, "user_not_found", "there is no user with this id")
    return find_user(user_id).id


class UserPreferencesView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, answers={200: PreferencesBody}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """Show a person's preferences."""
        return Answer(value=_shown(_subject(call, user_id)))

    @operation(permission=Open.SIGNED_IN, body=PreferencesBody, answers={200: PreferencesBody}, problems=(404,))
    def put(self, call: Call, user_id: UUID) -> Answer:
        """Replace a person's preferences."""
        return _change(_subject(call, user_id), call.body, replace=True)

    @operation(permission=Open.SIGNED_IN, body=PreferencesBody, answers={200: PreferencesBody}, problems=(404,))
    def patch(self, call: Call, user_id: UUID) -> Answer:
        """Change some of a person's preferences."""
        return _change(_subject(call, user_id), call.body, replace=False)
