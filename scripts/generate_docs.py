"""Writes the parts of docs/ that are made from the code. `--check` writes nothing and fails when a file is stale.

Run it as `.venv/bin/python scripts/generate_docs.py`; tests/guards/test_documents.py keeps it from being forgotten.
It needs no server: declarations are read, nothing is opened beyond this process.
"""

import argparse
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clarion.config.settings")

MADE = "<!-- made by scripts/generate_docs.py; change the code, then run it -->"
DIAGRAM = ("<!-- state diagram: begin (made by scripts/generate_docs.py) -->", "<!-- state diagram: end -->")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _page(title: str, introduction: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", MADE, introduction, *parts]) + "\n"


def architecture() -> str:
    """The page as it stands, with the diagram between its marks made anew."""
    from clarion.records.ledger.status import as_mermaid

    before, begin, rest = (DOCS / "architecture.md").read_text("utf-8").partition(DIAGRAM[0])
    _, end, after = rest.partition(DIAGRAM[1])
    if not begin or not end:
        sys.exit("docs/architecture.md has lost the marks of the state diagram")
    return f"{before}{begin}\n\n```mermaid\n{as_mermaid()}\n```\n\n{end}{after}"


def environment() -> str:
    """Every name of the environment, its default and meaning."""
    from clarion.config.environment import PREFIX, Environment

    rows = []
    for name, field in Environment.model_fields.items():
        default = "" if field.default == "" else str(field.default)
        rows.append((f"`{PREFIX}{name.upper()}`", f"`{default}`" if default else "", field.description or ""))
    introduction = (
        "Every name may be given as `NAME_FILE` instead, naming a file that holds the value. An empty value counts as "
        "unset. An unknown name that begins with `CLARION_`, or a wrong value, ends the start with a text that says "
        "what to change. Provider URLs are separated by white space, preferred first; their options are in "
        "[providers](providers.md)."
    )
    return _page("Environment", introduction, _table(("name", "default", "meaning"), rows))


@contextmanager
def _example_urls() -> Iterator[dict[str, str]]:
    """By scheme, a provider URL that can be opened meanwhile: that of its simulator, with the keys which that made."""
    from clarion.surfaces.cli.simulate import STANDS, open_simulator, shown_url

    with ExitStack() as stands:
        examples = {}
        for stand in STANDS.values():
            simulator = open_simulator(stand)
            simulator.start()
            stands.callback(simulator.stop)
            url = shown_url(stand, simulator.url, str(getattr(simulator, "credentials", "")))
            examples[url.partition(":")[0]] = url
        # declared as an account usually is, not as fast as its simulator
        yield {**examples, "smtp": "smtp://localhost?bounce_secret=x", "ses": "ses://key:secret@eu-west-1"}


def providers() -> str:
    """The matrix of what each provider declares."""
    from clarion.config.wiring import PROVIDERS
    from clarion.contract.account import parse_account_url
    from clarion.contract.channel import ChannelKey
    from clarion.contract.registry import Registry
    from clarion.testing.host import MemoryHost

    registry, host = Registry(PROVIDERS), MemoryHost().host()
    rows = []
    with _example_urls() as examples:
        for entry in PROVIDERS:
            channels = [key for key in ChannelKey if key in entry.channels]
            url = examples.get(entry.scheme, f"{entry.scheme}://")
            provider = registry.open(parse_account_url(url), channels[0], host)
            declared = provider.declaration
            provider.close()
            bytes_most = f"{declared.max_bytes // 1024} KiB" if declared.max_bytes else ""
            marks = (declared.batch_call, declared.idempotent, declared.confirms_delivery, declared.reports_delivery)
            folder = type(provider).__module__.split(".")[2]
            link = f"[{declared.name}](../../src/clarion/providers/{folder}/README.md)"
            numbers = (str(declared.max_batch), bytes_most, str(declared.concurrency), declared.default_rate)
            yes = tuple("yes" if mark else "" for mark in (*marks, declared.attachments))
            kinds = f" ({', '.join(sorted(declared.target_kinds))})" if declared.target_kinds else ""
            rows.append((link, f"`{entry.scheme}://`", ", ".join(channels) + kinds, *numbers, *yes))
    head = (
        *("provider", "scheme", "channels", "most per call", "most bytes", "concurrency"),
        *("default rate", "batch call", "idempotent"),
        *("confirms delivery", "reports delivery", "attachments"),
    )
    introduction = (
        "What each provider declares of itself (`clarion.contract.provider.Declaration`). A channel without a provider "
        "in the environment is carried by the sandbox; `in_app` and `websocket` are always carried by Clarion itself. "
        "*Confirms delivery*: taken means arrived. *Reports delivery*: a receipt may follow. The options of each URL "
        "are on the provider's own page; all know `name=`, `rate=` and `burst=` "
        "([limits](../howto/limits-and-failover.md))."
    )
    return _page("Providers", introduction, _table(head, rows))


def reasons() -> str:
    """Every reason with its sentence."""
    from clarion.contract.reasons import Reason
    from clarion.contract.sentences import REASONS

    rows = [(f"`{reason}`", REASONS[reason]) for reason in Reason]
    introduction = (
        "Why a notification met its fate, as `reason` shows it in the API and in decisions. Codes are stable: one may "
        "be added, none is renamed."
    )
    return _page("Reasons", introduction, _table(("code", "meaning"), rows))


def checks() -> str:
    """Every finding of the content checks."""
    from clarion.records.templating.checks import chat, contrast, mail, push
    from clarion.records.templating.checks.rules import RULES

    rows = [(f"`{code}`", str(rule.severity), rule.meaning, rule.hint) for code, rule in RULES.items()]
    limits = [
        ("subject", f"{mail.SUBJECT_SHOWN} characters"),
        ("preheader", f"{mail.PREHEADER_SHOWN} characters"),
        ("HTML of a mail", f"{mail.CLIPPED_BYTES // 1000} kB"),
        ("contrast", f"{contrast.LEAST}:1; {contrast.LEAST_LARGE}:1 from 24 px, or 18.66 px bold"),
        ("push title, text", f"{push.TITLE_SHOWN}, {push.BODY_SHOWN} characters"),
        ("push payload", "4096 bytes"),
        ("chat", f"{chat.SECTION} characters"),
        ("SMS", "one segment: 160 characters, 70 with any character outside of GSM-7"),
    ]
    introduction = (
        "What `clarion lint`, `POST /templates/validate` and publishing look for "
        "([how to use it](../howto/check-templates.md)). Codes are stable: one may be added, none is renamed. An error "
        "stops publishing; a warning is probably wrong; a note is worth knowing."
    )
    return _page(
        "Content checks",
        introduction,
        _table(("code", "severity", "found", "what to do"), rows),
        "## Limits",
        _table(("what", "from here on a finding"), limits),
    )


def permissions() -> str:
    """The permissions, and what each operation of the API asks for."""
    from sentences import PERMISSIONS

    from clarion.records.access.permissions import DEFAULT_PERMISSIONS, Permission
    from clarion.surfaces.api.urls import ROUTES

    rows = [(f"`{permission}`", PERMISSIONS[permission]) for permission in Permission]
    operations = []
    for route, view in ROUTES.items():
        path = re.sub(r"<\w+:(\w+)>", r"{\1}", route)
        for method in ("get", "post", "put", "patch", "delete"):
            if handler := getattr(view, method, None):
                asked = str(handler.operation.permission).replace("_", " ")
                does = (handler.__doc__ or "").strip().split("\n")[0].rstrip(".")
                operations.append((f"{method.upper()} `/{path}`", asked, does))
    introduction = (
        f"A user who registers holds {', '.join(f'`{p}`' for p in DEFAULT_PERMISSIONS)}. An API key holds the scopes "
        "it was made with, and never more than its owner. *any caller*: any valid token or key. *signed in*: a "
        "user's token, or a key with the scope `staff`. Some operations ask for more by what they are asked to do "
        "(sending to others, passing preferences over). Outside of `clarion up`, a subject and body of one's own go "
        "by other channels than `in_app` and `websocket` only with `send_others`; templates go by all."
    )
    table = _table(("operation under /api/v1", "needs", "does"), operations)
    return _page("Permissions", introduction, _table(("permission", "allows"), rows), "## Operations", table)


def command_line() -> str:
    """Every command with its options."""
    import typer.main

    from clarion.surfaces.cli.main import app

    parts = []
    for name, command in commands(typer.main.get_command(app)):
        parts.append(f"## clarion {name}\n\n{inspect.cleandoc(getattr(command, 'help', None) or '')}")
        if rows := [_option(parameter) for parameter in getattr(command, "params", ())]:
            parts.append(_table(("option", "default", "meaning"), rows))
    introduction = f"`clarion COMMAND --help` says the same. {app.info.epilog}"
    return _page("Command line", introduction, *parts)


def commands(group: object, before: str = "") -> Iterator[tuple[str, object]]:
    """Every command below a group, with its words; a group stands before its own."""
    for name, command in getattr(group, "commands", {}).items():
        yield f"{before}{name}", command
        yield from commands(command, f"{before}{name} ")


def _option(parameter: object) -> tuple[str, str, str]:
    names = [*getattr(parameter, "opts", ()), *getattr(parameter, "secondary_opts", ())]
    default = getattr(parameter, "default", None)
    if getattr(parameter, "required", False):
        shown = "required"
    elif default in (None, "", False):
        shown = ""
    else:
        shown = "on" if default is True else f"`{default}`"
    return ", ".join(f"`{name}`" for name in names), shown, getattr(parameter, "help", None) or ""


PAGES: dict[str, Callable[[], str]] = {
    "architecture.md": architecture,
    "reference/environment.md": environment,
    "reference/providers.md": providers,
    "reference/reasons.md": reasons,
    "reference/checks.md": checks,
    "reference/permissions.md": permissions,
    "reference/cli.md": command_line,
}


def stale() -> Iterator[tuple[Path, str]]:
    """The pages that differ from what stands in docs/, with what should stand there."""
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        if not path.exists() or path.read_text("utf-8") != text:
            yield path, text


def main() -> None:
    """Write what is stale, or say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    check = parser.parse_args().check
    import django

    django.setup()
    found = list(stale())
    for path, text in found:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    sys.exit(1 if check and found else 0)


if __name__ == "__main__":
    main()
