"""The two explicit lists, channels and providers, and the ports lent to providers. Frozen at start."""

from importlib.metadata import entry_points

from django.conf import settings

from clarion.channels.registry import CHANNELS
from clarion.config.environment import Environment
from clarion.contract.channel import ChannelKey
from clarion.contract.host import Host
from clarion.contract.registry import Entry, Registry, install
from clarion.providers import (
    anymail,
    apns,
    apprise,
    beem,
    fcm,
    httpsms,
    in_app,
    sandbox,
    sendgrid,
    ses,
    slack,
    smtp,
    twilio,
    webhook,
    webpush,
    websocket,
)
from clarion.records.inbox.store import InboxStore
from clarion.records.live.layer import LiveLayer
from clarion.records.outbox.store import OutboxStore

PROVIDERS: tuple[Entry, ...] = (
    smtp.ENTRY,
    ses.ENTRY,
    sendgrid.ENTRY,
    anymail.ENTRY,
    twilio.ENTRY,
    beem.ENTRY,
    httpsms.ENTRY,
    fcm.ENTRY,
    apns.ENTRY,
    webpush.ENTRY,
    slack.ENTRY,
    apprise.ENTRY,
    webhook.ENTRY,
    in_app.ENTRY,
    websocket.ENTRY,
    sandbox.ENTRY,
)
ENTRY_POINT_GROUP = "clarion.providers"
LOCAL = {ChannelKey.IN_APP: ["inapp://"], ChannelKey.WEBSOCKET: ["websocket://"]}
SANDBOX = ["sandbox://"]


def configured(env: Environment) -> dict[ChannelKey, list[str]]:
    """Provider URLs by channel, preferred first; a channel without any is carried by the sandbox."""
    named = {
        ChannelKey.EMAIL: env.email,
        ChannelKey.SMS: env.sms,
        ChannelKey.PUSH: env.push,
        ChannelKey.CHAT: env.chat,
        ChannelKey.WEBHOOK: env.webhook,
    }
    return {key: LOCAL.get(key) or named[key].split() or SANDBOX for key in CHANNELS}


def wire() -> None:
    """Install the registry with our providers and those of installed packages."""
    others = [point.load() for point in entry_points(group=ENTRY_POINT_GROUP)]
    host = Host(
        inbox=InboxStore(),
        live=LiveLayer(),
        outbox=OutboxStore(),
        sender_email=settings.ENV.email_from,
        allow_private_targets=settings.ENV.webhook_allow_private,
    )
    install(Registry([*PROVIDERS, *others]), host)
