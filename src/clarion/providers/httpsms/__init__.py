"""Any SMS gateway that speaks HTTP, described by a small template. See README.md for its options."""

from clarion.providers.httpsms.send import ENTRY

__all__ = ["ENTRY"]
