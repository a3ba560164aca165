"""The production processes, one command each: web, realtime, worker, beat; and migrate.

Each becomes the server it is about (exec), or calls one function. What they serve is `clarion.config`'s.
"""

import os
import resource
import socket
import sys
from typing import Annotated, NoReturn

import typer

from clarion.surfaces.cli.exits import Exit, leave
from clarion.surfaces.cli.upenv import SETTINGS

LARGEST_SOCKET_MESSAGE_BYTES = 64 * 1024
GRACEFUL_SECONDS = 5
# Per process, HTTP and WebSocket together: beyond it HTTP is answered 503, while WebSockets are still let in.
MOST_CONNECTIONS = 12_000
OTHER_FILES = 200
SOUNDNESS = "clarion.config.checks.require_soundness"  # by name: the wiring is above us

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Processes = Annotated[int, typer.Option(min=1, help="Number of processes.")]
Threads = Annotated[int, typer.Option(min=1, help="Requests (or tasks) at one time, per process.")]


def web(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Processes = 1,
    threads: Threads = 8,
    http_only: Annotated[
        bool, typer.Option("--http-only", help="Without WebSocket, a fifth faster; run `clarion realtime` beside it.")
    ] = False,
) -> None:
    """Serve HTTP and WebSocket on one port."""
    from clarion.surfaces.realtime.bridge import THREADS_VARIABLE

    os.environ[THREADS_VARIABLE] = str(threads)
    if http_only:
        _become_http_server(host, port, workers, threads)
    _become_asgi_server("clarion.config.asgi:application", host, port, workers)


def realtime(host: Host = "127.0.0.1", port: Port = 8001, workers: Processes = 1) -> None:
    """Serve WebSocket only, beside `clarion web --http-only` and behind a proxy that routes /ws/."""
    _become_asgi_server("clarion.config.asgi:websocket_application", host, port, workers)


def worker(
    lanes: Annotated[
        str, typer.Option(help="Channels to work for, separated by commas; all of them if left out.")
    ] = "",
    threads: Threads = 22,
) -> None:
    """Work the delivery lanes."""
    name = f"worker-{os.getpid()}@{socket.gethostname()}"
    queues = ",".join(f"lane.{lane}" for lane in parse_lanes(lanes))
    options = ["--pool", "threads", "--concurrency", str(threads), "--hostname", name, "--queues", queues]
    options += ["--without-mingle", "--without-gossip", "--loglevel", os.environ.get("CLARION_LOG_LEVEL", "info")]
    _become("celery", "--app", "clarion.config.celery:app", "--quiet", "worker", *options)


def beat() -> None:
    """Ring the lanes when something in them falls due."""
    _set_up_django()
    from django.utils.module_loading import import_string

    from clarion.flows.delivery.beat import run

    import_string(SOUNDNESS)()
    run()


def migrate() -> None:
    """Bring the database's tables up to date."""
    _set_up_django()
    from django.core.management import call_command
    from django.db import OperationalError

    try:
        call_command("migrate", interactive=False)
        call_command("prepare")
    except OperationalError:
        leave(Exit.FAILED, "The database does not answer: check CLARION_DATABASE_URL and that the server runs.")


def parse_lanes(text: str) -> list[str]:
    """The lanes named in `a,b`, in the closed set's order; all, jobs and feedback for an empty text. A channel's name
    means its lane, `email.bulk` the one for its bulk work. Ends the command on others."""
    from clarion.records.ledger.lanes import FEEDBACK, JOBS, lanes

    every = [*lanes(), JOBS, FEEDBACK]
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = names - set(every)
    if unknown:
        known = ", ".join(every)
        leave(Exit.USAGE, f"There is no lane {', '.join(sorted(unknown))}. The lanes are: {known}.")
    return [lane for lane in every if not names or lane in names]


def _become_asgi_server(application: str, host: str, port: int, workers: int) -> NoReturn:
    # Uvicorn and not Granian: it pings silent sockets and bounds messages, which Granian (2.8) has no option for.
    options = ["--host", host, "--port", str(port), "--workers", str(workers), "--lifespan", "off", "--no-access-log"]
    options += ["--no-server-header", "--timeout-graceful-shutdown", str(GRACEFUL_SECONDS), "--log-level", "warning"]
    options += ["--limit-concurrency", str(_connections())]
    options += [
        "--ws-max-size",
        str(LARGEST_SOCKET_MESSAGE_BYTES),
        "--ws-ping-interval",
        "20",
        "--ws-ping-timeout",
        "20",
    ]
    _become("uvicorn", application, *options)


def _connections() -> int:
    """As many as the system lets a process have open at a time, up to a bound."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = (
        MOST_CONNECTIONS + OTHER_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_CONNECTIONS + OTHER_FILES)
    )
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - OTHER_FILES, 1)


def _become_http_server(host: str, port: int, workers: int, threads: int) -> NoReturn:
    options = ["--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers), "--no-ws"]
    options += ["--blocking-threads", str(threads), "--respawn-failed-workers", "--log-level", "warning"]
    options += ["--workers-kill-timeout", str(GRACEFUL_SECONDS)]
    _become("granian", "clarion.config.wsgi:application", *options)


def _become(program: str, *arguments: str) -> NoReturn:
    """Replace this process by the server, so that signals reach it directly; -P: no module of the current directory."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", program, *arguments])


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        leave(Exit.USAGE, str(error))
