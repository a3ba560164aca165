"""Making a preview or sending a test of a template, for the API and the console. Routes are in previews.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from clarion.channels.email import mask_email
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest import flow
from clarion.flows.ingest.asked import NO_CHAIN, Receipt, Send
from clarion.flows.ingest.content import with_stand_ins
from clarion.records import clock
from clarion.records.access.permissions import Caller, Permission
from clarion.records.people import facts
from clarion.records.people.directory import checked_locale, checked_timezone
from clarion.records.templating import gate
from clarion.records.templating.context import SAMPLE, Recipient, recipient_of
from clarion.records.templating.draft import Draft
from clarion.records.templating.locales import nearest, resolve
from clarion.records.templating.models import Template, TemplateVersion
from clarion.records.templating.preview import render_preview
from clarion.records.templating.problems import Problem
from clarion.records.templating.translations import made_from
from clarion.records.templating.versions import draft_of, newest
from clarion.surfaces.api.preview_answers import PreviewOut, PreviewRecipient, preview_out
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.template_bodies import DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """Which preview: `locale` empty for the recipient's own, `context` None for the template's sample."""

    channel: ChannelKey
    locale: str = ""
    timezone: str = ""
    context: Mapping[str, Any] | None = field(default=None, repr=False)
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    user_id: UUID | None = None


def make_preview(
    draft: Draft, wished: Wished, caller: Caller, *, checked: bool = True, template: Template | None = None
) -> PreviewOut:
    """One channel of the draft as somebody gets it, rendered in a child process; with `checked`, what stands
    against publishing all of the draft. Raises InputError, and Refusal 403 for somebody's data without the permission
    `staff`."""
    asked = "" if wished.locale in ("", DEFAULT) else checked_locale(wished.locale, "/locale")
    recipient = _recipient(wished, asked, caller)
    translations = draft.content.get(wished.channel, {})
    # asked for by name, the default is shown even to somebody for whom there is a translation
    language = "" if wished.locale == DEFAULT else asked or (recipient.locale if wished.user_id else "")
    fields = resolve(translations, language)
    if fields is None:
        there = ", ".join(sorted(draft.content)) or "none"
        message = f"the template has no content for {wished.channel} in this language; it has {there}"
        raise InputError("channel_not_supported", message, pointer="/channel")
    context = draft.sample if wished.context is None else wished.context
    data = {**context, **wished.data} if wished.channel is ChannelKey.WEBHOOK else wished.data
    found = nearest(translations, language) or ""
    made = render_preview(
        wished.channel, fields, context, locale=found, theme=draft.theme, recipient=recipient, data=data
    )
    return preview_out(
        made,
        locale=asked,
        from_locale=found,
        recipient=_shown(recipient, wished.user_id),
        checks=problems_of(draft, template) if checked else (),
    )


def problems_of(draft: Draft, template: Template | None = None) -> list[Problem]:
    """Everything that stands against publishing the draft, but for the rendering of its sample in every place;
    `template` is the stored one that it is to become a version of. Raises InputError for what is no template at all."""
    gate.refuse_unsound(draft)
    made = made_from(draft, newest(template) if template is not None else None)
    return list(gate.problems(draft, made, rendered=False))


def _recipient(wished: Wished, locale: str, caller: Caller) -> Recipient:
    given: dict[str, str] = {}
    if wished.timezone:
        given["timezone"] = checked_timezone(wished.timezone)
    if wished.user_id is None:
        return msgspec.structs.replace(SAMPLE, **({"locale": locale} if locale else {}), **given)
    if not caller.may(Permission.STAFF):
        raise Refusal(403, "permission_denied", "a preview with a person's data needs the permission 'staff'")
    person = facts.load([wished.user_id], []).get(wished.user_id)
    if person is None:
        raise InputError("user_not_found", "there is no user with this id", pointer="/user_id", status=404)
    opened = recipient_of(person)
    # whoever looks at a preview has no need of the whole address
    masked = mask_email(opened.email) if opened.email else ""
    return msgspec.structs.replace(opened, email=masked, **({"locale": locale} if locale else {}), **given)


def _shown(recipient: Recipient, user_id: UUID | None) -> PreviewRecipient:
    return PreviewRecipient(
        id=user_id,
        name=f"{recipient.first_name} {recipient.last_name}".strip(),
        email=recipient.email,
        locale=recipient.locale,
        timezone=recipient.timezone,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TestWished:
    """Which test: `locale` empty for the caller's own."""

    channel: ChannelKey
    locale: str = ""
    context: Mapping[str, Any] | None = field(default=None, repr=False)
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)


def send_test(template: Template, version: TemplateVersion, wished: TestWished, caller: Caller) -> Receipt:
    """Send this very version, a draft too, to the caller: through ingest and ledger like any other, past the caller's
    own wishes where they may. Variables that are lacking get stand-ins. Raises InputError."""
    draft = draft_of(template, version)
    locale = "" if wished.locale in ("", DEFAULT) else checked_locale(wished.locale, "/locale")
    context = dict(draft.sample if wished.context is None else wished.context)
    asked = Send(
        caller=caller,
        user_id=caller.user_id,
        template_path=template.path,
        version_id=version.id,
        locale=locale,
        channels=(wished.channel,),
        context=with_stand_ins(gate.declared_of(draft)[0], context),
        data=dict(wished.data),
        bypass=caller.may(Permission.BYPASS),
        fallback=NO_CHAIN,
    )
    return flow.send(asked, clock.now())
