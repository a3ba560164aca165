"""A bridge to the mail services that django-anymail covers. See README.md for what a bridge cannot do."""

from clarion.providers.anymail.send import ENTRY

__all__ = ["ENTRY"]
