"""`clarion explain`: why a notification reached somebody or did not, what a send would come to, or a person's day."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.exits import Exit, leave

if TYPE_CHECKING:
    from clarion.surfaces.cli.api_answers import Explained, Step
    from clarion.surfaces.cli.api_client import ApiClient


def explain(
    notification: Annotated[str, typer.Argument(metavar="[ID]", help="Of the notification.")] = "",
    to: Annotated[str, typer.Option(help="A person instead: a user's id, email address or external id.")] = "",
    date: Annotated[str, typer.Option(help="With --to: a day of theirs, such as 2026-11-20.")] = "",
    template: Annotated[str, typer.Option(help="With --to: what a send of this template would come to.")] = "",
    channel: Annotated[list[ChannelKey] | None, typer.Option(metavar="CHANNEL", help="Only this one.")] = None,
    category: Annotated[str, typer.Option(help="Of what would be sent, or was.")] = "",
    priority: Annotated[str, typer.Option(help="Of what would be sent.")] = "",
    variable: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A variable of what would be sent.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The API's own answer.")] = False,
    url: Annotated[str, typer.Option(help="Of the API; else CLARION_API_URL, else the demo's.")] = "",
    api_key: Annotated[str, typer.Option(help="Else CLARION_API_KEY, else the demo's.")] = "",
    data_dir: Annotated[Path, typer.Option(help="Where `clarion up` keeps demo.json.")] = Path(".clarion"),
) -> None:
    """Explain a notification (ID), a person's day (--to, --date) or a send only thought of (--to, --template)."""
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.send import connect, find_user
    from clarion.surfaces.cli.variables import parse_settings

    if [bool(notification), bool(to and date), bool(to and template)].count(True) != 1:
        leave(Exit.USAGE, "Give the id of a notification; or --to with --date; or --to with --template.")
    try:
        context = parse_settings(variable or [])
        client = connect(url, api_key, data_dir)
    except ValueError as error:
        leave(Exit.USAGE, str(error))
    try:
        if notification:
            _explain_one(client, _identifier(notification), json=json)
        elif date:
            query = {"date": date, **({"channel": channel[0]} if channel else {}), "category": category}
            _explain_day(client, find_user(client, to), query, json=json)
        else:
            given = {"channels": channel, "category": category, "priority": priority, "context": context}
            body = {"user_id": str(find_user(client, to)), "template_path": template}
            _foresee(client, {**body, **{name: value for name, value in given.items() if value}}, json=json)
    except ApiError as error:
        leave(Exit.FAILED, str(error))


def _identifier(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        leave(Exit.USAGE, "A notification's id looks like 019a9e20-7c11-7d3e-8d0c-4a2b1c0d9e8f.")


def _explain_one(client: "ApiClient", identifier: UUID, *, json: bool) -> None:
    from clarion.surfaces.cli.api_answers import Explained

    path = f"notifications/{identifier}/explain"
    if json:
        _print(client.get(path, Any))
        return
    _show(client.get(path, Explained))


def _explain_day(client: "ApiClient", user: UUID, query: dict[str, str], *, json: bool) -> None:
    from clarion.surfaces.cli.api_answers import Day

    path = f"users/{user}/explain"
    asked = {name: value for name, value in query.items() if value}
    if json:
        _print(client.get(path, Any, **asked))
        return
    day = client.get(path, Day, **asked)
    for each in day.results:
        _show(each)
    if not day.results:
        typer.echo(f"Nothing was taken in for them on {query['date']} ({day.timezone}).")
    elif day.next:
        typer.echo("There is more: --json shows the address of the next page.")


def _foresee(client: "ApiClient", body: dict[str, object], *, json: bool) -> None:
    from rich.console import Console

    from clarion.surfaces.cli.api_answers import Forecast

    if json:
        _print(client.post("notifications/explain", body, Any))
        return
    console = Console()
    for one in client.post("notifications/explain", body, Forecast).results:
        console.print(f"[bold]{one.channel}[/bold] would be {one.status}. {one.says}", highlight=False)


def _show(explained: "Explained") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    of = explained.notification
    console.print(f"[bold]{of.channel}[/bold] {of.id}: {explained.says}", highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column()
    for step in explained.steps:
        table.add_row(*_row(step))
    console.print(table)


def _row(step: "Step") -> tuple[str, str, str]:
    return f"{step.at:%Y-%m-%d %H:%M:%S}", f"{step.stage}/{step.rule}", step.says


def _print(value: Any) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())
