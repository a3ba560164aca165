"""Messages into calls: Beem sends one text to many recipients, so those with the same text go together.

A number stands in a call once: Beem drops the second as a duplicate, and another notification would be lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from clarion.channels.sms_segments import SmsEncoding, count_segments
from clarion.contract.content import SmsContent
from clarion.contract.message import Message

ENCODINGS = {SmsEncoding.GSM7: 0, SmsEncoding.UCS2: 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Messages with one text and different numbers: one call."""

    text: str = field(repr=False)
    messages: tuple[Message, ...] = field(repr=False)

    def halves(self) -> tuple["Batch", "Batch"]:
        """Two calls instead of one."""
        middle = len(self.messages) // 2
        return (
            Batch(text=self.text, messages=self.messages[:middle]),
            Batch(text=self.text, messages=self.messages[middle:]),
        )


def batches(messages: Sequence[Message], most: int) -> Iterator[Batch]:
    """The calls that carry these messages, all of them text messages, with at most `most` recipients each."""
    groups: dict[tuple[str, int], list[Message]] = {}
    seen: dict[tuple[str, str], int] = {}
    for message in messages:
        text = message.content.body if isinstance(message.content, SmsContent) else ""
        repeat = seen.get((text, message.target.value), 0)
        seen[text, message.target.value] = repeat + 1
        groups.setdefault((text, repeat), []).append(message)
    for (text, _), members in groups.items():
        for start in range(0, len(members), most):
            yield Batch(text=text, messages=tuple(members[start : start + most]))


def body(batch: Batch, sender: str) -> bytes:
    """The request of a call; a recipient's id is its place, from 1."""
    recipients = [
        {"recipient_id": str(place), "dest_addr": message.target.value.lstrip("+")}
        for place, message in enumerate(batch.messages, start=1)
    ]
    return msgspec.json.encode(
        {
            "source_addr": sender,
            "schedule_time": "",
            "encoding": str(ENCODINGS[count_segments(batch.text).encoding]),
            "message": batch.text,
            "recipients": recipients,
        }
    )


def remote_id(request_id: str, place: int | str) -> str:
    """Beem's name for one recipient of one call."""
    return f"{request_id}:{place}"
