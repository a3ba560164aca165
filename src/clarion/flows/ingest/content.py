"""Is there something to send? Template, variables and inline content, checked before anything is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from django.conf import settings

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.named_version import facts_of_version
from clarion.flows.ingest.variables import check_variables, know_schema, over_sample
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import GENERAL, CategoryFacts
from clarion.records.categories.catalog import catalog as categories
from clarion.records.templating.catalog import TemplateFacts
from clarion.records.templating.catalog import catalog as templates
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.plain import plain
from clarion.records.templating.inline import inline_fields

CONTEXT_BYTES = 64 * 1024
_WITHIN = frozenset({ChannelKey.IN_APP, ChannelKey.WEBSOCKET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be said: the template (none for inline content) and the category."""

    template: TemplateFacts | None
    category: CategoryFacts


def resolve(send: Send, *, variables: bool = True) -> Subject:
    """Find template and category; raises InputError. `variables` False leaves the required ones to the caller, who
    has more context for each recipient."""
    template = _template(send) if send.template_path else None
    if template is None:
        _check_inline(send)
    elif send.subject or send.body:
        raise InputError("ambiguous_content", "give template_path or subject and body, not both", pointer="/subject")
    if template is not None:
        know_schema(template)
    _check_context(send, template if variables else None)
    return Subject(template=template, category=_category(send, template))


def _template(send: Send) -> TemplateFacts:
    found = templates.find(send.template_path) if send.version_id is None else facts_of_version(send.version_id)
    if found is None or not found.active:
        lower = "" if send.template_path == send.template_path.lower() else "; paths are written in lower case"
        message = f"no active template has this path{lower}"
        raise InputError("template_not_found", message, pointer="/template_path", status=404)
    unsupported = [c for c in send.channels if c not in found.channels]
    if unsupported:
        raise InputError(
            "channel_not_supported",
            f"the template has no content for {', '.join(unsupported)}; it has {', '.join(sorted(found.channels))}",
            pointer="/channel",
        )
    return found


def _category(send: Send, template: TemplateFacts | None) -> CategoryFacts:
    wanted: int | str = GENERAL
    if send.category is not None:
        wanted = send.category
    elif template is not None:
        wanted = template.category_id
    found = categories.find(wanted)
    if found is None:
        raise InputError("category_not_found", "there is no such category; see GET /categories", pointer="/category")
    return found


def _check_inline(send: Send) -> None:
    if not send.body and not send.subject:
        raise InputError("no_content", "give a template_path, or subject and body", pointer="/template_path")
    for key in send.channels:
        check_inline(key, send.subject, send.body, send.data)


def check_inline(key: ChannelKey, subject: str, body: str, data: Mapping[str, object]) -> None:
    """Would this inline content make a message of the channel? Raises InputError."""
    try:
        channel_of(key).build(inline_fields(key, subject, body), data)
    except InvalidValue as error:
        pointer = "/subject" if error.field in ("subject", "title") else "/data" if error.field == "data" else "/body"
        raise InputError(error.code, str(error), pointer=pointer) from error


def refuse_own_words(send: Send, channels: Iterable[ChannelKey]) -> None:
    """Who may not send to others writes nothing of their own to an address either, for theirs is claimed and not
    proved: it may be anybody's. A trial deployment lets them. Raises InputError."""
    if send.template_path or settings.TRIAL or send.caller.may(Permission.SEND_OTHERS):
        return
    outward = [key for key in channels if key not in _WITHIN]
    if outward:
        raise InputError(
            "template_required",
            f"without the permission 'send_others', {', '.join(outward)} needs a template; "
            "a subject and body of your own go to in_app and websocket only",
            pointer="/template_path",
            status=403,
        )


def _check_context(send: Send, template: TemplateFacts | None) -> None:
    for name, value in (("context", send.context), ("data", send.data)):
        try:
            plain(value)
        except TemplateError as error:
            raise InputError("invalid_context", error.message, pointer=f"/{name}") from error
        if len(msgspec.json.encode(value)) > CONTEXT_BYTES:
            raise InputError("context_too_large", f"{name} may have {CONTEXT_BYTES} bytes at most", pointer=f"/{name}")
    missing = missing_variables(template, send.context) if template else []
    if missing:
        raise InputError(
            "missing_variables",
            f"the template requires {', '.join(missing)} in context",
            pointer=f"/context/{missing[0].replace('.', '/')}",
        )
    if template is not None:
        check_variables(template, send.context)


def missing_variables(template: TemplateFacts, context: Mapping[str, object]) -> list[str]:
    """The required variables that the context lacks."""
    return [name for name in template.required if not _has(context, name)]


def _has(context: Mapping[str, object], dotted: str) -> bool:
    value: object = context
    for part in dotted.split("."):
        if not isinstance(value, Mapping) or value.get(part) is None:
            return False
        value = value[part]
    return True


def with_samples(path: str, context: Mapping[str, object]) -> dict[str, object]:
    """The context over the sample of the template of this path, with stand-ins for what both lack."""
    found = templates.find(path)
    return with_stand_ins(found.required, over_sample(found, context)) if found else dict(context)


def with_stand_ins(required: Iterable[str], context: Mapping[str, object]) -> dict[str, object]:
    """The context with a stand-in for each required variable that it lacks (`[order_number]`); for test sends."""
    filled = dict(context)
    for name in required:
        if not _has(filled, name):
            _put(filled, name.split("."), f"[{name}]")
    return filled


def _put(context: dict[str, object], path: list[str], value: str) -> None:
    head, *rest = path
    if not rest:
        context[head] = value
        return
    inner = context.get(head)
    copied = dict(inner) if isinstance(inner, Mapping) else {}
    _put(copied, rest, value)
    context[head] = copied
