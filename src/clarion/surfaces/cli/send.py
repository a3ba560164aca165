"""`clarion send`: one send from a shell, through the HTTP API."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.exits import Exit, leave

if TYPE_CHECKING:
    from clarion.surfaces.cli.api_answers import Part
    from clarion.surfaces.cli.api_client import ApiClient

WAIT_SECONDS = 60.0
POLL_SECONDS = 0.2
PRIORITIES = ("critical", "high", "medium", "low", "1", "2", "3", "4")


def send(
    to: Annotated[str, typer.Option(help="Who gets it: a user's id, email address or external id.")] = "",
    template: Annotated[str, typer.Option(help="Path of the template, such as order.placed.")] = "",
    channel: Annotated[
        list[ChannelKey] | None,
        typer.Option(metavar="CHANNEL", help="May be given several times; none: what the user prefers."),
    ] = None,
    variable: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A variable of the template; a.b=1 nests, JSON is parsed."),
    ] = None,
    subject: Annotated[str, typer.Option(help="Instead of a template.")] = "",
    body: Annotated[str, typer.Option(help="Instead of a template.")] = "",
    priority: Annotated[str, typer.Option(help="critical, high, medium or low (or 1 to 4).")] = "",
    url: Annotated[str, typer.Option(help="Of the API; else CLARION_API_URL, else the demo's.")] = "",
    api_key: Annotated[str, typer.Option(help="Else CLARION_API_KEY, which others cannot read; else the demo's.")] = "",
    data_dir: Annotated[Path, typer.Option(help="Where `clarion up` keeps demo.json.")] = Path(".clarion"),
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it has gone out; exit code 1 if it did not.")
    ] = False,
    bulk: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Instead of --to: NDJSON or CSV with a line for each recipient (also .gz)."),
    ] = None,
) -> None:
    """Send a notification through the API, to one person or to a file of them."""
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.variables import parse_settings

    if bool(to) == (bulk is not None):
        leave(Exit.USAGE, "Give either --to, or --bulk with a file.")
    # a file may bring the job in its first line
    if bool(template) == bool(subject or body) and (bulk is None or template):
        leave(Exit.USAGE, "Give either --template, or --subject and --body.")
    if priority and priority not in PRIORITIES:
        leave(Exit.USAGE, f"There is no priority {priority!r}; there are {', '.join(PRIORITIES[:4])}, or 1 to 4.")
    try:
        context = parse_settings(variable or [])
        client = connect(url, api_key, data_dir)
    except ValueError as error:
        leave(Exit.USAGE, str(error))
    asked = Asked(
        template=template, subject=subject, body=body, channels=tuple(channel or ()), priority=priority, context=context
    )
    try:
        if bulk is None:
            _send(client, to, asked, wait=wait)
        else:
            from clarion.surfaces.cli.send_bulk import send_bulk

            send_bulk(client, bulk, asked.shared(), wait=wait)
    except ApiError as error:
        leave(Exit.FAILED, str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be sent, as it was typed."""

    template: str
    subject: str
    body: str
    channels: tuple[ChannelKey, ...]
    priority: str
    context: Mapping[str, object]

    def payload(self, user_id: UUID) -> dict[str, object]:
        """The body of POST /notifications/send."""
        return {"user_id": str(user_id), **self.shared()}

    def shared(self) -> dict[str, object]:
        """What does not depend on who gets it."""
        given: dict[str, object] = {
            "template_path": self.template,
            "subject": self.subject,
            "body": self.body,
            "channels": [str(channel) for channel in self.channels],
            "priority": int(self.priority) if self.priority.isdecimal() else self.priority,
            "context": self.context,
        }
        return {name: value for name, value in given.items() if value}


def connect(url: str, api_key: str, data_dir: Path) -> "ApiClient":
    """The API named by options, environment or the demo's file. Raises ValueError saying what to give."""
    from clarion.surfaces.cli.api_client import ApiClient, parse_base_url
    from clarion.surfaces.cli.demo_data.access_file import FILE_NAME, read_access

    demo = read_access(data_dir)
    url = url or _environment("CLARION_API_URL") or (demo.base_url if demo else "")
    if not url:
        raise ValueError(f"Which server? Give --url or CLARION_API_URL (there is no {data_dir / FILE_NAME}).")
    url = parse_base_url(url)
    # the demo's key is for the demo's server and nobody else
    of_demo = demo.api_key if demo and demo.base_url.rstrip("/") == url else ""
    api_key = api_key or _environment("CLARION_API_KEY") or of_demo
    if not api_key:
        raise ValueError("Which API key? Give CLARION_API_KEY or --api-key.")
    return ApiClient(base_url=url, authorization=f"ApiKey {api_key}")


def _environment(name: str) -> str:
    """The variable, or the contents of the file that NAME_FILE names."""
    file = os.environ.get(f"{name}_FILE", "").strip()
    if not file:
        return os.environ.get(name, "").strip()
    try:
        return Path(file).read_text("utf-8").strip()
    except OSError as error:
        raise ValueError(f"{name}_FILE cannot be read: {error.strerror}") from error


def _send(client: "ApiClient", to: str, asked: Asked, *, wait: bool) -> None:
    from clarion.surfaces.cli.api_answers import ARRIVED, Sent

    answer = client.post("notifications/send", asked.payload(find_user(client, to)), Sent)
    parts = _waited(client, answer.notifications) if wait else answer.notifications
    _show(parts)
    if wait and not all(part.status in ARRIVED for part in parts):
        raise typer.Exit(Exit.FAILED)


def find_user(client: "ApiClient", who: str) -> UUID:
    """The id behind an id, an email address or an external id. Raises ApiError when there is no such user."""
    from clarion.surfaces.cli.api_answers import Users
    from clarion.surfaces.cli.api_client import ApiError

    try:
        return UUID(who)
    except ValueError:
        query = {"email": who} if "@" in who else {"external_id": who}
    found = client.get("users", Users, **query).results
    if not found:
        raise ApiError(f"There is no user with the {next(iter(query)).replace('_', ' ')} you gave.", status=404)
    return found[0].id


def _waited(client: "ApiClient", parts: "list[Part]") -> "list[Part]":
    """The notifications as they stand once none of them waits any more, or the patience is over."""
    from clarion.surfaces.cli.api_answers import WAITING, Part

    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        parts = [p if p.status not in WAITING else client.get(f"notifications/{p.id}", Part) for p in parts]
        if time.monotonic() > deadline or all(part.status not in WAITING for part in parts):
            return parts
        time.sleep(POLL_SECONDS)


def _show(parts: "list[Part]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("channel", "status", "notification"):
        table.add_column(title, no_wrap=True)
    with_reason = any(part.reason for part in parts)
    if with_reason:
        table.add_column("reason")
    for part in parts:
        table.add_row(part.channel, part.status, str(part.id), *([part.reason] if with_reason else []))
    Console().print(table)
