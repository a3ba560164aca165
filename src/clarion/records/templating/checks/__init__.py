"""Content checks: what a person should look at before a template is sent. Pure: no database, no network, no Django."""

from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.draft import Content, Draft, SmsPrice
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.severity import Severity

__all__ = ["Code", "Draft", "Finding", "Severity", "SmsPrice", "check"]


def check(
    draft: Draft,
    *,
    marketing: bool = False,
    sms_price: SmsPrice | None = None,
    previous: Content | None = None,
) -> list[Finding]:
    """Everything that was found, in the order of channel, locale, field and line. Never raises for a bad template.

    `marketing`: the template's category is a marketing one. `previous`: the content in force, where there is one; it
    shows which translations were left behind by a change of the default.
    """
    from clarion.records.templating.checks.run import run

    return run(draft, marketing=marketing, sms_price=sms_price, previous=previous or {})
