"""The ASGI side: WebSocket alone, or both protocols on one port (docs/decisions/0002-one-port.md)."""

from clarion.config.wsgi import application as http_application  # sets Django up
from clarion.surfaces.realtime.bridge import one_port
from clarion.surfaces.realtime.routing import websocket_application

__all__ = ["application", "websocket_application"]

application = one_port(http_application, websocket_application)
