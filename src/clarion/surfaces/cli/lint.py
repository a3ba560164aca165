"""`clarion lint`: content checks over folders of template files. Needs no server, no database and no settings."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clarion.surfaces.cli.exits import Exit, leave

if TYPE_CHECKING:
    from clarion.records.templating.checks import SmsPrice
    from clarion.surfaces.cli.lint_report import Report

UNREADABLE = 2


class FailOn(StrEnum):
    """The least grave finding that makes the command fail."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


class Form(StrEnum):
    """How the findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def lint(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Folders of templates, or of one. [default: .]")
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Exit code 1 from this gravity on.")] = FailOn.ERROR,
    form: Annotated[
        Form, typer.Option("--format", help="text for people, json, or annotations of GitHub.")
    ] = Form.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    sms_price: Annotated[
        str,
        typer.Option(
            envvar="CLARION_SMS_PRICES",
            show_envvar=True,
            help='What an SMS segment costs: "0.05 USD", or as in CLARION_SMS_PRICES, of which the dearest counts.',
        ),
    ] = "",
    marketing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CATEGORY", help="Categories of marketing, for the unsubscribe link. [default: marketing]"
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Leave notes out.")] = False,
) -> None:
    """Check the content of template files: encodings, lengths, links, contrast, translations, variables.

    Exit codes: 0 clean, 1 findings at or above --fail-on, 2 a folder cannot be read.
    """
    from clarion.surfaces.cli import lint_output

    try:
        price = parse_price(sms_price)
    except ValueError as error:
        leave(Exit.USAGE, str(error))
    report = read_and_check(paths or [Path()], marketing or ["marketing"], price)
    if quiet:
        report = report.without_notes()
    form = Form.JSON if as_json else form
    write = {Form.TEXT: lint_output.text, Form.JSON: lint_output.as_json, Form.GITHUB: lint_output.github}[form]
    write(report)
    raise typer.Exit(exit_code(report, fail_on))


def read_and_check(paths: list[Path], marketing: list[str], price: "SmsPrice | None") -> "Report":
    """Every template of the folders, checked; what cannot be read is in the report, too."""
    from clarion.records.templating.checks.run import examine
    from clarion.records.templating.files import UnreadableFolder, read_folder
    from clarion.surfaces.cli.lint_report import Checked, Fault, Report

    checked: list[Checked] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            templates = read_folder(path)
        except UnreadableFolder as error:
            faults += [
                Fault(folder=path, file=each.file, line=each.line, message=each.message) for each in error.faults
            ]
            continue
        for template in templates:
            found = examine(template, marketing=template.category in marketing, sms_price=price)
            checked.append(Checked(folder=path, template=template, findings=found.findings, sms=found.sms))
    return Report(checked=tuple(checked), faults=tuple(faults))


def exit_code(report: "Report", fail_on: FailOn) -> int:
    """0, 1 or 2."""
    from clarion.records.templating.checks import Severity

    if report.faults:
        return UNREADABLE
    if fail_on is FailOn.NEVER:
        return Exit.OK
    bar = Severity(fail_on.value).rank
    return Exit.FAILED if any(each.severity.rank <= bar for each in report.findings()) else Exit.OK


def parse_price(text: str) -> "SmsPrice | None":
    """`0.05 USD`, `USD 0.05`, or prices by country, of which the dearest counts. Raises ValueError."""
    import re
    from decimal import Decimal

    from clarion.records.sms_safety.policy import MICRO, parse_prices
    from clarion.records.templating.checks import SmsPrice

    if not text.strip():
        return None
    found = re.fullmatch(r"\s*(?:([A-Z]{3}) ?)?(\d{1,6}(?:\.\d{1,6})?) ?([A-Z]{3})?\s*", text)
    if found:
        return SmsPrice(amount=Decimal(found[2]), currency=found[1] or found[3] or "")
    try:
        prices = parse_prices(text.strip())
    except ValueError as error:
        raise ValueError(f'--sms-price takes "0.05 USD"; or {error}') from None
    return SmsPrice(amount=Decimal(max(prices.by_country.values())) / MICRO, currency=prices.currency)
