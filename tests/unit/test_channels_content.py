"""Rendered fields into checked content: what each channel needs, how much it holds, what it refuses."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.channels.errors import InvalidValue
from clarion.channels.markup import as_text, without_tags
from clarion.channels.registry import CHANNELS, channel
from clarion.channels.text import LINE_BREAKS
from clarion.contract.channel import ChannelKey
from clarion.contract.content import (
    ChatContent,
    EmailContent,
    InboxContent,
    PushContent,
    SmsContent,
    WebhookContent,
)

BREAKS = ["\r", "\n", "\r\n", "\x00", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
MINIMAL: dict[str, dict[str, str]] = {
    "email": {"subject": "Hi", "text": "Hello"},
    "sms": {"body": "Hello"},
    "push": {"title": "Hi", "body": "Hello"},
    "in_app": {"title": "Hi"},
    "websocket": {"title": "Hi"},
    "webhook": {"event": "order.shipped"},
    "chat": {"text": "Hello"},
}


def refusal(key: str, fields: dict[str, str], data: dict[str, object] | None = None) -> tuple[str, str]:
    with pytest.raises(InvalidValue) as raised:
        channel(key).build(fields, data or {})
    return raised.value.code, raised.value.field


def test_each_channel_builds_its_own_kind_of_content_from_the_least_it_needs() -> None:
    built = [channel(key).build(fields, {}) for key, fields in MINIMAL.items()]
    assert built == [
        EmailContent(subject="Hi", text="Hello"),
        SmsContent(body="Hello"),
        PushContent(title="Hi", body="Hello"),
        InboxContent(title="Hi", body=""),
        InboxContent(title="Hi", body=""),
        WebhookContent(event="order.shipped", data={}),
        ChatContent(text="Hello"),
    ]


@pytest.mark.parametrize("key", list(ChannelKey))
def test_every_required_field_is_asked_for_by_name(key: ChannelKey) -> None:
    for spec in CHANNELS[key].fields:
        if spec.required:
            assert refusal(key, MINIMAL[key] | {spec.name: " "}) == ("required", spec.name)


@pytest.mark.parametrize("key", list(ChannelKey))
def test_a_field_the_channel_does_not_have_is_refused(key: ChannelKey) -> None:
    assert refusal(key, MINIMAL[key] | {"colour": "red"}) == ("unknown_field", "colour")


@pytest.mark.parametrize("key", list(ChannelKey))
def test_every_limit_is_exact(key: ChannelKey) -> None:
    for spec in CHANNELS[key].fields:
        if spec.name in ("link", "image", "event"):
            continue
        assert refusal(key, MINIMAL[key] | {spec.name: "x" * (spec.limit + 1)}) == ("too_long", spec.name)
        if key is not ChannelKey.PUSH:
            channel(key).build(MINIMAL[key] | {spec.name: "x" * spec.limit}, {})


@pytest.mark.parametrize("line_break", BREAKS, ids=[repr(b) for b in BREAKS])
@pytest.mark.parametrize("key", list(ChannelKey))
def test_no_line_break_of_any_kind_enters_a_single_line_field(key: ChannelKey, line_break: str) -> None:
    for spec in CHANNELS[key].fields:
        if spec.single_line:
            value = f"Hi{line_break}Bcc: eve@example.com"
            assert refusal(key, MINIMAL[key] | {spec.name: value}) == ("line_break", spec.name)


@given(st.text())
def test_a_subject_is_one_line_or_refused(value: str) -> None:
    try:
        content = channel("email").build({"subject": value, "text": "x"}, {})
    except InvalidValue:
        return
    assert isinstance(content, EmailContent)
    assert not LINE_BREAKS.search(content.subject)
    assert len(f"a{content.subject}b".splitlines()) == 1


def test_control_characters_leave_plain_text_and_line_ends_become_plain_ones() -> None:
    content = channel("sms").build({"body": "a\x00b\x07c\r\nd\u2028e\tf\u202eg\rh"}, {})
    assert content == SmsContent(body="abc\nd\ne\tfg\nh")


def test_half_a_surrogate_pair_is_refused() -> None:
    assert refusal("sms", {"body": "a\ud800"}) == ("invalid_text", "body")


def test_an_email_needs_a_body() -> None:
    assert refusal("email", {"subject": "Hi"}) == ("required", "html")


def test_a_missing_text_is_derived_from_the_html() -> None:
    html = (
        "<html><head><style>p{}</style><title>t</title></head><body><h1>Hello&nbsp;Ann</h1>\n<p>One <b>two</b> &amp;\n"
        "three</p><ul><li>a</li><li>b</li></ul><p><a href='https://x.example/y'>Track</a><br>Bye "
        "<img src='https://x/i' alt='logo'></p><!-- hidden --><script>alert(1)</script>"
        "<table><tr><td>1</td><td>2</td></tr></table></body></html>"
    )
    content = channel("email").build({"subject": "Hi", "html": html}, {})
    assert isinstance(content, EmailContent)
    assert content.text == ("Hello Ann\n\nOne two & three\n\n- a\n- b\n\nTrack (https://x.example/y)\nBye logo\n\n1 2")


def test_the_preheader_stands_hidden_at_the_start_of_the_body() -> None:
    fields = {"subject": "Hi", "html": "<html><body class='x'><p>Hello</p></body></html>", "preheader": "1 < 2"}
    content = channel("email").build(fields, {})
    assert isinstance(content, EmailContent)
    assert content.html.startswith("<html><body class='x'><div style=\"display:none")
    assert ">1 &lt; 2&#847;" in content.html
    assert "&nbsp;</div><p>Hello" in content.html
    assert content.text == "Hello"


@pytest.mark.parametrize(
    "html",
    [
        '<a href="javascript:alert(1)">x</a>',
        "<a href='JaVaScRiPt:alert(1)'>x</a>",
        "<a href=javascript:alert(1)>x</a>",
        '<a href=" java\tscript:alert(1)">x</a>',
        '<a href="&#106;avascript:alert(1)">x</a>',
        '<a href="jav&#x09;ascript:alert(1)">x</a>',
        '<img src="data:text/html,x">',
        '<form action="vbscript:x">',
        '<a class="x" href = "\x01javascript:alert(1)">x</a>',
    ],
)
def test_a_mail_links_only_with_harmless_schemes(html: str) -> None:
    assert refusal("email", {"subject": "Hi", "html": html}) == ("unsafe_link", "html")


def test_ordinary_links_of_a_mail_are_left_alone() -> None:
    html = (
        '<a href="https://x.example/?next=javascript:1">a</a><a href="mailto:a@b.example">b</a><a href="tel:+1">c</a>'
        '<a href="#top">d</a><a href="/e">e</a><img src="cid:logo"><p>href=javascript:is text</p><a href="">f</a>'
    )
    content = channel("email").build({"subject": "Hi", "html": html}, {})
    assert isinstance(content, EmailContent)
    assert content.html == html


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "ftp://x", "//x.example", "x.example", "https://a b", "data:,x"]
)
def test_links_are_http_https_or_mailto(link: str) -> None:
    assert refusal("push", MINIMAL["push"] | {"link": link}) == ("unsafe_link", "link")
    assert refusal("in_app", MINIMAL["in_app"] | {"link": link}) == ("unsafe_link", "link")


def test_a_push_holds_four_kilobytes_together_with_its_data() -> None:
    assert refusal("push", MINIMAL["push"], {"x": "y" * 4100}) == ("too_large", "data")
    assert refusal("push", MINIMAL["push"] | {"body": "ü" * 1500}, {"x": "y" * 1500}) == ("too_large", "data")
    content = channel("push").build(MINIMAL["push"] | {"link": "https://x.example"}, {"order": 1})
    assert content == PushContent(title="Hi", body="Hello", link="https://x.example", data={"order": 1})


def test_a_webhook_carries_data_as_json_would_give_it_back() -> None:
    data = {"at": datetime(2026, 1, 2, tzinfo=UTC), "price": Decimal("1.50"), "xs": (1, 2), "text": '"}{'}
    content = channel("webhook").build({"event": "order.shipped"}, data)
    assert content == WebhookContent(
        event="order.shipped",
        data={"at": "2026-01-02T00:00:00+00:00", "price": "1.50", "xs": [1, 2], "text": '"}{'},
    )
    assert refusal("webhook", {"event": "two words"}) == ("invalid_event", "event")
    assert refusal("webhook", {"event": "x"}, {"f": object()}) == ("invalid_data", "data")
    assert refusal("webhook", {"event": "x"}, {"f": float("nan")}) == ("invalid_data", "data")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)


@given(st.text(alphabet="<>ab!-/\"'= &;\n"))
def test_the_text_of_html_has_no_tags_left_and_never_fails(source: str) -> None:
    as_text(source)
    parser = _Text()
    parser.feed(f"<p>{source.replace('<', '&lt;')}</p>")
    assert without_tags(f"<b>{source.replace('<', '&lt;').replace('&', '&amp;')}</b>").count("<b>") == 0


@pytest.mark.parametrize(
    "hostile",
    ["<a " * 80_000, "<!--" * 60_000, '<a "' * 60_000, "<b> </b> " * 25_000, "<a " + "x" * 250_000, "<" * 250_000],
)
def test_hostile_markup_is_read_in_linear_time(hostile: str) -> None:
    started = time.process_time()
    as_text(hostile)
    assert time.process_time() - started < 1.0
