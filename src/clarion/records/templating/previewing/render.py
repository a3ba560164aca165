"""One content, from its source to what the channel makes of it; what is wrong becomes faults. Runs in the child."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.records.templating.design import prepare
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.plain import PlainContext
from clarion.records.templating.engine.undefined import noting, shown_as_nothing
from clarion.records.templating.engine.variables import undefined_in, used_variables
from clarion.records.templating.previewing.wire import Answer, Fault, Job

_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")


def render_job(job: Job) -> Answer:
    """Never raises for what is wrong with the template, the context or the result."""
    prepared: Mapping[str, str] = {}
    try:
        prepared = prepare(job.channel, job.source, theme=job.theme, locale=job.locale)
        content = compile_content(job.channel, prepared, noted=True, language=job.language)
        with noting() as names:
            fields = content.render(PlainContext(job.context))
    except TemplateError as error:
        return Answer(faults=[_fault(error, job.source, prepared)])
    except (MemoryError, RecursionError):
        return Answer(faults=[Fault(code=TemplateErrorCode.BUDGET, message="the template needs too much memory")])
    undefined = sorted(shown_as_nothing(_undefined(prepared, job.context), names))
    try:
        parts: dict[str, Any] = msgspec.to_builtins(channel_of(job.channel).build(fields, job.data))
    except InvalidValue as error:
        fault = Fault(code=error.code, message=str(error), field=error.field)
        return Answer(fields=fields, undefined=undefined, faults=[fault])
    return Answer(fields=fields, parts=parts, undefined=undefined)


def _undefined(prepared: Mapping[str, str], context: Mapping[str, object]) -> frozenset[str]:
    used = (path for source in prepared.values() for path in used_variables(source))
    return undefined_in(used, context)


def _fault(error: TemplateError, source: Mapping[str, str], prepared: Mapping[str, str]) -> Fault:
    """The fault, by the lines of what was written: those of what was made of it mean nothing to its author."""
    written, made = source.get(error.field, ""), prepared.get(error.field, "")
    if made and made != written:
        error.line, error.column = _written_line(made, written, error.line), 0
    error.placed(written)
    return Fault(code=error.code, message=error.message, field=error.field, line=error.line, column=error.column)


def _written_line(made: str, written: str, line: int) -> int:
    """The line of the source whose tags stand in this line of what was made of it; 0 for none or several."""
    lines = made.splitlines()
    tags = _TAGS.findall(lines[line - 1]) if 0 < line <= len(lines) else []
    found = [at for at, text in enumerate(written.splitlines(), 1) if tags and any(tag in text for tag in tags)]
    return found[0] if len(found) == 1 else 0
