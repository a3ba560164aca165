"""Content given with the call instead of a template: subject and body → the fields of a channel.

Inline content is taken literally; variables are what templates are for.
"""

from collections.abc import Mapping

from clarion.contract.channel import ChannelKey

EVENT = "notification"


def inline_fields(key: ChannelKey, subject: str, body: str) -> Mapping[str, str]:
    """The channel's fields for a subject and a body; a missing one is filled from the other where needed."""
    title = subject or body.strip().partition("\n")[0][:80]
    match key:
        case ChannelKey.EMAIL:
            return {"subject": title, "text": body or subject}
        case ChannelKey.SMS:
            return {"body": body or subject}
        case ChannelKey.WEBHOOK:
            return {"event": EVENT}
        case ChannelKey.CHAT:
            return {"title": subject, "text": body or subject}
        case ChannelKey.PUSH | ChannelKey.IN_APP | ChannelKey.WEBSOCKET:
            return {"title": title, "body": body or subject}
