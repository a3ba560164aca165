"""What stands against a template, and which of its translations are missing or behind."""

from uuid import UUID

import msgspec

from clarion.records.access.permissions import Permission
from clarion.records.templating import gate, translation_reports, translations
from clarion.records.templating.checks import Severity
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import Template, TemplateContent, TemplateVersion
from clarion.records.templating.problems import Problem
from clarion.records.templating.versions import draft_of, find_template, find_version, newest
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.template_answers import shown_problems
from clarion.surfaces.api.template_bodies import (
    DEFAULT,
    TEMPLATE_BYTES,
    Number,
    ProblemOut,
    TemplateIn,
)
from clarion.surfaces.api.template_bodies import draft_of as draft_of_body


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, and where."""

    channel: str
    locale: str
    field: str
    line: int
    column: int
    code: str
    message: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`valid`: it could be published. `errors`: the engine's; `missing`: required but used nowhere; `unused`: optional
    but used nowhere; `undeclared`: used, not declared. `problems`: everything, of the checks and translations too."""

    valid: bool
    errors: list[Fault]
    missing: list[str]
    unused: list[str]
    undeclared: list[str]
    used: list[str]
    problems: list[ProblemOut]


class VersionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`version` absent: the one in force, or else the draft."""

    version: Number | None = None


class ChannelTranslation(msgspec.Struct, frozen=True, kw_only=True):
    """A channel in a wanted locale: `complete`, `stale`, `partial` or `missing`, and the fields that are."""

    channel: str
    state: str
    missing: list[str]
    stale: list[str]


class LocaleTranslation(msgspec.Struct, frozen=True, kw_only=True):
    """A wanted locale; `recipients`: active people whose locale leads there."""

    locale: str
    state: str
    recipients: int
    channels: list[ChannelTranslation]


class TranslationsOut(msgspec.Struct, frozen=True, kw_only=True):
    """A template's wanted locales. `complete`: percent of them; `touched`: people who get another language or words
    that are behind."""

    template_id: UUID
    path: str
    version: int
    complete: int
    touched: int
    locales: list[LocaleTranslation]


class TranslationsPage(Page[TranslationsOut], frozen=True, kw_only=True):
    """A page of reports, and how many active people have which locale."""

    recipients: dict[str, int]


class TranslationsQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`behind`: of each page, only templates with something missing or stale."""

    behind: bool = False


def report_of(draft: Draft, made: translations.Made) -> Report:
    """Everything about a draft in one."""
    checked = gate.reports(draft)
    problems = list(gate.problems(draft, made))
    used = {name for one in checked for name in one.report.used}
    unused = set.intersection(*(set(one.report.unused) for one in checked)) if checked else set()
    return Report(
        valid=not any(each.severity is Severity.ERROR for each in problems),
        errors=[_fault(each) for each in problems if each.severity is Severity.ERROR and each.channel is not None],
        missing=gate.missing_everywhere(checked),
        unused=sorted(unused),
        undeclared=sorted({name for one in checked for name in one.report.undeclared}),
        used=sorted(used),
        problems=shown_problems(problems),
    )


def _fault(problem: Problem) -> Fault:
    return Fault(
        channel=str(problem.channel),
        locale=problem.locale or DEFAULT,
        field=problem.field,
        line=problem.line,
        column=problem.column,
        code=problem.code,
        message=problem.message,
    )


class ValidateDraftView(Endpoint):
    tag = "templates"

    @operation(
        permission=Permission.TEMPLATES,
        body=TemplateIn,
        answers={200: Report},
        idempotent_key=False,
        max_bytes=TEMPLATE_BYTES,
    )
    def post(self, call: Call) -> Answer:
        """Validate a template without storing it."""
        draft = draft_of_body(call.body)
        gate.refuse_unsound(draft)
        return Answer(value=report_of(draft, translations.made_from(draft, None)))


class ValidateView(Endpoint):
    tag = "templates"

    @operation(
        permission=Permission.TEMPLATES,
        query=VersionQuery,
        answers={200: Report},
        problems=(404,),
        idempotent_key=False,
    )
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Validate a version: as publishing it would."""
        template = find_template(id)
        version = _version(template, call.query.version)
        rows = list(TemplateContent.objects.filter(version=version))
        return Answer(value=report_of(draft_of(template, version), translations.stored(rows)))


class TemplateTranslationsView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, query=VersionQuery, answers={200: TranslationsOut}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Which translations of a template are missing or behind, and how many people that touches."""
        template = find_template(id)
        version = _version(template, call.query.version)
        rows = list(TemplateContent.objects.filter(version=version))
        people = translation_reports.recipients_by_locale()
        locales = draft_of(template, version, {}).locales
        return Answer(value=_translations(translation_reports.report(template, version.number, rows, people, locales)))


class TranslationsView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, query=TranslationsQuery, answers={200: TranslationsPage})
    def get(self, call: Call) -> Answer:
        """The same for all templates in use, a page at a time."""
        query: TranslationsQuery = call.query
        rows = Template.objects.filter(active=True).exclude(current_version=None).select_related("current_version")
        found, following, preceding = page_of(call.request, rows, query)
        people = translation_reports.recipients_by_locale()
        reports = [_translations(each) for each in translation_reports.reports(found, people)]
        results = [each for each in reports if not query.behind or any(one.state != "complete" for one in each.locales)]
        page = TranslationsPage(results=results, next=following, previous=preceding, recipients=people)
        return Answer(value=page)


def _version(template: Template, number: int | None) -> TemplateVersion:
    if number is not None:
        return find_version(template.id, number, "/query/version")
    found = template.current_version or newest(template)
    if found is None:
        raise Refusal(404, "version_not_found", "the template has no version yet")
    return found


def _translations(report: translation_reports.TemplateReport) -> TranslationsOut:
    return TranslationsOut(
        template_id=report.template_id,
        path=report.path,
        version=report.number,
        complete=report.complete,
        touched=report.touched,
        locales=[
            LocaleTranslation(
                locale=each.state.locale,
                state=str(each.state.state),
                recipients=each.recipients,
                channels=[
                    ChannelTranslation(
                        channel=str(one.channel), state=str(one.state), missing=list(one.missing), stale=list(one.stale)
                    )
                    for one in each.state.channels
                ],
            )
            for each in report.locales
        ],
    )
