"""SMS through Beem Africa. See README.md for the URL's options and how to get keys."""

from clarion.providers.beem.send import ENTRY

__all__ = ["ENTRY"]
