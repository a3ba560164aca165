"""`clarion simulate`: a vendor's stand-in on loopback, to develop against without an account.

What each vendor checks and answers is in testing/simulators; this is only the table of them and the door.
"""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
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
    """Where a vendor's simulator is (`module:Class` within testing.simulators), the setting that names its provider,
    and a provider URL that works with it: `{url}` is the simulator's address, `{host}` the same without `http://`,
    `{credentials}` the key or the key file that it made for itself."""

    simulator: str
    setting: str
    provider_url: str


# provider: where its simulator is, the setting, the provider URL
_TABLE: Mapping[str, tuple[str, str, str]] = {
    "apns": (
        "apns:ApnsSimulator",
        "CLARION_PUSH",
        "apns://{credentials}?key_id=SIMKEY1234&team_id=SIMTEAM123&topic=com.example.app&endpoint={url}",
    ),
    "beem": (
        "beem:BeemSimulator",
        "CLARION_SMS",
        "beem://simulated-key:simulated-secret@?sender=INFO&endpoint={url}",
    ),
    "fcm": (
        "fcm:FcmSimulator",
        "CLARION_PUSH",
        "fcm://{credentials}?endpoint={url}",
    ),
    "http-sms": (
        "http_sms:HttpSmsSimulator",
        "CLARION_SMS",
        (
            "httpsms://:simulated-token@{host}/v1/messages?tls=no"
            '&headers=Authorization:Bearer%20{{password}}&body={{"to":{{to}},"text":{{text}},"ref":{{id}}}}&id=id'
        ),
    ),
    "postmark": (
        "postmark:PostmarkSimulator",
        "CLARION_EMAIL",
        "anymail://postmark?server_token=00000000-simulated-0000-0000-token0000000&endpoint={url}",
    ),
    "sendgrid": (
        "sendgrid:SendGridSimulator",
        "CLARION_EMAIL",
        "sendgrid://SG.simulated.key@?endpoint={url}",
    ),
    "ses": (
        "ses:SesSimulator",
        "CLARION_EMAIL",
        "ses://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI%2FK7MDENG%2FbPxRfiCYEXAMPLEKEY@eu-west-1?rate=100/s&endpoint={url}",
    ),
    "slack": (
        "slack:SlackSimulator",
        "CLARION_CHAT",
        "slack://xoxb-simulated-token@?endpoint={url}",
    ),
    "twilio": (
        "twilio:TwilioSimulator",
        "CLARION_SMS",
        "twilio://AC00000000000000000000000000000001:simulated-token@?from=%2B15005550006&endpoint={url}",
    ),
    "webpush": (
        "webpush:WebPushSimulator",
        "CLARION_PUSH",
        "webpush://?private_key={credentials}&subject=mailto:ops@example.com&endpoint={url}",
    ),
}
STANDS = {
    provider: Stand(simulator=simulator, setting=setting, provider_url=url)
    for provider, (simulator, setting, url) in _TABLE.items()
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
    return cast(Simulator, resolve_name(f"{MODULES}.{stand.simulator}")())


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
