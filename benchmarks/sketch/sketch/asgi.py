"""The consumer."""

import json
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path


class NotificationConsumer(AsyncWebsocketConsumer):
    """One socket: in its user's group and in everybody's."""

    async def connect(self) -> None:
        user = parse_qs(self.scope["query_string"].decode())["user"][0]
        self.own = [f"user_{user}", "everybody"]
        for group in self.own:
            await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        for group in self.own:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def notify(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"type": "notification", "data": event["data"]}))


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/notifications/", NotificationConsumer.as_asgi())])})
