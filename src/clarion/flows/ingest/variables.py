"""Do a send's variables satisfy the template's schema? And the sample in place of what a test send does not give."""

from collections.abc import Mapping

from clarion.contract.input_error import InputError
from clarion.records.templating.catalog import TemplateFacts
from clarion.records.templating.contents import checkers
from clarion.records.templating.models import Template


def know_schema(template: TemplateFacts) -> None:
    """Have the schema at hand before recipients are judged, which for many goes on in several threads."""
    if template.has_schema:
        checkers.of(template.version_id)


def check_variables(template: TemplateFacts, context: Mapping[str, object]) -> None:
    """Raise InputError `invalid_variables` for the first thing in the context that the template's schema does not
    allow; nothing where it has none."""
    checker = checkers.of(template.version_id) if template.has_schema else None
    faults = checker.faults(context) if checker is not None else []
    if faults:
        first = faults[0]
        name = first.pointer.removeprefix("/").replace("/", ".") or "the context"
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise InputError("invalid_variables", f"{name} {first.message}{more}", pointer=f"/context{first.pointer}")


def over_sample(template: TemplateFacts, context: Mapping[str, object]) -> dict[str, object]:
    """The context, with the template's sample where it says nothing."""
    sample = Template.objects.filter(pk=template.id).values_list("sample_context", flat=True).first()
    return _over(sample or {}, context)


def _over(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    merged = {**below, **above}
    for name, value in above.items():
        under = below.get(name)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            merged[name] = _over(under, value)
    return merged
