"""`clarion up`: the whole system in the foreground, with its own PostgreSQL and Valkey where none is given.

The order of the start is here; how processes are kept running and ended is `clarion.embedded`'s.
"""

import os
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clarion.embedded.child import ChildSpec
from clarion.embedded.errors import AlreadyRunning, EmbeddedError
from clarion.surfaces.cli.exits import Exit, leave
from clarion.surfaces.cli.ports import base_url, wait_until_free

if TYPE_CHECKING:
    from clarion.embedded.supervisor import Supervisor

STORE_SECONDS = 60.0
READY_SECONDS = 60.0
# Processes of a killed run notice its death at once, but need a moment to end.
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was asked for."""

    host: str
    port: int
    data_dir: Path
    workers: int
    with_demo: bool

    @property
    def url(self) -> str:
        """Where this machine's browser finds the system."""
        return base_url(self.host, self.port)


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    data_dir: Annotated[Path, typer.Option(help="Where data and secrets are kept.")] = Path(".clarion"),
    workers: Annotated[int, typer.Option(min=1, help="Number of worker processes.")] = 1,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="With example users, templates and messages.")] = True,
) -> None:
    """Start the whole system here: web, workers, scheduler, and PostgreSQL and Valkey where none is configured."""
    from clarion.embedded.datadir import locked, make_data_dir

    try:
        directory = make_data_dir(data_dir)
        with locked(directory) as was_killed:
            plan = Plan(host=host, port=port, data_dir=directory, workers=workers, with_demo=demo)
            _check_port(plan, PATIENCE_SECONDS if was_killed else 0)
            _run(plan)
    except AlreadyRunning as error:
        leave(Exit.TAKEN, str(error))
    except EmbeddedError as error:
        leave(Exit.FAILED, str(error))


def _check_port(plan: Plan, patience_seconds: float) -> None:
    try:
        if wait_until_free(plan.host, plan.port, patience_seconds):
            return
    except OSError as error:
        leave(Exit.USAGE, f"Cannot listen on {plan.host}: {error.strerror or error}. Give another --host.")
    raise AlreadyRunning(
        f"Port {plan.port} on {plan.host} is in use or not allowed. Stop the program that holds it, or choose another "
        f"one: clarion up --port {plan.port + 1 if plan.port < 65535 else 8000}"
    )


def _run(plan: Plan) -> None:
    from clarion.embedded.supervisor import Supervisor

    with Supervisor() as supervisor:
        environment = _start_stores(supervisor, plan)
        supervisor.say("bringing the database up to date")
        _run_step(supervisor, "migrate", environment, "migrate")
        if plan.with_demo:
            supervisor.say("adding demo data")
            _run_step(supervisor, "demo", environment, "manage", "seed_demo")
        for spec in process_specs(plan, environment):
            supervisor.keep_running(spec)
        if supervisor.wait_until(lambda: answers(f"{plan.url}/readyz"), READY_SECONDS):
            _welcome(plan)
        else:
            supervisor.say(f"not ready after {READY_SECONDS:.0f} s: the lines above say why; still trying")
        supervisor.supervise()


def _start_stores(supervisor: "Supervisor", plan: Plan) -> dict[str, str]:
    """Start the bundled servers that are wanted and return the environment for everything else."""
    from clarion.embedded import broker, cluster, keys
    from clarion.embedded.location import locate
    from clarion.surfaces.cli.upenv import child_environment, is_set

    made = keys.load_or_make(plan.data_dir)
    stores = {}
    if not is_set(os.environ, "CLARION_DATABASE_URL"):
        supervisor.say("starting PostgreSQL")
        postgres = cluster.prepare(locate(plan.data_dir))
        _start_store(supervisor, postgres.spec(), postgres.is_ready)
        stores["CLARION_DATABASE_URL"] = postgres.url
    if not is_set(os.environ, "CLARION_REDIS_URL"):
        supervisor.say("starting Valkey")
        valkey = broker.prepare(plan.data_dir, made.valkey_password)
        _start_store(supervisor, valkey.spec(), valkey.is_ready)
        stores["CLARION_REDIS_URL"] = valkey.url
    environment = child_environment(os.environ, keys=made, data_dir=plan.data_dir, public_url=plan.url, stores=stores)
    if not _is_loopback(plan.host) and not is_set(os.environ, "CLARION_OUTBOX"):
        # others can reach this port: the outbox shows messages and sends, so it asks who is there
        environment["CLARION_OUTBOX"] = "on"
    return environment


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _start_store(supervisor: "Supervisor", spec: ChildSpec, is_ready: Callable[[], bool]) -> None:
    supervisor.keep_running(spec)
    if not supervisor.wait_until(is_ready, STORE_SECONDS):
        raise EmbeddedError(f"The bundled {spec.name} did not start within {STORE_SECONDS:.0f} s; see its lines above.")


def _run_step(supervisor: "Supervisor", name: str, environment: Mapping[str, str], *command: str) -> None:
    if supervisor.run_to_end(clarion_process(name, environment, *command)) != 0:
        raise EmbeddedError(f"`clarion {' '.join(command)}` failed; its lines above say why. Nothing was left running.")


def process_specs(plan: Plan, environment: Mapping[str, str]) -> list[ChildSpec]:
    """The system's own processes, in the order of their start."""
    specs = [clarion_process("web", environment, "web", "--host", plan.host, "--port", str(plan.port))]
    for number in range(1, plan.workers + 1):
        name = "worker" if plan.workers == 1 else f"worker{number}"
        specs.append(clarion_process(name, environment, "worker"))
    return [*specs, clarion_process("beat", environment, "beat")]


def clarion_process(name: str, environment: Mapping[str, str], *command: str) -> ChildSpec:
    """A `clarion` command of this very installation as a child."""
    argv = (sys.executable, "-P", "-m", "clarion.surfaces.cli.main", *command)
    return ChildSpec(name=name, argv=argv, environment=environment)


def answers(url: str) -> bool:
    """Whether a GET is answered with 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 -- our own http URL
            return bool(response.status == 200)
    except (OSError, ValueError):
        return False


def _welcome(plan: Plan) -> None:
    from rich.console import Console

    from clarion.surfaces.cli.welcome import read_demo, show_welcome

    demo = read_demo(plan.data_dir / "demo.json") if plan.with_demo else None
    show_welcome(Console(), base_url=plan.url, data_dir=plan.data_dir, demo=demo)
