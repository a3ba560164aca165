"""SMS through Twilio's Messages API. See README.md for the URL's options and how to get keys."""

from clarion.providers.twilio.send import ENTRY

__all__ = ["ENTRY"]
