"""Step: from template and context to checked content. One failing message fails alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.contract.content import Content
from clarion.contract.reasons import Reason
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records.ledger.status import Status
from clarion.records.people.facts import PersonFacts
from clarion.records.templating.catalog import Contents, contents, pick
from clarion.records.templating.context import merged, standard_context
from clarion.records.templating.engine.cache import CompiledCache
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.inline import EVENT, inline_fields

compiled = CompiledCache(capacity=2_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A piece of work with its content."""

    work: Work
    content: Content = field(repr=False)


def render(batch: Sequence[Work], now: datetime) -> tuple[list[Rendered], list[Fate]]:
    """Content for each piece of work, or the fate of those that cannot be rendered."""
    versions = contents.of({work.version_id for work in batch if work.version_id is not None})
    done: list[Rendered] = []
    fates: list[Fate] = []
    for work in batch:
        try:
            done.append(Rendered(work=work, content=_content(work, versions, now)))
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


def _content(work: Work, versions: Mapping[UUID, Contents], now: datetime) -> Content:
    payload, person = work.payload, work.person
    if payload is None or person is None:
        raise LookupError("the gate lets no work through without payload and recipient")
    if work.version_id is None:
        inline = payload["inline"]
        fields = inline_fields(work.channel, inline["subject"], inline["body"])
        data = {**payload["data"], **_said(work.channel, fields, inline)}
        return channel_of(work.channel).build(fields, data)
    rendered = render_template(work.version_id, versions.get(work.version_id, {}), work.channel, person, payload, now)
    data = payload["data"]
    if work.channel is ChannelKey.WEBHOOK:
        data = {**payload["context"], **payload["data"]}
    return channel_of(work.channel).build(rendered, {**data, **_webhook_extra(work)})


def _said(key: ChannelKey, fields: Mapping[str, str], inline: Mapping[str, Any]) -> dict[str, Any]:
    """Inline words of a webhook travel in its data, since its body is made of data alone."""
    return {"subject": inline["subject"], "body": inline["body"]} if fields.get("event") == EVENT else {}


def _webhook_extra(work: Work) -> dict[str, str]:
    if work.channel is not ChannelKey.WEBHOOK:
        return {}
    return {"notification_id": str(work.id), "user_id": str(work.user_id), "category": work.category.key}


def render_template(
    version_id: UUID,
    of_version: Contents,
    key: ChannelKey,
    person: PersonFacts,
    payload: Mapping[str, Any],
    now: datetime,
) -> dict[str, str]:
    """The rendered fields of a template version for a person. Raises TemplateError; LookupError without content."""
    picked = pick(of_version, key, person.locale)
    if picked is None:
        raise LookupError(f"the template version has no content for {key}")
    locale, fields = picked
    template = compiled.get((str(version_id), key, locale), lambda: compile_content(key, fields))
    return template.render(merged(standard_context(person, now), payload["context"]))
