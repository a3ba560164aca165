"""Mail over SMTP. See README.md for the URL's options."""

from clarion.providers.smtp.send import ENTRY

__all__ = ["ENTRY"]
