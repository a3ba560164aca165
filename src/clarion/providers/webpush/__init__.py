"""Web Push: browsers, by RFC 8030, 8291 and 8292. See README.md for keys and the URL's options."""

from clarion.providers.webpush.send import ENTRY

__all__ = ["ENTRY"]
