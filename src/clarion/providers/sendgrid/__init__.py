"""Mail through Twilio SendGrid, API version 3. See README.md for the URL's options."""

from clarion.providers.sendgrid.send import ENTRY

__all__ = ["ENTRY"]
