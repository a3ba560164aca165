"""Any text as the value of a variable, through every channel down to what goes over the wire: no tag, no header, no
mention and no link more than the template has."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent, Content, EmailContent, WebhookContent
from clarion.egress.mime import Mail, MailRefused, build
from clarion.providers.slack.blocks import message_of
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.links import links_in_html, replaced_in_html

NOW = datetime(2026, 1, 3, 12, tzinfo=UTC)
HTML = """<html><body style='color:#000'><h1 title="{{ v }}">Hi {{ v }}</h1><a href='https://a.example/?q={{ v }}'>
{{ v|title }}</a><img alt='{{ v }}' src="https://a.example/{{ v|urlencode }}.png">{% for w in [v, v] %}<p>{{ w ~ '!' }}
</p>{% endfor %}{{ [v, v]|list }}{{ v|truncate(9) }}{{ v|truncate_words(2) }}{{ v|tojson }}<!-- {{ v }} -->
</body></html>
"""
FIELDS = {
    ChannelKey.EMAIL: {
        "subject": "Order {{ v }}",
        "preheader": "p {{ v|upper }}",
        "html": HTML,
        "text": "{{ v }} https://a.example/?q={{ v|urlencode }}",
    },
    ChannelKey.SMS: {"body": "x {{ v }}"},
    ChannelKey.PUSH: {"title": "x {{ v }}", "body": "{{ v }}x", "link": "{{ v }}", "collapse": "{{ v }}"},
    ChannelKey.IN_APP: {"title": "x {{ v }}", "body": "{{ v }}", "link": "{{ v }}"},
    ChannelKey.WEBSOCKET: {"title": "x {{ v }}", "body": "{{ v }}", "link": "{{ v }}"},
    ChannelKey.CHAT: {"title": "{{ v }}", "text": "x {{ v }}"},
    ChannelKey.WEBHOOK: {"event": "order.{{ v }}"},
}
COMPILED = {key: compile_content(key, fields) for key, fields in FIELDS.items()}
PIECES = st.sampled_from(
    ["<b>", "</p>", "'", '"', "-->", "<!--", "&lt;", "&#60;", "&LT", "<script>", "</style>", "javascript:", "data:",
     " onclick=x ", ">", "&", "<![CDATA[", "]]>", "\r\nBcc: x@y.example", "\n", "\r", "\x0b", "\x85", "\u2028", "\x00",
     "<!channel>", "<@U1>", "<https://evil.example|x>", "*", "_", "`", "=?utf-8?q?=0D=0ABcc:x?=", "{{ v }}", "{% x %}",
     "\\", "\\u003c", "\u202e", "https://a.example/", "mailto:", "//evil.example", "x", "\t", " ", "%0d%0a"]
)  # fmt: skip
VALUES = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=8).map("".join))


def content_of(key: ChannelKey, value: str) -> Content | None:
    """What the channel makes of it; None where it refuses, which fails that one message."""
    try:
        return channel_of(key).build(COMPILED[key].render({"v": value}), {"v": value})
    except InvalidValue:
        return None
    except ValueError as error:  # the engine's TemplateError: NUL and half surrogates are refused where data comes in
        assert "NUL" in str(error) or "surrogate" in str(error)  # noqa: PT017
        return None


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, ...]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.seen.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(("/" + tag,))

    def handle_comment(self, data: str) -> None:
        self.seen.append(("!--",))


def trees(html: str) -> tuple[list[Any], list[Any]]:
    """The tags and attributes as two parsers read them."""
    parser = _Tree()
    parser.feed(html)
    parser.close()
    return parser.seen, [(node.tag, *node.attrib) for node in lxml.html.fromstring(html).iter(lxml.etree.Element)]


def neutral() -> EmailContent:
    content = content_of(ChannelKey.EMAIL, "n")
    assert isinstance(content, EmailContent)
    return content


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_a_mail_has_the_tags_headers_and_links_of_its_template(value: str) -> None:
    content = content_of(ChannelKey.EMAIL, value)
    if not isinstance(content, EmailContent):
        return
    assert trees(content.html) == trees(neutral().html)
    assert [link.url.partition("?")[0] for link in links_in_html(content.html)] == ["https://a.example/"]
    assert trees(replaced_in_html(content.html, lambda _: "https://t.example/?a=1&b=2")) == trees(neutral().html)
    try:
        parsed = sent(content)
    except MailRefused:
        return
    assert parsed.keys() == sent(neutral()).keys()
    assert [part.get_content_type() for part in parsed.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def sent(content: EmailContent) -> EmailMessage:
    """The mail as a mail program reads it."""
    mail = Mail(
        key="k",
        sender="A <a@b.example>",
        recipient="c@d.example",
        subject=content.subject,
        text=content.text,
        html=content.html,
        date=NOW,
    )
    return message_from_bytes(build(mail).data, policy=policy.default)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_a_chat_message_mentions_nobody_and_links_nowhere(value: str) -> None:
    content = content_of(ChannelKey.CHAT, value)
    if not isinstance(content, ChatContent):
        return
    message = message_of(content, threads=True)
    assert json.loads(json.dumps(message)) == message
    marked = [message["text"], *(b["text"]["text"] for b in message["blocks"] if b["text"]["type"] == "mrkdwn")]  # type: ignore[attr-defined]
    assert not any("<" in text or ">" in text for text in marked)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.sampled_from([ChannelKey.PUSH, ChannelKey.IN_APP, ChannelKey.WEBSOCKET]))
def test_a_link_has_a_harmless_scheme_and_a_title_is_one_line(value: str, key: ChannelKey) -> None:
    content = content_of(key, value)
    if content is None:
        return
    assert not content.link or content.link.lower().startswith(("http:", "https:", "mailto:"))  # type: ignore[union-attr]
    assert len(content.title.splitlines()) == 1  # type: ignore[union-attr]
    assert json.loads(json.dumps(content.data)) == {"v": value}  # type: ignore[union-attr]


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_a_webhook_stays_json_and_its_event_a_dotted_name(value: str) -> None:
    with suppress(InvalidValue):  # half surrogates
        content = channel_of(ChannelKey.WEBHOOK).build({"event": "order.made"}, {"v": value})
        assert isinstance(content, WebhookContent)
        assert json.loads(json.dumps(content.data)) == {"v": value}
    named = content_of(ChannelKey.WEBHOOK, value)
    assert named is None or (isinstance(named, WebhookContent) and named.event.replace(".", "").isprintable())


@pytest.mark.parametrize("value", ["a", "A&B <x>", "é", "1 < 2"])
def test_ordinary_values_arrive_whole(value: str) -> None:
    content = content_of(ChannelKey.EMAIL, value)
    assert isinstance(content, EmailContent)
    assert content.subject == f"Order {value}"
    assert lxml.html.fromstring(content.html).findtext(".//h1") == f"Hi {value}"
    sms = content_of(ChannelKey.SMS, value)
    assert sms is not None
    assert sms.body == f"x {value}"  # type: ignore[union-attr]
