"""Apple Push Notification service, token authentication over HTTP/2. See README.md for keys and the URL's options."""

from clarion.providers.apns.send import ENTRY

__all__ = ["ENTRY"]
