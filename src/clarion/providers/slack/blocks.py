"""The message as Slack wants it: Block Kit from title and text, or the caller's own blocks.

Text is escaped as https://docs.slack.dev/messaging/formatting-message-text#escaping (2026-11) says, all of it: a value
can neither call a whole channel (`<!channel>`) nor hide a link behind other words. What else Slack marks up (*bold*,
_italic_, plain links) stays. `data` may carry `blocks`, `thread_ts`, `reply_broadcast`, `unfurl_links`, `unfurl_media`.
"""

import re
from collections.abc import Mapping, Sequence

from clarion.contract.content import ChatContent

# https://docs.slack.dev/reference/block-kit/blocks (2026-11): 50 blocks a message, a section's text has 3,000
# characters, a header's 150
MOST_BLOCKS = 50
SECTION = 3_000
HEADER = 150
_SWITCHES = ("reply_broadcast", "unfurl_links", "unfurl_media")
_THREAD = re.compile(r"\d{1,12}\.\d{1,8}", re.ASCII)


class BadMessage(ValueError):
    """`data` asks for something that Slack cannot take; the text says what."""


def escaped(text: str) -> str:
    """The three characters that mean something to Slack, written so that they do not."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message_of(content: ChatContent, *, threads: bool) -> dict[str, object]:
    """The fields of chat.postMessage but for channel and metadata; of a webhook's where `threads` is False. `text` is
    what notifications show. Raises BadMessage."""
    title, text = escaped(content.title), escaped(content.text)
    message: dict[str, object] = {"text": f"{title}\n{text}" if title else text}
    own = content.data.get("blocks")
    message["blocks"] = _checked(own) if own is not None else _built(content.title, text)
    if threads:
        message.update(_thread(content.data))
    for name in _SWITCHES[1:]:
        if name in content.data:
            message[name] = content.data[name] is True
    return message


def _built(title: str, text: str) -> list[object]:
    """A header (plain text, where nothing is markup) and the text in sections."""
    built: list[object] = []
    if title:
        built.append({"type": "header", "text": {"type": "plain_text", "text": title[:HEADER], "emoji": True}})
    built.extend({"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in _parts(text))
    return built


def _parts(text: str) -> list[str]:
    """The text in pieces a section holds, parted at line breaks or blanks where there are any, never in an entity."""
    parts = []
    while len(text) > SECTION:
        at = max(text.rfind("\n", 0, SECTION), text.rfind(" ", 0, SECTION))
        if at <= 0:
            entity = text.rfind("&", SECTION - 5, SECTION)
            at = entity if entity > 0 and ";" not in text[entity:SECTION] else SECTION
        parts.append(text[:at])
        text = text[at:].lstrip("\n ")
    return [*parts, text] if text else parts


def _checked(own: object) -> Sequence[object]:
    if not isinstance(own, list) or not 1 <= len(own) <= MOST_BLOCKS:
        raise BadMessage(f"data.blocks must be a list of 1 to {MOST_BLOCKS} blocks")
    if not all(isinstance(each, Mapping) and isinstance(each.get("type"), str) for each in own):
        raise BadMessage("each of data.blocks must be an object with a type")
    return own


def _thread(data: Mapping[str, object]) -> dict[str, object]:
    thread = data.get("thread_ts")
    if thread is None:
        return {}
    if not isinstance(thread, str) or not _THREAD.fullmatch(thread):
        raise BadMessage("data.thread_ts must be a message's ts, such as 1503435956.000247")
    broadcast = {"reply_broadcast": data["reply_broadcast"] is True} if "reply_broadcast" in data else {}
    return {"thread_ts": thread, **broadcast}
