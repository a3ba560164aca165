"""Previews: a content rendered as somebody would get it, in a child process that cannot harm this one.

What is typed into an editor is rendered here, never in the web process: the child has a limit of memory, of processor
time and of the clock, and no secrets in its environment. Sends are rendered by flows/delivery/render.py, in the worker,
for a published version has been through here.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from django.conf import settings

from clarion.channels.sms_segments import Segments, count_segments
from clarion.contract.channel import ChannelKey
from clarion.records import clock
from clarion.records.templating.context import SAMPLE, Recipient, merged, preview_context
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.plain import plain_context
from clarion.records.templating.engine.validation import TemplateFault
from clarion.records.templating.previewing.server import Ended, server
from clarion.records.templating.previewing.wire import Answer, Job

MOST_SOURCE = 1_000_000
"""Characters of all fields together; the engine has a limit for each field besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """`fields` are the rendered fields; `parts` what the channel makes of them (an email's `subject`, `html`, `text`, …
    by the names of contract/content.py), empty where there are `faults`. `undefined` are the variables that the content
    shows and nobody gave: they show as nothing. `sizes` are bytes of each text among the parts; `segments`
    is for SMS. `peak_bytes` is the most memory that the child had."""

    channel: ChannelKey
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    parts: Mapping[str, object] = field(default_factory=dict, repr=False)
    faults: tuple[TemplateFault, ...] = ()
    undefined: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    segments: Segments | None = None
    seconds: float = 0.0
    peak_bytes: int = 0


def render_preview(
    channel: ChannelKey,
    source: Mapping[str, str],
    context: Mapping[str, object],
    *,
    locale: str = "",
    theme: str = "",
    recipient: Recipient = SAMPLE,
    data: Mapping[str, object] | None = None,
    now: datetime | None = None,
) -> Previewed:
    """Render `source` (the fields as written, of one channel, in `locale`; empty: the default one) for `recipient`,
    whose own locale and zone decide the formats. `context` are the send's variables. Takes 2 s at most.

    What is wrong with source, context or result is in the answer. Raises InputError `preview_busy` when too many run at
    once, `preview_unavailable` on systems without fork.
    """
    began = time.perf_counter()
    if recipient is SAMPLE and locale:
        recipient = msgspec.structs.replace(SAMPLE, locale=locale)
    try:
        _check_size(source)
        own = plain_context(context)
        standard = preview_context(recipient, channel, now or clock.now())
        job = Job(
            channel=channel,
            source=dict(source),
            theme=theme,
            context=merged(standard, own),
            data=_plain_data(data or {}),
            locale=locale,
            language=locale or settings.DEFAULT_LOCALE,
        )
    except TemplateError as error:
        return _refused(channel, error, began)
    try:
        answer = server.ask(job)
    except Ended:
        message = "rendering took too long or needed too much memory, and was ended"
        return _refused(channel, TemplateError(TemplateErrorCode.TIMEOUT, message), began)
    return _previewed(channel, answer, began)


def _plain_data(data: Mapping[str, object]) -> dict[str, object]:
    """What is too deep, or holds a number that the answer cannot carry, is refused here: the child could not say so."""
    copied = dict(plain_context(data))
    try:
        msgspec.msgpack.encode(copied)
    except (OverflowError, TypeError, ValueError) as error:
        raise TemplateError(TemplateErrorCode.VALUE, "the data hold a number beyond 64 bits", field="data") from error
    return copied


def _check_size(source: Mapping[str, str]) -> None:
    if sum(map(len, source.values())) > MOST_SOURCE:
        message = f"the fields have more than {MOST_SOURCE} characters together"
        raise TemplateError(TemplateErrorCode.TOO_LARGE, message)


def _refused(channel: ChannelKey, error: TemplateError, began: float) -> Previewed:
    fault = TemplateFault(
        field=error.field, line=error.line, column=error.column, code=error.code, message=error.message
    )
    return Previewed(channel=channel, faults=(fault,), seconds=time.perf_counter() - began)


def _previewed(channel: ChannelKey, answer: Answer, began: float) -> Previewed:
    sizes = {name: len(value.encode()) for name, value in answer.parts.items() if value and isinstance(value, str)}
    body = answer.parts.get("body")
    return Previewed(
        channel=channel,
        fields=answer.fields,
        parts=answer.parts,
        faults=tuple(
            TemplateFault(field=f.field, line=f.line, column=f.column, code=f.code, message=f.message)
            for f in answer.faults
        ),
        undefined=tuple(answer.undefined),
        sizes=sizes,
        segments=count_segments(body) if channel is ChannelKey.SMS and isinstance(body, str) else None,
        seconds=time.perf_counter() - began,
        peak_bytes=answer.peak_bytes,
    )
