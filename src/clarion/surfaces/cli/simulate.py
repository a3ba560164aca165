"""`clarion simulate`: a vendor's stand-in on loopback, to develop against without an account.

What each vendor checks and answers is in testing/simulators; this is only the table of them and the door.
"""

import importlib
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Annotated, Protocol, cast

import typer

from clarion.surfaces.cli.exits import Exit, leave

MODULES = "clarion.testing.simulators"


class Simulator(Protocol):
    """What a testing.simulators.simulator.Simulator can, as far as it matters here."""

    @property
    def url(self) -> str: ...

    def start(self, port: int = 0) -> object: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a vendor's simulator is, the setting that names its provider, and a provider URL that works with it:
    `{url}` is the simulator's address, `{host}` the same without `http://`, `{credentials}` the key
    or the key file that it made for itself."""

    module: str
    name: str
    setting: str
    provider_url: str


STANDS: dict[str, Stand] = {
    "apns": Stand(
        module=f"{MODULES}.apns",
        name="ApnsSimulator",
        setting="CLARION_PUSH",
        provider_url="apns://{credentials}?key_id=SIMKEY1234&team_id=SIMTEAM123&topic=com.example.app&endpoint={url}",
    ),
    "beem": Stand(
        module=f"{MODULES}.beem",
        name="BeemSimulator",
        setting="CLARION_SMS",
        provider_url="beem://simulated-key:simulated-secret@?sender=INFO&endpoint={url}",
    ),
    "fcm": Stand(
        module=f"{MODULES}.fcm",
        name="FcmSimulator",
        setting="CLARION_PUSH",
        provider_url="fcm://{credentials}?endpoint={url}",
    ),
    "http-sms": Stand(
        module=f"{MODULES}.http_sms",
        name="HttpSmsSimulator",
        setting="CLARION_SMS",
        provider_url="httpsms://:simulated-token@{host}/v1/messages?tls=no"
        '&headers=Authorization:Bearer%20{{password}}&body={{"to":{{to}},"text":{{text}},"ref":{{id}}}}&id=id',
    ),
    "postmark": Stand(
        module=f"{MODULES}.postmark",
        name="PostmarkSimulator",
        setting="CLARION_EMAIL",
        provider_url="anymail://postmark?server_token=00000000-simulated-0000-0000-token0000000&endpoint={url}",
    ),
    "sendgrid": Stand(
        module=f"{MODULES}.sendgrid",
        name="SendGridSimulator",
        setting="CLARION_EMAIL",
        provider_url="sendgrid://SG.simulated.key@?endpoint={url}",
    ),
    "ses": Stand(
        module=f"{MODULES}.ses",
        name="SesSimulator",
        setting="CLARION_EMAIL",
        provider_url="ses://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI%2FK7MDENG%2FbPxRfiCYEXAMPLEKEY@eu-west-1"
        "?rate=100/s&endpoint={url}",
    ),
    "slack": Stand(
        module=f"{MODULES}.slack",
        name="SlackSimulator",
        setting="CLARION_CHAT",
        provider_url="slack://xoxb-simulated-token@?endpoint={url}",
    ),
    "twilio": Stand(
        module=f"{MODULES}.twilio",
        name="TwilioSimulator",
        setting="CLARION_SMS",
        provider_url="twilio://AC00000000000000000000000000000001:simulated-token@?from=%2B15005550006&endpoint={url}",
    ),
    "webpush": Stand(
        module=f"{MODULES}.webpush",
        name="WebPushSimulator",
        setting="CLARION_PUSH",
        provider_url="webpush://?private_key={credentials}&subject=mailto:ops@example.com&endpoint={url}",
    ),
}


def simulate(
    provider: Annotated[str, typer.Argument(help="Whom to stand in for: " + ", ".join(sorted(STANDS)) + ".")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")] = 0,
) -> None:
    """Run a vendor's stand-in on loopback until Ctrl-C, and print how to use it."""
    stand = STANDS.get(provider)
    if stand is None:
        leave(Exit.USAGE, f"There is no simulator for {provider!r}; there are {', '.join(sorted(STANDS))}.")
    simulator = open_simulator(stand)
    try:
        simulator.start(port)
    except OSError as error:
        simulator.stop()
        leave(Exit.TAKEN, f"Port {port} on 127.0.0.1 cannot be used ({error.strerror}). Give another --port.")
    with _ending() as ended:
        typer.echo(f"{provider} is simulated on {simulator.url} (Ctrl-C ends it). Start Clarion with")
        credentials = str(getattr(simulator, "credentials", ""))
        typer.echo(f"  {stand.setting}='{shown_url(stand, simulator.url, credentials)}'")
        ended.wait()
    simulator.stop()


def open_simulator(stand: Stand) -> Simulator:
    """The simulator of a stand, not started yet."""
    return cast(Simulator, getattr(importlib.import_module(stand.module), stand.name)())


def shown_url(stand: Stand, url: str, credentials: str = "") -> str:
    """The provider URL for a simulator that listens at `url` and made these credentials."""
    return stand.provider_url.format(url=url, host=url.removeprefix("http://"), credentials=credentials)


@contextmanager
def _ending() -> Iterator[threading.Event]:
    """An event that Ctrl-C or a TERM sets; both end the command with 0."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
