"""Mail through Amazon SES, API version 2. See README.md for the URL's options."""

from clarion.providers.ses.send import ENTRY

__all__ = ["ENTRY"]
