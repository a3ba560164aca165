"""Which translations are missing or behind, and how many people that touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from clarion.records.people.models import User
from clarion.records.templating.locales import chain
from clarion.records.templating.models import Template, TemplateContent
from clarion.records.templating.translations import (
    Completeness,
    LocaleState,
    share_complete,
    states,
    stored,
    wanted_locales,
)
from clarion.records.templating.versions import content_of_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class LocaleReport:
    """A wanted locale of a template; `recipients` are the active people whose locale leads there first."""

    state: LocaleState
    recipients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateReport:
    """A template's wanted locales; `complete` is the share in percent, `touched` how many people get words that are in
    another language or behind."""

    template_id: UUID
    path: str
    number: int
    complete: int
    touched: int
    locales: tuple[LocaleReport, ...]


def recipients_by_locale() -> dict[str, int]:
    """Active people by their locale; one query, which reads all people."""
    rows = User.objects.filter(is_active=True).values_list("locale").annotate(number=Count("id")).order_by()
    found: dict[str, int] = {}
    for locale, number in rows:
        name = locale.replace("_", "-")
        found[name] = found.get(name, 0) + number
    return found


def report(
    template: Template,
    number: int,
    rows: Sequence[TemplateContent],
    people: Mapping[str, int],
    locales: Sequence[str] | None = None,
) -> TemplateReport:
    """The report on one version, `rows` its contents, `locales` those it is wanted in, if not the template's own. Where
    nobody said which are wanted, those that are there are."""
    present = {row.locale for row in rows if row.locale}
    wanted = wanted_locales(template.locales if locales is None else locales) or tuple(sorted(present))
    found = states(content_of_rows(rows), stored(rows), wanted)
    counts = _counted(wanted, people)
    reports = tuple(LocaleReport(state=each, recipients=counts[each.locale]) for each in found)
    return TemplateReport(
        template_id=template.id,
        path=template.path,
        number=number,
        complete=share_complete(found),
        touched=sum(each.recipients for each in reports if each.state.state is not Completeness.COMPLETE),
        locales=reports,
    )


def reports(templates: Sequence[Template], people: Mapping[str, int]) -> list[TemplateReport]:
    """The reports on what is in force, for templates that were published; one query for all contents."""
    in_force = {each.current_version_id: each for each in templates if each.current_version is not None}
    rows: dict[UUID, list[TemplateContent]] = {}
    for row in TemplateContent.objects.filter(version_id__in=list(in_force)):
        rows.setdefault(row.version_id, []).append(row)
    return [
        report(template, template.current_version.number, rows.get(version_id, []), people)
        for version_id, template in in_force.items()
        if version_id is not None and template.current_version is not None
    ]


def _counted(wanted: Sequence[str], people: Mapping[str, int]) -> dict[str, int]:
    """People by the wanted locale that is the nearest of their chain; those who want none are in no count."""
    counts = dict.fromkeys(wanted, 0)
    for locale, number in people.items():
        nearest = next((each for each in chain(locale) if each in counts), None)
        if nearest is not None:
            counts[nearest] += number
    return counts
