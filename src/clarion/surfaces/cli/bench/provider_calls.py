"""Run as a process of its own: opens a provider and hands it messages in batches, as a worker does, without a database.

Each line on stdin is an order; the answer says how many were taken, and how long it took.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent, Content, EmailContent, PushContent, SmsContent, WebhookContent
from clarion.contract.message import Message, Target

if TYPE_CHECKING:
    from clarion.contract.provider import Provider

ENGINES_BATCH = 500
WARM_UP = 200
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- the example of the specification
HTML = "<table><tr><td style='padding:8px 0;font-size:16px'>Ceramic mug × 2</td><td>49.00</td></tr></table>" * 32


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """So many messages on a channel through an account; `to` is the target (empty: each has its own), `kind` the token
    kind of a device."""

    channel: ChannelKey
    url: str
    number: int
    to: str
    kind: str = ""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """`outcomes`: by their names, with the first detail of what was not sent."""

    outcomes: dict[str, int]
    seconds: float
    detail: str = ""


def _open(order: Calls) -> "Provider":
    from dataclasses import replace

    from clarion.contract.account import parse_account_url
    from clarion.contract.registry import installed

    wired = installed()
    host = replace(wired.host, allow_private_targets=True)
    return wired.registry.open(parse_account_url(order.url), order.channel, host)


def _measure(order: Calls) -> Taken:
    provider = _open(order)
    most = min(ENGINES_BATCH, provider.declaration.max_batch)
    try:
        _count(provider, list(_messages(order, WARM_UP, "warm")), most)
        messages = list(_messages(order, order.number, "m"))
        began = time.perf_counter()
        outcomes, detail = _count(provider, messages, most)
        return Taken(outcomes=outcomes, detail=detail, seconds=time.perf_counter() - began)
    finally:
        provider.close()


def _count(provider: "Provider", messages: Sequence[Message], most: int) -> tuple[dict[str, int], str]:
    counted: Counter[str] = Counter()
    detail = ""
    for first in range(0, len(messages), most):
        for _, outcome in provider.send(messages[first : first + most]):
            name = type(outcome).__name__.lower()
            counted[name] += 1
            if name != "sent":
                detail = detail or outcome.detail
    return dict(counted), detail


def _messages(order: Calls, number: int, mark: str) -> Iterator[Message]:
    now = datetime.now(UTC)
    extra = {"secret": SECRET} if order.channel is ChannelKey.WEBHOOK else {}
    if order.kind:
        extra = {"token_kind": order.kind, "platform": "web" if order.kind == "webpush" else "ios"}
    for place in range(number):
        to = order.to or _address(order.channel, place)
        key = f"{mark}-{place:08d}-0000-7000-8000-000000000000"
        yield Message(
            id=key,
            notification_id=key,
            user_id="00000000-0000-7000-8000-000000000001",
            target=Target(value=to, extra=extra),
            content=_content(order.channel, place),
            category="orders",
            created_at=now,
        )


def _address(channel: ChannelKey, place: int) -> str:
    """One of its own for each: a batch call names an address only once."""
    return f"+2557{place % 100_000_000:08d}" if channel is ChannelKey.SMS else f"ann{place}@example.com"


def _content(channel: ChannelKey, place: int) -> Content:
    words = f"Order {place} is on its way."
    match channel:
        case ChannelKey.EMAIL:
            return EmailContent(subject=f"Order {place}", text=words, html=f"<p>{words}</p>{HTML}")
        case ChannelKey.SMS:
            return SmsContent(body="Your order is on its way.")
        case ChannelKey.PUSH:
            return PushContent(title="Clarion", body=words, data={"order": place})
        case ChannelKey.CHAT:
            return ChatContent(text=words)
        case _:
            return WebhookContent(event="order.shipped", data={"order": place})


def main() -> None:
    """Obey until stdin ends."""
    from clarion.surfaces.cli.upenv import SETTINGS

    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    import django

    django.setup()
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Calls)
        sys.stdout.buffer.write(msgspec.json.encode(_measure(order)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
