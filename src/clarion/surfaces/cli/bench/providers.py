"""How fast each provider hands messages over, against quick stand-ins for the vendors; no database, no rendering."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from secrets import token_bytes, token_urlsafe
from typing import ClassVar
from urllib.parse import quote

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.measured import Extent, Measured, Meter, rate
from clarion.surfaces.cli.bench.provider_calls import Calls, Taken
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.demo_system import demo_environment

# named, not imported: the test ground is nobody's dependency
VENDORS = "clarion.testing.vendor_process"
CALLER = "clarion.surfaces.cli.bench.provider_calls"
SPEAK_SECONDS = 60.0
SLOWEST_PER_SECOND = 100
SLACK_TO = "C0123456789"
DEVICE = "ab" * 32
FCM_DEVICE = "fcm-token-" + "a" * 140
CONCURRENCY = "concurrency=128"


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vendors' stand-ins listen."""

    http: str
    smtp_port: int
    apns: str
    apns_key: str
    fcm_key: str
    webpush_key: str
    subscription: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """One provider in one process, batch after batch as a worker gives them (500 at most); the stand-in has another."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("provider", "channel", "n", "messages/s", "sent")

    provider: str
    channel: ChannelKey
    number: int
    per_second: float
    sent: int
    detail: str

    @property
    def flaw(self) -> str:
        missing = self.number - self.sent
        return f"{self.provider}: {missing} were not sent ({self.detail})" if missing else ""

    def cells(self) -> tuple[str, ...]:
        return self.provider, str(self.channel), str(self.number), f"{self.per_second:.0f}", str(self.sent)


def measure_providers(extent: Extent, meter: Meter) -> Iterator[Measured]:
    """One row for each provider that calls a vendor."""
    environment = {
        **demo_environment(),
        "CLARION_SECRET_KEY": token_urlsafe(32),
        "CLARION_ENCRYPTION_KEYS": urlsafe_b64encode(token_bytes(32)).decode(),
        "CLARION_JWT_KEY": token_urlsafe(32),
        "CLARION_LOG_LEVEL": "error",
        # never asked: providers know no database
        "CLARION_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "CLARION_REDIS_URL": "redis://127.0.0.1:9/0",
    }
    with ExitStack() as stack:
        vendors = stack.enter_context(SideProcess(VENDORS, demo_environment()))
        where = vendors.hear(Listening, SPEAK_SECONDS)
        caller = stack.enter_context(SideProcess(CALLER, environment))
        for name, order in _orders(where, extent.handed_over).items():
            meter.stage(f"{name}: {order.number} messages")
            caller.tell(order)
            taken = caller.hear(Taken, SPEAK_SECONDS + order.number / SLOWEST_PER_SECOND)
            yield HandedOver(
                provider=name,
                channel=order.channel,
                number=order.number,
                per_second=rate(order.number, taken.seconds),
                sent=taken.outcomes.get("sent", 0),
                detail=taken.detail,
            )


def _orders(where: Listening, number: int) -> dict[str, Calls]:
    http = f"endpoint={where.http}&{CONCURRENCY}"
    host = where.http.removeprefix("http://")
    aws = "ses://AKIAIOSFODNN7EXAMPLE:secret@eu-west-1"
    sms = quote('{"to":{to},"text":{text}}')

    def calls(channel: ChannelKey, url: str, to: str = "", kind: str = "") -> Calls:
        return Calls(channel=channel, url=url, number=number, to=to, kind=kind)

    email, push = ChannelKey.EMAIL, ChannelKey.PUSH
    return {
        "smtp": calls(email, f"smtp://127.0.0.1:{where.smtp_port}?tls=none"),
        "ses": calls(email, f"{aws}?{http}"),
        "sendgrid": calls(email, f"sendgrid://SG.key@?{http}"),
        "twilio": calls(ChannelKey.SMS, f"twilio://AC{'0' * 31}1:token@?from=%2B15005550006&{http}"),
        "beem": calls(ChannelKey.SMS, f"beem://key:secret@?sender=INFO&{http}"),
        "httpsms": calls(ChannelKey.SMS, f"httpsms://token@{host}/v1/messages?tls=no&body={sms}&id=id&{CONCURRENCY}"),
        "fcm": calls(push, f"fcm://{where.fcm_key}?{http}", FCM_DEVICE, "fcm_token"),
        "apns": calls(
            push,
            f"apns://{where.apns_key}?key_id=SIMKEY1234&team_id=SIMTEAM123&topic=com.example.app&endpoint={where.apns}",
            DEVICE,
            "apns",
        ),
        "webpush": calls(
            push,
            f"webpush://?private_key={where.webpush_key}&subject=mailto:ops@example.com&{http}",
            where.subscription,
            "webpush",
        ),
        "slack": calls(ChannelKey.CHAT, f"slack://xoxb-token@?{http}", SLACK_TO),
        "webhook": calls(ChannelKey.WEBHOOK, f"webhook://?{CONCURRENCY}", f"{where.http}/in"),
    }
