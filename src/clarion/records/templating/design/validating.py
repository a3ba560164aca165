"""The engine's report on what a source becomes, told by the lines of the source."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from clarion.contract.channel import ChannelKey
from clarion.records.templating.design.preparing import Prepared, prepare_mapped
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.validation import TemplateFault, ValidationReport, validate


def validate_source(
    fields: Mapping[str, str],
    key: ChannelKey,
    required: Iterable[str] = (),
    optional: Iterable[str] = (),
    *,
    theme: str = "",
    locale: str = "",
) -> ValidationReport:
    """As `engine.validation.validate`, of sources that may use layouts and partials. Never raises for bad templates."""
    rest = dict(fields)
    faults: dict[str, TemplateFault] = {}
    made = Prepared(fields={})
    while rest and not made.fields:
        try:
            made = prepare_mapped(key, rest, theme=theme, locale=locale)
        except TemplateError as error:
            faults[error.field] = _fault(error, rest.pop(error.field))
    report = validate(made.fields, key, required, optional)
    # a field whose fault is told is not missing as well, and neither is a variable that it may use
    errors = [*faults.values(), *(_placed(fault, made) for fault in report.errors if fault.field not in faults)]
    missing = () if faults else report.missing
    return replace(report, valid=not errors and not missing, errors=tuple(errors), missing=missing)


def _fault(error: TemplateError, source: str) -> TemplateFault:
    error.placed(source)
    return TemplateFault(
        field=error.field, line=error.line, column=error.column, code=error.code, message=error.message
    )


def _placed(fault: TemplateFault, made: Prepared) -> TemplateFault:
    line = made.source_line(fault.field, fault.line)
    return fault if fault.field not in made.lines else replace(fault, line=line, column=0)
