"""Checking a template before it is saved: syntax, fields, declared variables against used ones. Renders nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.compile import check_fields, compile_source
from clarion.records.templating.engine.environment import environment
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.variables import used_variables

STANDARD_NAMES = frozenset(
    {
        "user", "app_name", "app_url", "now", "greeting", "brand", "locale", "timezone", "current_time",
        "engagement_tone", "unsubscribe_url", "preferences_url",
    }
)  # fmt: skip
"""What every rendering brings by itself; never missing, never undeclared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFault:
    """`code` is a TemplateErrorCode, or, where a preview was built, one of the channel's (channels/errors.py). `line`
    and `column` count from 1; 0 where they are not known."""

    field: str
    line: int
    column: int = 0
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """`missing`: required variables that no field uses; `unused`: optional ones that none uses; `undeclared`: used
    and neither declared nor standard. `valid` means no errors and nothing missing; the rest are warnings."""

    valid: bool
    errors: tuple[TemplateFault, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    undeclared: tuple[str, ...]
    used: tuple[str, ...]


def validate(
    fields: Mapping[str, str], channel: ChannelKey, required: Iterable[str] = (), optional: Iterable[str] = ()
) -> ValidationReport:
    """The whole picture of a template: one fault a field, and the variables. Never raises for bad templates."""
    errors, used = _read_fields(fields, channel)
    wanted, allowed = set(required), set(optional)
    paths = {path.replace("[]", "") for path in used}
    missing = tuple(sorted(name for name in wanted if not _is_used(name, paths)))
    return ValidationReport(
        valid=not errors and not missing,
        errors=tuple(errors),
        missing=missing,
        unused=tuple(sorted(name for name in allowed - wanted if not _is_used(name, paths))),
        undeclared=tuple(sorted(path for path in used if not _is_declared(path, wanted | allowed))),
        used=tuple(sorted(used)),
    )


def _read_fields(fields: Mapping[str, str], channel: ChannelKey) -> tuple[list[TemplateFault], set[str]]:
    specs = {spec.name: spec for spec in channel_of(channel).fields}
    errors: list[TemplateFault] = []
    used: set[str] = set()
    try:
        check_fields(specs, fields)
    except TemplateError as error:
        errors.append(_fault(error))
    for name, source in fields.items():
        if name not in specs:
            continue
        try:
            compile_source(environment(html=specs[name].html, strict=True), source)
            used |= used_variables(source)
        except TemplateError as error:
            errors.append(_fault(error.within(name).placed(source)))
    return errors, used


def _fault(error: TemplateError) -> TemplateFault:
    return TemplateFault(
        field=error.field, line=error.line, column=error.column, code=error.code, message=error.message
    )


def _is_used(declared: str, paths: set[str]) -> bool:
    name = declared.replace("[]", "")
    return any(path == name or path.startswith(f"{name}.") for path in paths)


def _is_declared(path: str, declared: set[str]) -> bool:
    """Declared itself, below something declared, or above it (`{% if order %}` where `order.id` is declared)."""
    plain = path.replace("[]", "")
    if plain.partition(".")[0] in STANDARD_NAMES:
        return True
    names = {name.replace("[]", "") for name in declared}
    return any(plain == name or plain.startswith(f"{name}.") or name.startswith(f"{plain}.") for name in names)
