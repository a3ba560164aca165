"""The in-app inbox as a provider: what is appended has arrived."""

from clarion.providers.in_app.send import ENTRY

__all__ = ["ENTRY"]
