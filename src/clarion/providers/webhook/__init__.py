"""Webhooks by Standard Webhooks 1.0.0. See README.md for the URL's options."""

from clarion.providers.webhook.send import ENTRY

__all__ = ["ENTRY"]
