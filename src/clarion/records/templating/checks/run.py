"""Runs the checks over a draft, in order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, make_case
from clarion.records.templating.checks.chat import check_chat
from clarion.records.templating.checks.contrast import check_contrast
from clarion.records.templating.checks.dark import check_dark
from clarion.records.templating.checks.declared import check_variables
from clarion.records.templating.checks.draft import Content, Draft, SmsPrice
from clarion.records.templating.checks.fields import check_fields
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.images import check_images
from clarion.records.templating.checks.leftovers import check_leftovers
from clarion.records.templating.checks.links import check_links
from clarion.records.templating.checks.locales import check_locales
from clarion.records.templating.checks.mail import check_mail
from clarion.records.templating.checks.push import check_push
from clarion.records.templating.checks.sms import SmsMeasure, check_sms, measures
from clarion.records.templating.checks.structure import check_structure
from clarion.records.templating.checks.whole import check_whole

CHECKS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    check_whole,
    check_variables,
    check_locales,
    check_fields,
    check_leftovers,
    check_sms,
    check_mail,
    check_structure,
    check_images,
    check_links,
    check_contrast,
    check_dark,
    check_push,
    check_chat,
)
_ORDER = {key: at for at, key in enumerate(ChannelKey)}


def run(draft: Draft, *, marketing: bool, sms_price: SmsPrice | None, previous: Content) -> list[Finding]:
    """All findings, sorted."""
    return list(_found(make_case(draft, marketing=marketing, sms_price=sms_price, previous=previous)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """Findings, and how long the SMS are, locale by locale."""

    findings: tuple[Finding, ...]
    sms: tuple[SmsMeasure, ...]


def examine(draft: Draft, *, marketing: bool, sms_price: SmsPrice | None) -> Examined:
    """Both at once, for what is rendered once."""
    case = make_case(draft, marketing=marketing, sms_price=sms_price, previous={})
    return Examined(findings=_found(case), sms=tuple(measures(case)))


def _found(case: Case) -> tuple[Finding, ...]:
    found = [finding for check in CHECKS for finding in check(case)]
    return tuple(sorted((*found, *case.late()), key=_place))


def _place(finding: Finding) -> tuple[int, str, str, int, int, int, str]:
    channel = _ORDER[finding.channel] if finding.channel else -1
    return channel, finding.locale, finding.field, finding.line, finding.column, finding.severity.rank, finding.code
