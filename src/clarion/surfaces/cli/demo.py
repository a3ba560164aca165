"""`clarion demo`: the whole system, for half a minute, with a notification on every channel."""

import time
from typing import TYPE_CHECKING

from clarion.surfaces.cli.measuring import stopping_plainly

if TYPE_CHECKING:
    from rich.console import Console

    from clarion.surfaces.cli.demo_arrivals import Journey
    from clarion.surfaces.cli.demo_system import DemoSystem

PATIENCE_SECONDS = 30.0


def demo() -> None:
    """Start a system of its own, send a notification on every channel, show where each arrived, stop again."""
    from rich.console import Console

    from clarion.surfaces.cli.demo_system import DemoSystem

    console = Console()
    started = time.monotonic()
    with stopping_plainly(), DemoSystem() as system:
        _run(console, system)
        console.print("Stopping.", style="dim")
    seconds = time.monotonic() - started
    console.print(f"Done in {seconds:.0f} s; nothing was left behind. Try it yourself: clarion up", style="green")


def _run(console: "Console", system: "DemoSystem") -> None:
    from websockets.exceptions import WebSocketException

    from clarion.surfaces.cli.api_client import ApiClient
    from clarion.surfaces.cli.demo_arrivals import LiveFrames, Witnesses, send_everywhere
    from clarion.surfaces.cli.demo_system import DemoFailed

    with console.status("starting") as status:
        access = system.wait_ready(status.update)
        status.update("sending on every channel")
        user = access.users[0]
        api = ApiClient(base_url=system.base_url, authorization=f"ApiKey {access.api_key}")
        user_api = ApiClient(base_url=system.base_url, authorization=f"Bearer {user.access}")
        try:
            frames = LiveFrames(system.base_url, user.access)
        except (OSError, WebSocketException) as error:
            raise DemoFailed(f"The WebSocket could not be opened ({type(error).__name__}).") from error
        with frames:
            journeys = send_everywhere(api, user.id)
            witnesses = Witnesses(api=api, user_api=user_api, frames=frames)
            all_arrived = witnesses.await_all(journeys, PATIENCE_SECONDS)
    _show(console, journeys)
    if not all_arrived:
        missing = ", ".join(f"{j.channel} ({j.status})" for j in journeys if not j.arrived)
        raise DemoFailed(f"Not arrived within {PATIENCE_SECONDS:.0f} s: {missing}.")


def _show(console: "Console", journeys: "list[Journey]") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("channel", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("where it arrived", overflow="fold")
    table.add_column("ms", justify="right", no_wrap=True)
    for journey in journeys:
        style = "green" if journey.arrived else "bold red"
        time_taken = f"{journey.milliseconds:.0f}" if journey.place else ""
        table.add_row(journey.channel, Text(journey.status, style=style), Text(journey.place or "nowhere"), time_taken)
    console.print(table)
