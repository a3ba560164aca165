"""The WebSocket channel as a provider: the item is stored, then shown to whoever is connected."""

from clarion.providers.websocket.send import ENTRY

__all__ = ["ENTRY"]
