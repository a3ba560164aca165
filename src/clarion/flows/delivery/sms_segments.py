"""How many segments a message has: as the provider counted, else as we do. None for what is no text message."""

from clarion.channels.sms_segments import count_segments
from clarion.contract.content import SmsContent
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Sent


def segments_of(message: Message, outcome: Outcome | None = None) -> int | None:
    """The segments of one message, by the outcome where it says."""
    content = message.content
    if not isinstance(content, SmsContent):
        return None
    told = outcome.segments if isinstance(outcome, Sent) else None
    return told if told is not None else count_segments(content.body).segments
