"""The pages behind links in a real browser: without scripts, by keyboard, on a phone, light and dark, for everybody."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import make_user
from playwright.sync_api import Browser, Page, expect, sync_playwright

from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.consents.models import Text
from clarion.records.lists import store
from clarion.records.lists.models import MailingList
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.models import CategoryPreference

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SHOTS = os.environ.get("LINK_PAGE_SHOTS", "")
WIDTHS = {"phone": (375, 740), "desk": (1280, 800)}

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


class Opener:
    """Opens pages; none may complain of anything, such as a style that the policy blocks."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self.complaints: list[str] = []

    def __call__(self, path: str, *, width: str = "desk", dark: bool = False, script: bool = False) -> Page:
        across, down = WIDTHS[width]
        context = self._browser.new_context(
            viewport={"width": across, "height": down},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.goto(f"{self._url}{path}")
        return page


@pytest.fixture
def open_page(browser: Browser, real_ground: None, live_server: Any, settings: Any) -> Iterator[Opener]:
    settings.PUBLIC_URL = live_server.url
    opener = Opener(browser, live_server.url)
    yield opener
    for context in browser.contexts:
        context.close()
    assert [each for each in opener.complaints if "400 (Bad Request)" not in each] == []


def _stop(user: User, key: str = "marketing") -> str:
    token = links.unsubscribe_token(user.id, Category.objects.get(key=key).id, "email", clock.now())
    return f"/unsubscribe/?token={token}"


def _preferences(user: User) -> str:
    return f"/preferences/?token={links.preferences_url(user.id, clock.now()).rpartition('=')[2]}"


def _confirm(user: User) -> str:
    words = "We write to you twice a month about new courses.\n\nYou can stop at any time."
    Text.objects.create(purpose="marketing", version=1, locale="en", text=words, published_at=clock.now())
    news = MailingList.objects.create(key="news", name="Course news", public=True)
    asked = store.ask(news, user.id, clock.now(), made_person=False)
    return links.confirm_url(user.id, asked.subscription.id, clock.now()).partition("//")[2].partition("/")[2]


def test_a_person_stops_messages_by_keyboard_alone_without_scripts(open_page: Opener) -> None:
    page = open_page(_stop(make_user(email="ann@example.com")), width="phone")
    expect(page.get_by_role("heading")).to_have_text("Stop these messages?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading")).to_have_text("Done")
    assert CategoryPreference.objects.get().channels == {"email": False}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", list(WIDTHS))
@pytest.mark.parametrize("which", ["stop", "account", "bad", "confirm", "preferences"])
def test_the_pages_have_no_serious_fault_for_anybody(
    open_page: Opener, which: str, width: str, dark: bool, tmp_path: Path
) -> None:
    ann = make_user(email="ann@example.com")
    path = {
        "stop": _stop,
        "preferences": _preferences,
        "account": lambda user: _stop(user, "orders"),
        "confirm": lambda user: "/" + _confirm(user),
    }
    page = open_page(
        path[which](ann) if which in path else "/unsubscribe/?token=x", width=width, dark=dark, script=True
    )
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{which}-{width}-{'dark' if dark else 'light'}.png")

    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["impact"]) for each in found if each["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width][0]
