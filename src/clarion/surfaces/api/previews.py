"""Preview of a template or a draft, and a test of a version to oneself."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.templating.models import Template, TemplateVersion
from clarion.records.templating.versions import draft_of, find_template, find_version, newest
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import Object, Timezone
from clarion.surfaces.api.notifications import SendAnswer, answer_of
from clarion.surfaces.api.preview_answers import PreviewOut
from clarion.surfaces.api.previewing import TestWished, Wished, make_preview, send_test
from clarion.surfaces.api.template_bodies import TEMPLATE_BYTES, Number, TemplateIn
from clarion.surfaces.api.template_bodies import draft_of as draft_of_body

PREVIEW_BYTES = TEMPLATE_BYTES + 256 * 1024
LocaleName = Annotated[str, Meta(max_length=35, examples=["default", "sw", "pt-BR"])]


class PreviewIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which preview. `locale` is `default` or such as `sw`; absent: the recipient's. `context` absent: the template's
    sample. `user_id` renders for that person (permission `staff`; the address is masked). `version` absent: the one
    in force, or else the draft."""

    channel: ChannelKey
    locale: LocaleName = ""
    timezone: Timezone | None = None
    context: Object | None = None
    data: Object = {}
    user_id: UUID | None = None
    version: Number | None = None


class PreviewDraftIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As for a stored template, with the template in the body."""

    template: TemplateIn
    channel: ChannelKey
    locale: LocaleName = ""
    timezone: Timezone | None = None
    context: Object | None = None
    data: Object = {}
    user_id: UUID | None = None


class TestTemplateIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test of one version, a draft too, to oneself. `version` absent: the newest. `context` absent: the sample of
    the template; required variables that are lacking get stand-ins."""

    channel: ChannelKey = ChannelKey.EMAIL
    locale: LocaleName = ""
    version: Number | None = None
    context: Object | None = None
    data: Object = {}


def wished_of(body: PreviewIn | PreviewDraftIn) -> Wished:
    """The body as a wish."""
    return Wished(
        channel=body.channel,
        locale=body.locale,
        timezone=body.timezone or "",
        context=body.context,
        data=body.data,
        user_id=body.user_id,
    )


def version_of(template: Template, number: int | None) -> TemplateVersion:
    """The version of this number, or the newest; raises InputError 404."""
    found = find_version(template.id, number, "/version") if number is not None else newest(template)
    if found is None:
        raise InputError("version_not_found", "the template has no version yet", pointer="/version", status=404)
    return found


class PreviewDraftView(Endpoint):
    tag = "templates"

    @operation(
        permission=Permission.TEMPLATES,
        body=PreviewDraftIn,
        answers={200: PreviewOut},
        problems=(403, 404, 503),
        idempotent_key=False,
        max_bytes=PREVIEW_BYTES,
    )
    def post(self, call: Call) -> Answer:
        """Preview a draft without storing it: one channel in one language, rendered, with its checks.

        Rendered in a process of its own with limits of time (2 s) and memory; what is wrong with the template is in
        `faults`, and the answer is 200.
        """
        body: PreviewDraftIn = call.body
        return Answer(value=make_preview(draft_of_body(body.template), wished_of(body), call.caller))


class PreviewView(Endpoint):
    tag = "templates"

    @operation(
        permission=Permission.TEMPLATES,
        body=PreviewIn,
        answers={200: PreviewOut},
        problems=(403, 404, 503),
        idempotent_key=False,
    )
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Preview a stored template: one channel in one language, rendered, with its checks."""
        body: PreviewIn = call.body
        template = find_template(id)
        version = template.current_version if body.version is None else None
        draft = draft_of(template, version or version_of(template, body.version))
        return Answer(value=make_preview(draft, wished_of(body), call.caller, template=template))


class TestTemplateView(Endpoint):
    tag = "templates"

    @operation(
        permission=Permission.TEMPLATES, body=TestTemplateIn, answers={201: SendAnswer}, problems=(403, 404, 409)
    )
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Send a test of one version, a draft too, to myself; my own preferences are passed over if I may."""
        body: TestTemplateIn = call.body
        template = find_template(id)
        wished = TestWished(channel=body.channel, locale=body.locale, context=body.context, data=body.data)
        return answer_of(send_test(template, version_of(template, body.version), wished, call.caller))
