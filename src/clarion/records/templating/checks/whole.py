"""The template as a whole: content there, chain, schema and sample."""

from collections.abc import Iterator

from clarion.contract.input_error import InputError
from clarion.records.templating import schema
from clarion.records.templating.checks.case import Case
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding, finding


def check_whole(case: Case) -> Iterator[Finding]:
    """Whether there is content, and whether what stands beside it fits."""
    draft = case.draft
    if not draft.content or not all(draft.content.values()):
        yield finding(Code.NO_CONTENT)
    without = [key for key in draft.fallback.get("channels", ()) if key not in draft.content]
    if without:
        yield finding(Code.FALLBACK_WITHOUT_CONTENT, f"the fallback chain names {', '.join(without)}, without content")
    yield from _schema(case)


def _schema(case: Case) -> Iterator[Finding]:
    described, sample = case.draft.schema, case.draft.sample
    if not described:
        return
    try:
        schema.check_schema(described)
    except InputError as error:
        yield finding(Code.SCHEMA_INVALID, f"{error.pointer or '/schema'}: {error.message}")
        return
    for fault in schema.Checker(described).faults(sample) if sample else ():
        name = fault.pointer.removeprefix("/").replace("/", ".") or "the sample"
        yield finding(Code.SAMPLE_INVALID, f"{name} {fault.message}")
