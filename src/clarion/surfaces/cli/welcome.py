"""What `clarion up` shows when the system is ready: where to go, and as whom to log in."""

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the demo data's file says, as far as we show it."""

    email: str
    password: str
    api_key: str
    outbox_url: str


def read_demo(path: Path) -> Demo | None:
    """The demo's access data, or None when there is no demo data here (or not in the form we know)."""
    try:
        content = json.loads(path.read_text("utf-8"))
        return Demo(
            email=str(content["staff"]["email"]),
            password=str(content["staff"]["password"]),
            api_key=str(content["api_key"]),
            outbox_url=str(content["outbox_url"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def show_welcome(console: Console, *, base_url: str, data_dir: Path, demo: Demo | None) -> None:
    """Print the panel."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold")
    rows.add_column(overflow="fold")
    rows.add_row("Start here", f"{base_url}/")
    rows.add_row("API docs", f"{base_url}/api/v1/docs")
    if demo is not None:
        rows.add_row("Sent messages", demo.outbox_url)
        rows.add_row("Inbox in a page", f"{base_url}/demo/inbox/")
    rows.add_row("Staff console", f"{base_url}/console/")
    if demo is not None:
        rows.add_row("Staff login", f"{demo.email}   password {demo.password}")
        rows.add_row("API key", demo.api_key)
    else:
        rows.add_row("Staff login", "make one with: clarion createstaff")
    rows.add_row("Data", str(data_dir))
    console.print(Panel(rows, title="Clarion is ready", subtitle="Ctrl-C stops everything", expand=False))
