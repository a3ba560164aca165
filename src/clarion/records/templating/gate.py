"""What a template must satisfy: little to be kept as a draft, much to be published. Stores nothing.

`refuse_unsound` is asked at every save, `problems` shows everything, `refuse_errors` lets no error be published.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from django.conf import settings

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.brand.colors import is_color
from clarion.records.categories.catalog import catalog as categories
from clarion.records.categories.chain import require_content
from clarion.records.templating import rendering, schema
from clarion.records.templating.checks import Code, Severity, check
from clarion.records.templating.design.validating import validate_source
from clarion.records.templating.draft import Content, Draft
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.plain import plain
from clarion.records.templating.engine.validation import TemplateFault, ValidationReport
from clarion.records.templating.locales import DEFAULT, is_locale, resolve
from clarion.records.templating.problems import Problem, place_of
from clarion.records.templating.translations import Made, share_complete, states, wanted_locales

_SAID = {
    Code.TEMPLATE_SYNTAX,
    Code.TEMPLATE_FORBIDDEN,
    Code.TEMPLATE_FIELD,
    Code.NO_CONTENT,
    Code.FALLBACK_WITHOUT_CONTENT,
    Code.SCHEMA_INVALID,
    Code.SAMPLE_INVALID,
    Code.VARIABLE_REQUIRED_UNUSED,
    Code.LOCALE_UNKNOWN,
}
MOST_CONTENT = 4_000_000
"""Characters of all fields of a version together."""
MOST_PLACES = 350
"""Channels times locales: seven channels in fifty languages."""
MOST_SAMPLE = 64 * 1024
MOST_SECONDS = 10.0
"""Of processor time for reading all contents of a version once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The engine's report on one channel and locale, as its recipients get it: fields filled from the fallbacks."""

    channel: ChannelKey
    locale: str
    report: ValidationReport


def declared_of(draft: Draft) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The variables declared, required and optional: the lists', and the schema's."""
    required, optional = schema.declared(draft.schema)
    return tuple(dict.fromkeys((*draft.required, *required))), tuple(dict.fromkeys((*draft.optional, *optional)))


def reports(draft: Draft) -> list[Checked]:
    """The engine's reports over every channel and locale; renders nothing. Raises InputError `template_timeout`."""
    required, optional = declared_of(draft)
    until = time.thread_time() + MOST_SECONDS
    found = []
    for key, locales in draft.content.items():
        for locale in locales:
            if time.thread_time() > until:
                message = "reading all channels and languages takes too long: make the contents smaller, or fewer"
                raise InputError(TemplateErrorCode.TIMEOUT, message, pointer="/content")
            whole = resolve(locales, locale) or {}
            report = validate_source(whole, key, required, optional, theme=draft.theme, locale=locale)
            found.append(Checked(channel=key, locale=locale, report=report))
    return found


def missing_everywhere(checked: list[Checked]) -> list[str]:
    """Required variables that no channel uses at all (one channel alone may well do without)."""
    found = [set(each.report.missing) for each in checked]
    return sorted(set.intersection(*found)) if found else []


def refuse_unsound(draft: Draft) -> None:
    """Raise InputError for what makes no sense even in a draft: no content, too much of it, an unknown category or
    locale, a schema that is none, a sample that is no plain data, a colour that is none."""
    if not draft.content or not all(draft.content.values()):
        raise InputError("no_content", "give content for one channel at least", pointer="/content")
    if categories.find(draft.category_id) is None:
        raise InputError("category_not_found", "there is no such category; see GET /categories", pointer="/category")
    places = sum(len(locales) for locales in draft.content.values())
    if places > MOST_PLACES or _size(draft.content) > MOST_CONTENT:
        message = f"a version may have {MOST_PLACES} contents and {MOST_CONTENT} characters in all"
        raise InputError("content_too_large", message, pointer="/content")
    require_content(draft.fallback, draft.content)
    if draft.theme and not is_color(draft.theme):
        raise InputError("invalid_theme", "a theme is a colour, written #rrggbb", pointer="/theme")
    _refuse_unknown_locales(draft)
    schema.check_schema(draft.schema)
    _refuse_sample(draft.sample)


def _refuse_unknown_locales(draft: Draft) -> None:
    named = {locale: f"/content/{key}/{locale[:64]}" for key, of in draft.content.items() for locale in of if locale}
    named |= {locale: f"/locales/{at}" for at, locale in enumerate(draft.locales)}
    for locale, pointer in named.items():
        if not is_locale(locale):
            raise InputError("invalid_locale", "not a known locale, such as en or pt-BR", pointer=pointer)


def _size(content: Content) -> int:
    return sum(len(text) for locales in content.values() for fields in locales.values() for text in fields.values())


def _refuse_sample(sample: Mapping[str, object]) -> None:
    try:
        plain(sample)
    except TemplateError as error:
        raise InputError("invalid_context", error.message, pointer="/sample") from error
    if len(msgspec.json.encode(sample)) > MOST_SAMPLE:
        message = f"the sample may have {MOST_SAMPLE} bytes at most"
        raise InputError("context_too_large", message, pointer="/sample")


def refuse_errors(draft: Draft, made: Made) -> None:
    """Raise InputError for the first error that stops publishing."""
    for problem in problems(draft, made):
        if problem.severity is Severity.ERROR:
            message = f"{problem.message}, line {problem.line}" if problem.line else problem.message
            raise InputError(problem.code, message, pointer=problem.pointer)


def refuse_unsendable(draft: Draft) -> None:
    """Raise InputError for a version that cannot be rendered any more, or whose category is gone. All that a rollback
    is asked, for it is a way out of trouble: what was good enough then is now."""
    if categories.find(draft.category_id) is None:
        raise InputError("category_not_found", "the version's category is gone", pointer="/category")
    for problem in _engine(draft, reports(draft)):
        if problem.severity is Severity.ERROR and problem.code != "unused_variables":
            raise InputError(problem.code, problem.message, pointer=problem.pointer)


def problems(draft: Draft, made: Made, *, rendered: bool = True) -> Iterator[Problem]:
    """Everything about a sound draft, what costs little first: syntax and variables, the sample against the schema,
    translations, the content checks; and, where none of these is an error, the sample rendered in every place."""
    stopped = False
    for problem in (*_engine(draft, reports(draft)), *_sample(draft), *_translations(draft, made), *_checks(draft)):
        stopped = stopped or problem.severity is Severity.ERROR
        yield problem
    if rendered and not stopped:
        yield from rendering.problems(draft)


def _engine(draft: Draft, checked: list[Checked]) -> Iterator[Problem]:
    for each in checked:
        own = draft.content[each.channel][each.locale]
        for fault in each.report.errors:
            # what comes from a fallback is said there, once
            if fault.field in own or fault.field not in draft.content[each.channel].get(DEFAULT, {}):
                yield _fault(each, fault)
    unused = missing_everywhere(checked)
    if unused:
        message = f"declared as required but used nowhere: {', '.join(unused)}"
        yield Problem(severity=Severity.ERROR, code="unused_variables", message=message, pointer="/required_variables")


def _fault(each: Checked, fault: TemplateFault) -> Problem:
    return Problem(
        severity=Severity.ERROR,
        code=str(fault.code),
        message=fault.message,
        pointer=place_of(each.channel, each.locale, fault.field),
        channel=each.channel,
        locale=each.locale,
        field=fault.field,
        line=fault.line,
        column=fault.column,
    )


def _sample(draft: Draft) -> Iterator[Problem]:
    if not draft.schema or not draft.sample:
        return
    for fault in schema.Checker(draft.schema).faults(draft.sample):
        name = fault.pointer.removeprefix("/").replace("/", ".") or "the sample"
        yield Problem(
            severity=Severity.ERROR,
            code="sample_invalid",
            message=f"{name} {fault.message}",
            pointer=f"/sample{fault.pointer}",
        )


def _translations(draft: Draft, made: Made) -> Iterator[Problem]:
    threshold = settings.TEMPLATE_THRESHOLD if draft.publish_threshold is None else draft.publish_threshold
    found = states(draft.content, made, wanted_locales(draft.locales))
    if share_complete(found) < threshold:
        behind = ", ".join(f"{each.locale} ({each.state})" for each in found if each.state != "complete")
        message = f"{threshold} % of the translations must be complete before this is published; behind: {behind}"
        yield Problem(severity=Severity.ERROR, code="translations_incomplete", message=message, pointer="/content")


def _checks(draft: Draft) -> Iterator[Problem]:
    """The content checks' findings, but for those that say again what is said above with the API's older codes."""
    category = categories.find(draft.category_id)
    for found in check(draft, marketing=category is not None and category.marketing):
        if found.code not in _SAID:
            yield Problem(
                severity=found.severity,
                code=str(found.code),
                message=found.message,
                pointer=place_of(found.channel, found.locale, found.field) if found.channel else "",
                channel=found.channel,
                locale=found.locale,
                field=found.field,
                line=found.line,
                column=found.column,
                hint=found.hint,
            )
