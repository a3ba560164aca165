"""Firebase Cloud Messaging, HTTP v1. See README.md for keys and the URL's options."""

from clarion.providers.fcm.send import ENTRY

__all__ = ["ENTRY"]
