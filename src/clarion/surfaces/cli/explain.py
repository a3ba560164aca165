"""`clarion explain`: why a notification reached somebody or did not, what a send would come to, or a person's day."""

from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.exits import Exit, leave

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from clarion.surfaces.cli.api_answers import Explained, Foreseen, Rung, Try
    from clarion.surfaces.cli.api_client import ApiClient


def explain(
    notification: Annotated[str, typer.Argument(metavar="[ID]", help="Of the notification.")] = "",
    to: Annotated[str, typer.Option(help="A person instead: a user's id, email address or external id.")] = "",
    date: Annotated[str, typer.Option(help="With --to: a day of theirs, such as 2026-11-20.")] = "",
    template: Annotated[str, typer.Option(help="With --to: what a send of this template would come to.")] = "",
    subject: Annotated[str, typer.Option(help="With --to: what a send of these words would come to.")] = "",
    body: Annotated[str, typer.Option(help="With --to: what a send of these words would come to.")] = "",
    channel: Annotated[
        list[ChannelKey] | None, typer.Option(metavar="CHANNEL", help="Only this one; of a send, may be repeated.")
    ] = None,
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
    """Explain a notification (ID), a person's day (--to, --date) or a send only thought of (--to, --template).

    Of a send only thought of, nothing is stored or sent.
    """
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.send import connect, find_user
    from clarion.surfaces.cli.variables import parse_settings

    thought_of = template or subject or body
    if [bool(notification), bool(to and date), bool(to and thought_of)].count(True) != 1 or (to and notification):
        leave(Exit.USAGE, "Give the id of a notification; or --to with --date; or --to with --template or --body.")
    if date and len(channel or []) > 1:
        leave(Exit.USAGE, "Of a day, give one --channel or none.")
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
            words = {"template_path": template, "subject": subject, "body": body}
            given = {**words, "channels": channel, "category": category, "priority": priority, "context": context}
            asked: dict[str, object] = {
                "user_id": str(find_user(client, to)),
                **{k: value for k, value in given.items() if value},
            }
            _foresee(client, asked, json=json)
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
        _show(each, _zone(day.timezone))
    if not day.results:
        typer.echo(f"Nothing was taken in for them on {query['date']} ({day.timezone}).")
    elif day.next:
        typer.echo("There is more: --json shows the address of the next page.")


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # the machine that asks may have older zones than the server
        return UTC


def _foresee(client: "ApiClient", body: dict[str, object], *, json: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    from clarion.surfaces.cli.api_answers import Forecast

    if json:
        _print(client.post("notifications/explain", body, Any))
        return
    console = Console()
    for one in client.post("notifications/explain", body, Forecast).results:
        console.print(Text.assemble((one.channel, "bold"), f" would be {one.status}. {one.says}"))
        console.print(_ladder(one))
        console.print()


def _ladder(one: "Foreseen") -> "Table":
    """Every rule that was asked; of the one that spoke also what it looked at."""
    table = _table()
    for rung in one.ladder:
        if rung.outcome != "not_asked":
            table.add_row(*map(_plain, (rung.rule, rung.outcome, _inputs(rung))))
    return table


def _inputs(rung: "Rung") -> str:
    if rung.outcome == "passed":
        return ""
    import msgspec

    told = {name: value for name, value in rung.inputs.items() if value not in (None, [], {})}
    return ", ".join(f"{name} {msgspec.json.encode(value).decode()}" for name, value in told.items())


def _show(explained: "Explained", zone: tzinfo = UTC) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    of = explained.notification
    console.print(Text.assemble((of.channel, "bold"), f" {of.id}: {explained.says}"))
    table = _table()
    happened = [(each.finished_at, _tried(each)) for each in explained.attempts]
    happened += [(each.at, (f"{each.stage}/{each.rule}", each.says)) for each in explained.steps]
    for at, told in sorted(happened, key=lambda each: each[0]):
        table.add_row(*map(_plain, (f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}", *told)))
    console.print(table)
    console.print()


def _table() -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _plain(words: str) -> "Text":
    """Words that are shown as they are: a provider's may look like markup."""
    from rich.text import Text

    return Text("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in words))


def _tried(made: "Try") -> tuple[str, str]:
    told = f"{made.outcome}: {made.account} to {made.target}".removesuffix(" to ")
    return f"attempt {made.number}", f"{told} ({made.detail})" if made.detail else told


def _print(value: Any) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())
