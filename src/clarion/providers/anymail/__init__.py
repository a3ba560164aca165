"""A bridge to the mail services that django-anymail covers. See README.md for what a bridge cannot do."""

from clarion.providers.anymail.entry import ENTRY

__all__ = ["ENTRY"]
