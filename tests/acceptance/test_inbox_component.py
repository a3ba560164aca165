"""`<clarion-inbox>` in a real browser against the real system: what comes, what is lost, what a person can do."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from acceptance.console_browser import browser, needs_chromium
from acceptance.inbox_browser import Server, Shop, actions, ann, open_shop, put, server, shop
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from clarion.flows.inbox import flow
from clarion.records import clock
from clarion.records.inbox import reading
from clarion.records.inbox.changing import Change
from clarion.records.people.models import User

__all__ = ["ann", "browser", "open_shop", "server", "shop"]

pytestmark = [needs_chromium, pytest.mark.django_db(transaction=True)]
OpenShop = Callable[..., Page]
HOSTILE = (
    '"\'></template><img src=x onerror="window.__x=1"><script>window.__x=1</script>'
    '<a href="javascript:window.__x=1">a</a>${1}'
)


def live(page: Page, times: int = 1) -> Page:
    """When it has been live so many times."""
    expect(page.locator("html")).to_have_attribute("data-live", str(times), timeout=15_000)
    return page


def titles(page: Page) -> Any:
    return page.locator("clarion-inbox .item h3")


def badge(page: Page) -> Any:
    return page.locator("clarion-inbox .badge")


def bell(page: Page) -> Any:
    return page.locator("clarion-inbox .bell")


def option(page: Page, title: str, choice: str) -> None:
    page.get_by_role("button", name=f"More for “{title}”").click()
    page.get_by_role("menuitem", name=choice).click()


def test_what_is_sent_appears_at_once_and_both_tabs_agree_on_the_counts(open_shop: OpenShop, ann: User) -> None:
    put(ann, "before")
    first = live(open_shop("toasts"))
    second = live(open_shop("toasts", beside=first))
    expect(badge(first)).to_have_text("1")
    put(ann, "Your order is on its way", "It comes tomorrow.")
    for page in (first, second):
        expect(badge(page)).to_have_text("2")
        expect(bell(page)).to_have_attribute("aria-label", "Notifications, unread: 2")
    expect(second.locator("clarion-inbox .toast h3")).to_have_text("Your order is on its way")
    expect(second.locator("clarion-inbox [aria-live=polite]")).to_have_text("New: Your order is on its way")
    bell(first).click()
    expect(titles(first)).to_have_text(["Unread: Your order is on its way", "Unread: before"])
    expect(badge(second)).to_have_class("badge quiet")  # seen, not read
    assert reading.standing(ann.id).unseen == 0
    titles(first).first.click()
    expect(badge(second)).to_have_text("1")
    first.get_by_role("button", name="Mark all as read").click()
    for page in (first, second):
        expect(badge(page)).to_have_count(0)
    assert reading.standing(ann.id).unread == 0
    assert ["notification", "Your order is on its way", ""] in second.evaluate("window.heard")
    assert ["notification", "before", ""] not in second.evaluate("window.heard")
    assert open_shop.complaints == []  # type: ignore[attr-defined]


def test_after_being_offline_everything_is_there_once(open_shop: OpenShop, ann: User) -> None:
    page = live(open_shop('mode="inline"'))
    known = put(ann, "known")
    expect(titles(page)).to_have_count(1)
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline. What is here may be old.")).to_be_visible()
    for number in range(3):
        put(ann, f"missed {number}")
    flow.mark(ann.id, Change.DISMISS, clock.now(), ids=[UUID(known)])
    page.context.set_offline(False)
    expect(page.get_by_text("You are offline.")).to_have_count(0)
    expect(titles(page)).to_have_text(["Unread: missed 2", "Unread: missed 1", "Unread: missed 0"])
    heard = [title for name, title, _ in page.evaluate("window.heard") if name == "notification"]
    assert heard == ["known", "missed 0", "missed 1", "missed 2"]


def test_a_restarted_server_costs_nothing_and_doubles_nothing(open_shop: OpenShop, ann: User, server: Server) -> None:
    page = live(open_shop('mode="inline"'))
    put(ann, "one")
    expect(titles(page)).to_have_count(1)
    server.stop()
    put(ann, "two")
    put(ann, "three")
    expect(page.get_by_text("Reconnecting…")).to_be_visible()
    server.start()
    page.get_by_role("button", name="Try again").click()
    expect(titles(page)).to_have_text(["Unread: three", "Unread: two", "Unread: one"])
    put(ann, "four")
    expect(titles(page)).to_have_count(4)
    heard = [title for name, title, _ in page.evaluate("window.heard") if name == "notification"]
    assert heard == ["one", "two", "three", "four"]


def test_a_token_that_ends_is_replaced_and_the_socket_comes_back(open_shop: OpenShop, ann: User, shop: Shop) -> None:
    shop.life = timedelta(seconds=3)
    page = live(open_shop('mode="inline"'))
    shop.life = timedelta(minutes=5)
    live(page, times=2)
    assert shop.asked == 2
    put(ann, "after the token")
    expect(titles(page)).to_have_text(["Unread: after the token"])
    assert [what for name, what, _ in page.evaluate("window.heard") if name == "error"] == []


def test_who_is_signed_out_is_told_and_comes_back_with_another_token(
    open_shop: OpenShop, ann: User, shop: Shop
) -> None:
    shop.life = timedelta(seconds=-60)
    page = open_shop('mode="inline"')
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    assert ["token-needed", "", ""] in page.evaluate("window.heard")
    put(ann, "waiting")
    shop.life = timedelta(minutes=5)
    page.evaluate("token => { document.querySelector('clarion-inbox').token = token; }", shop.token())
    expect(titles(page)).to_have_text(["Unread: waiting"])


def test_who_signs_out_leaves_nothing_on_the_screen(open_shop: OpenShop, ann: User, shop: Shop) -> None:
    put(ann, "of ann")
    page = live(open_shop('mode="inline"'))
    expect(titles(page)).to_have_count(1)
    other = User.objects.create(username="ben")
    put(other, "of ben")
    shop.user = other
    page.evaluate("document.querySelector('clarion-inbox').reset()")
    expect(titles(page)).to_have_text(["Unread: of ben"])
    page.evaluate("() => { const it = document.querySelector('clarion-inbox'); it.tokenUrl = ''; it.reset(); }")
    expect(titles(page)).to_have_count(0)
    put(other, "not heard")
    page.wait_for_timeout(300)
    expect(titles(page)).to_have_count(0)


def test_the_settings_of_who_signed_out_are_closed(open_shop: OpenShop, ann: User, shop: Shop) -> None:
    page = live(open_shop('mode="inline"'))
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("switch", name="Email", exact=True)).to_be_visible()
    other = User.objects.create(username="ben")
    put(other, "of ben")
    shop.user = other
    page.evaluate("document.querySelector('clarion-inbox').reset()")
    expect(titles(page)).to_have_text(["Unread: of ben"])
    expect(page.get_by_role("switch")).to_have_count(0)


def test_what_cannot_be_marked_as_seen_is_not_asked_without_end(open_shop: OpenShop, ann: User) -> None:
    put(ann, "new")
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.method)
        route.fulfill(status=503)

    page = open_shop("")
    page.route("**/inbox/seen-all", refuse)
    live(page)
    bell(page).click()
    expect(titles(page)).to_have_count(1)
    page.wait_for_timeout(1000)
    assert 1 <= asked.count("POST") <= 2


def test_no_token_stands_in_any_address(open_shop: OpenShop, ann: User, server: Server) -> None:
    addresses: list[str] = []

    def listen(page: Page) -> None:
        page.on("request", lambda request: addresses.append(request.url))
        page.on("websocket", lambda socket: addresses.append(socket.url))

    live(open_shop(before=listen))
    assert any("/ws/notifications/?ticket=" in address for address in addresses)
    assert not any("eyJ" in address or "token=" in address for address in addresses)
    assert "eyJ" not in server.log()


def test_where_sockets_are_blocked_it_is_asked_for_news(open_shop: OpenShop, ann: User) -> None:
    put(ann, "old")
    block = lambda page: page.route_web_socket("**/ws/**", lambda socket: socket.close())
    page = open_shop('mode="inline" poll-seconds="2"', before=block)
    expect(page.locator("html")).to_have_attribute("data-polling", "1", timeout=20_000)
    identifier = put(ann, "new")
    expect(titles(page)).to_have_text(["Unread: new", "Unread: old"])
    flow.mark(ann.id, Change.READ, clock.now(), ids=[UUID(identifier)])
    expect(titles(page)).to_have_text(["new", "Unread: old"])


def test_snooze_archive_dismiss_and_back(open_shop: OpenShop, ann: User) -> None:
    for title in ("later", "kept", "gone", "stays"):
        put(ann, title)
    page = live(open_shop('mode="inline"'))
    expect(titles(page)).to_have_count(4)
    option(page, "later", "Remind me tomorrow at 8:00")
    option(page, "kept", "Archive")
    option(page, "gone", "Remove")
    expect(titles(page)).to_have_text(["Unread: stays"])
    page.get_by_role("tab", name="Snoozed").click()
    expect(titles(page)).to_have_text(["Unread: later"])
    (item,) = reading.newest(ann.id, reading.Wanted(status="snoozed"), 5)
    local = item.snoozed_until.astimezone(ZoneInfo("Africa/Nairobi"))  # type: ignore[union-attr]
    tomorrow = datetime.now(ZoneInfo("Africa/Nairobi")).date() + timedelta(days=1)
    assert (local.date(), local.hour, local.minute) == (tomorrow, 8, 0)
    option(page, "later", "Bring back now")
    expect(page.get_by_text("Nothing snoozed")).to_be_visible()
    page.get_by_role("tab", name="Archive").click()
    option(page, "kept", "Back to the list")
    page.get_by_role("tab", name="All").click()
    expect(titles(page)).to_have_text(["Unread: stays", "kept", "Unread: later"])


def test_an_action_is_taken_once_and_a_recalled_item_vanishes(open_shop: OpenShop, ann: User) -> None:
    identifier = put(ann, "An invitation", actions=actions())
    page = live(open_shop('mode="inline"'))
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("clarion-inbox .acted")).to_have_text("Done: Accept")
    assert ["action", "An invitation", "primary"] in page.evaluate("window.heard")
    deadline = time.monotonic() + 5
    while (item := reading.one(ann.id, UUID(identifier))) and not item.acted and time.monotonic() < deadline:
        time.sleep(0.02)
    assert item is not None
    assert item.acted == "primary"
    flow.recall(ann.id, UUID(identifier), clock.now())
    expect(page.get_by_text("You are all caught up")).to_be_visible()


def test_items_of_a_group_stand_together(open_shop: OpenShop, ann: User) -> None:
    for number in range(3):
        put(ann, f"Comment {number}", group="thread-7")
    put(ann, "alone")
    page = live(open_shop('mode="inline"'))
    expect(titles(page)).to_have_text(["Unread: alone", "Unread: Comment 2"])
    page.get_by_role("button", name="2 more").click()
    expect(titles(page)).to_have_count(4)


def test_the_list_goes_on_while_one_scrolls(open_shop: OpenShop, ann: User) -> None:
    for number in range(45):
        put(ann, f"number {number}")
    page = live(open_shop())
    expect(badge(page)).to_have_text("45")
    bell(page).click()
    expect(titles(page)).to_have_count(20)
    for count in (40, 45):
        page.locator("clarion-inbox .scroll").evaluate("box => box.scrollTo(0, box.scrollHeight)")
        expect(titles(page)).to_have_count(count)


def test_hostile_content_is_text_and_hostile_links_lead_nowhere(open_shop: OpenShop, ann: User) -> None:
    bad = [{"key": "primary", "label": HOSTILE[:40], "link": "javascript:window.__x=1"}]
    put(ann, HOSTILE, HOSTILE, link="javascript:window.__x=1", actions=bad)
    page = live(open_shop("open toasts"))
    expect(titles(page)).to_have_text([f"Unread: {HOSTILE}"])
    expect(page.locator("clarion-inbox .item .text")).to_have_text(HOSTILE)
    assert page.locator("clarion-inbox img, clarion-inbox script, clarion-inbox a").count() == 0
    page.locator("clarion-inbox .actions button").click()
    titles(page).click()
    bell(page).click()
    put(ann, HOSTILE + "2", HOSTILE)
    expect(page.locator("clarion-inbox .toast h3")).to_have_text(HOSTILE + "2")
    assert page.evaluate("window.__x") is None
    assert open_shop.complaints == []  # type: ignore[attr-defined]


def test_the_keyboard_is_enough(open_shop: OpenShop, ann: User) -> None:
    for title in ("one", "two", "three"):
        put(ann, title)
    page = live(open_shop())
    bell(page).focus()
    page.keyboard.press("Enter")
    focused = page.locator("clarion-inbox .item:focus h3")
    expect(focused).to_have_text("Unread: three")
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_text("Unread: two")
    page.keyboard.press("Enter")
    expect(focused).to_have_text("two")
    page.keyboard.press("End")
    page.keyboard.press("s")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # archive
    expect(titles(page)).to_have_text(["Unread: three", "two"])
    expect(focused).to_have_text("two")
    page.keyboard.press("Delete")
    expect(titles(page)).to_have_text(["Unread: three"])
    page.keyboard.press("Escape")
    expect(bell(page)).to_be_focused()
    expect(page.locator("clarion-inbox .panel")).to_be_hidden()


def test_settings_are_switched_by_channel_and_category(open_shop: OpenShop, ann: User) -> None:
    page = live(open_shop('mode="inline"'))
    page.get_by_role("button", name="Settings").click()
    email = page.get_by_role("switch", name="Email", exact=True)
    expect(email).to_have_attribute("aria-checked", "true")
    email.click()
    expect(email).to_have_attribute("aria-checked", "false")
    page.locator("clarion-inbox summary").filter(has_text="General").first.click()
    of_category = page.get_by_role("switch", name="General: Push")
    before = of_category.get_attribute("aria-checked")
    of_category.click()
    expect(of_category).to_have_attribute("aria-checked", "false" if before == "true" else "true")
    page.get_by_role("button", name="Back to the list").click()
    expect(page.get_by_text("You are all caught up")).to_be_visible()


@pytest.mark.parametrize(
    ("scheme", "width", "lang", "direction"),
    [
        ("light", 1280, "en", "ltr"),
        ("dark", 1280, "fr", "ltr"),
        ("light", 375, "ar", "rtl"),
        ("dark", 375, "sw", "ltr"),
    ],
)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_window(
    open_shop: OpenShop, ann: User, scheme: str, width: int, lang: str, direction: str
) -> None:
    put(ann, "An invitation " + "w" * 200, "x" * 500, actions=actions("https://example.com/yes"))
    put(ann, "Comment", group="g")
    put(ann, "Comment again", group="g", link="https://example.com/c")
    page = live(open_shop(lang=lang, direction=direction, width=width, height=740, color_scheme=scheme))
    bell(page).click()
    expect(titles(page)).to_have_count(2)
    expect(page.locator("clarion-inbox > * , clarion-inbox div[dir]").first).to_have_attribute("dir", direction)
    for step in ("list", "menu", "settings"):
        if step == "menu":
            page.locator("clarion-inbox .side button").first.click()
        if step == "settings":
            page.keyboard.press("Escape")
            page.locator("clarion-inbox .gear").click()
            page.locator("clarion-inbox summary").first.click()
        found = Axe().run(page, context="clarion-inbox").response["violations"]
        assert [f["id"] for f in found if f["impact"] in ("serious", "critical")] == [], (step, found)
        box = page.locator("clarion-inbox .panel").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_browser_is_registered_for_push_and_forgotten_again(open_shop: OpenShop, ann: User) -> None:
    from clarion.records.people.models import Device

    stub = """
    const subscription = { toJSON: () => ({ endpoint: "https://push.example.com/send/1", expirationTime: null, keys: {
      p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
      auth: "BTBZMqHH6r4Tts7J_aSIgg" } }), unsubscribe: async () => { window.__subscribed = null; return true; } };
    PushManager.prototype.subscribe = async (options) => {
      window.__key = options.applicationServerKey.length; return (window.__subscribed = subscription); };
    PushManager.prototype.getSubscription = async () => window.__subscribed ?? null;
    const registration = { active: {}, pushManager: Object.create(PushManager.prototype) };
    navigator.serviceWorker.register = async (address) => { window.__worker = String(address); return registration; };
    navigator.serviceWorker.getRegistration = async () => registration;
    Notification.requestPermission = async () => "granted";
    Object.defineProperty(Notification, "permission", { get: () => "granted" });
    """

    def prepare(page: Page) -> None:
        page.add_init_script(stub)
        page.route(
            "**/push/webpush-key",
            lambda route: route.fulfill(
                json={"public_key": "B" + "A" * 86}, headers={"Access-Control-Allow-Origin": "*"}
            ),
        )

    page = live(open_shop('mode="inline" push-worker="/clarion-push.js"', before=prepare))
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("button", name="Turn off")).to_be_visible()
    assert page.evaluate("[window.__key, window.__worker]") == [65, "/clarion-push.js"]
    device = Device.objects.get(user=ann)
    assert (device.platform, device.token_kind) == ("web", "webpush")
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Turn on")).to_be_visible()
    assert not Device.objects.filter(user=ann).exists()
