"""Sends through the layer as a worker would. Orders come by stdin, a line of JSON each; each is answered by a line."""

import asyncio
import json
import sys
import time
from typing import Any

from channels.layers import get_channel_layer

BODY = "Your order has been shipped and is on its way to you. " * 3


def event(name: str) -> dict[str, Any]:
    """About as long as a notification of the system under test."""
    return {"type": "notify", "data": {"id": name, "title": "Order shipped", "body": BODY, "priority": 3}}


async def paced(order: dict[str, Any]) -> dict[str, Any]:
    """So many messages a second, to one user each."""
    layer = get_channel_layer()
    called = {}
    began = time.monotonic()
    for number in range(order["number"]):
        ahead = began + number / order["per_second"] - time.monotonic()
        if ahead > 0:
            await asyncio.sleep(ahead)
        name = f"m{number}"
        called[name] = time.time()
        await layer.group_send(f"user_{order['users'][number % len(order['users'])]}", event(name))
    return {"called": called}


async def broadcast(order: dict[str, Any]) -> dict[str, Any]:
    """One message to everybody."""
    called = {order["name"]: time.time()}
    await get_channel_layer().group_send("everybody", event(order["name"]))
    return {"called": called}


async def main() -> None:
    """Obey until there are no more lines."""
    for line in sys.stdin:
        order = json.loads(line)
        answer = await (paced if order["do"] == "paced" else broadcast)(order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
