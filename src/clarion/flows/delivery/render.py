"""Step: from template and context to checked content. One failing message fails alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.contract.content import Content
from clarion.contract.reasons import Reason
from clarion.flows.delivery.digest_template import DIGEST, built_in
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records.ledger.status import Status
from clarion.records.people.facts import PersonFacts
from clarion.records.templating.catalog import Contents, contents, pick
from clarion.records.templating.context import is_personal, merged, standard_context
from clarion.records.templating.engine.cache import CompiledCache
from clarion.records.templating.engine.compile import CompiledContent, compile_content
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.inline import EVENT, inline_fields
from clarion.records.templating.locales import chain

compiled = CompiledCache(capacity=2_000)


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work with its content."""

    work: Work
    content: Content

    def __repr__(self) -> str:
        return f"Rendered({self.work.id})"


def render(batch: Sequence[Work], now: datetime) -> tuple[list[Rendered], list[Fate]]:
    """Content for each piece of work, or the fate of those that cannot be rendered."""
    writer = _Writer(contents.of({work.version_id for work in batch if work.version_id is not None}), now)
    done: list[Rendered] = []
    fates: list[Fate] = []
    for work in batch:
        try:
            done.append(Rendered(work=work, content=writer.content(work)))
        except TemplateError as error:
            detail = f"{error.code} in {error.field or 'context'}: {error.message}"
            fates.append(ended(work, Status.FAILED, Reason.RENDER_FAILED, "render", error.code, now, detail))
        except InvalidValue as error:
            detail = f"{error.field}: {error}"
            fates.append(ended(work, Status.FAILED, Reason.CONTENT_INVALID, "render", error.code, now, detail))
        except LookupError as error:
            reason = Reason.TEMPLATE_MISSING_CONTENT
            fates.append(ended(work, Status.FAILED, reason, "render", "content", now, str(error)))
    return done, fates


class _Writer:
    """Writes a batch's contents. What reads alike for many (a broadcast that names nobody) is written once: the key is
    the payload itself, which those of one call share, and what else the content may depend on."""

    def __init__(self, versions: Mapping[UUID, Contents], now: datetime) -> None:
        self._versions = versions
        self._now = now
        self._shared: dict[tuple[object, ...], Content] = {}

    def content(self, work: Work) -> Content:
        payload, person = work.payload, work.person
        if payload is None or person is None:
            raise LookupError("the gate lets no work through without payload and recipient")
        if "locale" in payload:  # a test by those who write templates, in a language that is not their own
            person = msgspec.structs.replace(person, locale=payload["locale"])
        template = _template(work, self._versions, person)
        if work.channel is ChannelKey.WEBHOOK or (template is not None and is_personal(template.names)):
            return _content(work, template, person, payload, self._now)
        key = (id(payload), work.version_id, work.channel, person.locale, person.timezone)
        if key not in self._shared:
            self._shared[key] = _content(work, template, person, payload, self._now)
        return self._shared[key]


def _template(work: Work, versions: Mapping[UUID, Contents], person: PersonFacts) -> CompiledContent | None:
    """The compiled content for this person; None for words given with the call. Raises LookupError without one."""
    if work.version_id is None:
        return built_in(work.channel, person.locale) if work.payload and DIGEST in work.payload else None
    return template_for(work.version_id, versions.get(work.version_id, {}), work.channel, person.locale)


def _content(
    work: Work, template: CompiledContent | None, person: PersonFacts, payload: Mapping[str, Any], now: datetime
) -> Content:
    data = payload["data"]
    if template is None:
        inline = payload["inline"]
        fields = inline_fields(work.channel, inline["subject"], inline["body"])
        if work.channel is ChannelKey.WEBHOOK and "event" in payload:  # said by ourselves (subscribers.py)
            said = payload["context"]
            return channel_of(work.channel).build({"event": said["type"]}, said["data"])
        return channel_of(work.channel).build(fields, {**data, **_said(work.channel, fields, inline)})
    standard = standard_context(person, work.channel, work.category.id, now, template.names)
    rendered = template.render(merged(standard, payload["context"]))
    if work.channel is ChannelKey.WEBHOOK:
        data = {**payload["context"], **data, **_webhook_extra(work)}
    return channel_of(work.channel).build(rendered, data)


def _said(key: ChannelKey, fields: Mapping[str, str], inline: Mapping[str, Any]) -> dict[str, Any]:
    """Inline words of a webhook travel in its data, since its body is made of data alone."""
    return {"subject": inline["subject"], "body": inline["body"]} if fields.get("event") == EVENT else {}


def _webhook_extra(work: Work) -> dict[str, str]:
    return {"notification_id": str(work.id), "user_id": str(work.user_id), "category": work.category.key}


def template_for(version_id: UUID, of_version: Contents, key: ChannelKey, locale: str) -> CompiledContent:
    """A template version's content for a channel in the best locale there is, compiled. Raises TemplateError;
    LookupError without content."""
    picked = pick(of_version, key, locale)
    if picked is None:
        raise LookupError(f"the template version has no content for {key}")
    found, fields = picked
    languages = partial(_languages, of_version, key, found)
    return compiled.get((version_id, key, found), lambda: compile_content(key, fields, language=languages()))


def _languages(of_version: Contents, key: ChannelKey, locale: str) -> dict[str, str]:
    """Field → the locale its words are written in. Each field may come from further down the chain (contents.py): the
    last of the chain that says the very same wrote it."""
    fields = of_version[(key, locale)]
    found: dict[str, str] = {}
    for each in chain(locale):
        same = of_version.get((key, each), {})
        found |= {name: each or settings.DEFAULT_LOCALE for name, text in fields.items() if same.get(name) == text}
    return found
