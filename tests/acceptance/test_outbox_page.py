"""The outbox page in a real browser: live list, every channel's look, sending a test, hostile content."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import make_user
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from clarion.contract.content import InboxContent
from clarion.contract.host import OutboxEntry
from clarion.contract.message import Message, Target
from clarion.records import clock
from clarion.records.ids import new_id
from clarion.records.inbox.store import InboxStore
from clarion.records.outbox.models import OutboxMessage
from clarion.records.outbox.store import OutboxStore
from clarion.records.people.models import User

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")  # as .ci/run looks for it
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Closes whatever it may stand in, and leaves a mark if any of it runs.
HOSTILE = (
    "\"'></textarea></title></script><script>window.__x=1;parent.__x=1;top.__x=1</script>"
    '<img src="x" onerror="window.__x=1;top.__x=1"><svg onload="top.__x=1"></svg><a href="javascript:top.__x=1">a</a>'
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium or google-chrome on the PATH")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, for which Django would refuse all queries.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(browser: Browser, real_ground: None, live_server: Any, settings: Any) -> Iterator[Callable[..., Page]]:
    """Opens the outbox; at the end no page may have complained (a blocked script is told in the console)."""
    settings.OUTBOX_ENABLED = settings.OUTBOX_OPEN = True
    settings.CSRF_TRUSTED_ORIGINS = []
    complaints: list[str] = []
    contexts = []

    def start(path: str = "/outbox/", width: int = 1280, height: int = 800) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}{path}")
        return page

    start.complaints = complaints  # type: ignore[attr-defined]
    yield start
    for context in contexts:
        context.close()


def record(channel: str, title: str, user: User | None = None, recipient: str = "x@example.com", **more: Any) -> None:
    entry = OutboxEntry(
        message_id=str(new_id()),
        notification_id=str(new_id()),
        user_id=str(user.id) if user else str(new_id()),
        channel=channel,
        recipient=recipient,
        title=title,
        **more,
    )
    OutboxStore().record([entry])


def tell(user: User, title: str, body: str, channel: str = "in_app") -> None:
    identifier = str(new_id())
    message = Message(
        id=identifier,
        notification_id=identifier,
        user_id=str(user.id),
        target=Target(value=str(user.id)),
        content=InboxContent(title=title, body=body, data={"a": body}),
        created_at=clock.now(),
    )
    InboxStore().append([message], channel)


def test_the_empty_page_says_what_to_do_and_messages_then_appear_by_themselves(open_page: Any) -> None:
    page = open_page()
    expect(page.get_by_text("Nothing has been sent yet")).to_be_visible()
    record("email", "Hello", text="Body")
    expect(page.locator("#list .title")).to_have_text(["Hello"])
    record("sms", "SMS", text="Second")
    expect(page.locator("#list .title")).to_have_text(["SMS", "Hello"])
    expect(page.locator('nav [data-channel="sms"] output')).to_have_text("1")
    assert open_page.complaints == []


def test_every_channel_is_shown_in_its_own_way(open_page: Any) -> None:
    ann = make_user(email="ann@example.com")
    headers = {"From": "Clarion <a@b.c>"}
    record("email", "Mail", ann, html="<p>Dear <b>Ann</b></p>", text="Dear Ann", raw="Subject: Mail", headers=headers)
    record("sms", "SMS", ann, text="Grüße 👋")
    record("push", "Push", ann, text="on the lock screen", data={"link": "https://example.com/p"})
    record(
        "webhook", "order.shipped", ann, text='{"type":"order.shipped"}', raw="POST / HTTP/1.1", headers={"Host": "h"}
    )
    record("chat", "Chat title", ann, text="in the channel")
    tell(ann, "Note", "in the inbox")
    tell(ann, "Socket", "over the socket", "websocket")
    page = open_page()
    expect(page.locator("#list a")).to_have_count(7)
    _open(page, "email")
    expect(page.frame_locator("#detail iframe").locator("p")).to_have_text("Dear Ann")
    for tab, text in [("Text", "Dear Ann"), ("Source", "Subject: Mail"), ("Headers", "Clarion <a@b.c>")]:
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel")).to_contain_text(text)
    for channel, place, text in [
        ("sms", ".bubble", "Grüße 👋"),
        ("sms", ".stage .muted", "1 segment · 7 characters · UCS-2 (because of “👋”)"),
        ("push", ".pushed", "on the lock screen"),
        ("webhook", "pre.code", '"type": "order.shipped"'),
        ("chat", ".said", "in the channel"),
        ("in_app", ".note", "in the inbox"),
        ("websocket", ".note", "over the socket"),
    ]:
        _open(page, channel)
        expect(page.locator(f"#detail {place}").first).to_contain_text(text)
    assert open_page.complaints == []


def _open(page: Page, channel: str) -> None:
    page.locator(f'nav [data-channel="{channel}"]').click()
    # every channel has one: the count alone would be content with the list of the channel before
    expect(page.locator(f"#list .badge.tint-{channel}")).to_have_count(1)
    expect(page.locator("#list a")).to_have_count(1)
    page.locator("#list a").click()
    expect(page.locator(f"#list a[aria-current] .tint-{channel}").first).to_be_visible()


def test_hostile_content_stays_text(open_page: Any) -> None:
    ann = make_user(email="ann@example.com", first_name=HOSTILE[:40])
    for channel in ("email", "sms", "push", "webhook", "chat"):
        record(
            channel,
            channel + HOSTILE,
            ann,
            HOSTILE,
            text=HOSTILE,
            html=f"<p id=canary>here</p>{HOSTILE}" if channel == "email" else "",
            headers={HOSTILE: HOSTILE},
            data={"link": "javascript:top.__x=1", "image": HOSTILE, HOSTILE: HOSTILE},
            raw=HOSTILE,
        )
    tell(ann, "in_app" + HOSTILE, HOSTILE)
    page = open_page()
    for channel in ("email", "sms", "push", "webhook", "chat", "in_app"):
        _open(page, channel)
        expect(page.locator("#detail h1")).to_have_text(channel + HOSTILE)
        for tab in page.get_by_role("tab").all():
            tab.click()
        assert page.locator("#detail script, #detail img, #detail svg[onload], #list script, #list img").count() == 0
        assert page.locator('a[href^="javascript"]').count() == 0
    _open(page, "email")
    expect(page.frame_locator("#detail iframe").locator("#canary")).to_have_text("here")
    page.keyboard.press("c")
    expect(page.locator("#user_id option")).to_have_count(1)
    assert page.evaluate("window.__x") is None
    identifier = OutboxMessage.objects.get(channel="email").id
    direct = open_page(f"/outbox/entries/{identifier}/html")
    expect(direct.locator("#canary")).to_have_text("here")
    assert direct.evaluate("window.__x") is None
    assert direct.evaluate("self.origin") == "null"


def test_a_newcomer_sends_a_test_on_every_channel_from_the_page(open_page: Any, drain: Any) -> None:
    make_user(email="staff@example.com", is_staff=True, reachable=False)
    make_user(email="ann@example.com")
    page = open_page()
    page.locator("#compose").click()
    page.locator("#user_id").select_option(label="Ann Abel · ann@example.com")
    expect(page.locator("#channel option")).to_have_count(8)
    page.locator("#subject").fill("From the page")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#outcome .fine")).to_have_count(7)
    drain()
    page.locator("[data-close]").click()
    expect(page.locator("#list a")).to_have_count(7)
    expect(page.locator("#list .title").filter(has_text="From the page")).to_have_count(5)
    assert open_page.complaints == []


def test_why_a_test_was_not_sent_stands_on_the_page(open_page: Any) -> None:
    make_user(email="staff@example.com", is_staff=True)
    page = open_page()
    page.keyboard.press("c")
    expect(page.locator("#user_id option")).to_have_count(1)
    page.locator("#subject").fill("")
    page.locator("#body").fill("")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#outcome .problem")).to_have_text("give a template_path, or subject and body")


def test_the_keyboard_is_enough(open_page: Any) -> None:
    for title in ("one", "two", "three"):
        record("chat", title, text=title)
    page = open_page()
    expect(page.locator("#list a")).to_have_count(3)
    for key, title in [("j", "three"), ("j", "two"), ("ArrowDown", "one"), ("k", "two")]:
        page.keyboard.press(key)
        expect(page.locator("#detail h1")).to_have_text(title)
    record("chat", "four", text="four")
    expect(page.locator("#list a")).to_have_count(4)
    expect(page.locator("#list a:focus .title")).to_have_text("two")
    page.keyboard.press("Escape")
    expect(page.locator("#detail .choose")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("nobody@example.com")
    expect(page.locator("#list .none")).to_contain_text("Nothing for this recipient")


def test_on_a_phone_the_message_takes_the_place_of_the_list(open_page: Any) -> None:
    record("chat", "one " + "w" * 300, text="x" * 500)
    page = open_page(width=375, height=740)
    page.locator("#list a").click()
    expect(page.locator("#detail h1")).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    page.locator(".back").click()
    expect(page.locator("#list a")).to_be_visible()


def test_staff_log_in_by_the_form(open_page: Any, settings: Any) -> None:
    settings.OUTBOX_OPEN = False
    staff = make_user(email="staff@example.com", is_staff=True)
    staff.set_password("correct horse battery")
    staff.save()
    page = open_page()
    page.get_by_label("Email").fill("staff@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Nothing has been sent yet")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert Client().get("/outbox/entries").status_code == 401
    assert open_page.complaints == []
