"""The ASGI side: WebSockets. `application` speaks both, for one port (docs/decisions/0002-one-port.md)."""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clarion.config.settings")
if not settings.configured or not django.apps.apps.ready:
    django.setup()

from clarion.surfaces.realtime.routing import websocket_application  # noqa: E402 - Django must be set up first

__all__ = ["websocket_application"]
