"""Chat: Slack's limits and its own markup, which is not Markdown.

https://api.slack.com/reference/block-kit/blocks: a section holds 3000 characters, a header 150; a message is cut at
40,000 (https://api.slack.com/changelog/2018-04-truncating-really-long-messages; looked up 2026-11).
"""

import re
from collections.abc import Iterator

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.places import of_text

SECTION = 3000
_MARKDOWN = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__|\[[^\]\n]+\]\(https?://[^)\s]+\)|^#{1,6} ", re.MULTILINE)
_MENTION = re.compile(r"<!(?:channel|here|everyone)(?:\|[^>]*)?>|(?<!\w)@(?:channel|here|everyone)\b")


def check_chat(case: Case) -> Iterator[Finding]:
    """Lengths of the sample; markup and mentions as they were written."""
    for piece in case.of(ChannelKey.CHAT):
        text = piece.rendered.get("text", "")
        if "text" in piece.source and SECTION < len(text) <= 4000:
            message = f"{len(text)} characters; a block of Slack takes {SECTION}"
            yield piece.say(Code.CHAT_LONG, message, field="text", place=(1, 1))
        for name, source, rendered in piece.texts():
            yield from _written(piece, name, source, rendered)


def _written(piece: Piece, name: str, source: str, rendered: str) -> Iterator[Finding]:
    for pattern, code in ((_MARKDOWN, Code.CHAT_MARKDOWN), (_MENTION, Code.CHAT_MENTION)):
        found = pattern.search(rendered)
        if found:
            yield piece.say(code, f"{found.group()[:40]} in {name}", field=name, place=of_text(source, found.group()))
