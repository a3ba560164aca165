"""The preference centre in Chromium: without scripts, by keyboard, on a phone, light and dark, in three languages."""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Api, agree_to_marketing, api_as, make_user
from playwright.sync_api import Browser, Page, expect, sync_playwright

from clarion.records import clock
from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.records.brand import store as brand_store
from clarion.records.brand.values import Brand
from clarion.records.categories.models import Category
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.models import PreferenceChange
from clarion.surfaces.pages.centre.words import LANGUAGES, WORDS

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SHOTS = os.environ.get("CENTRE_SHOTS", "")
WIDTHS = {"phone": (375, 740), "desk": (1280, 900)}
SUBJECTS = {
    "general": ("General", "What does not fit anywhere else."),
    "orders": ("Orders", "What you bought: confirmations, payments and deliveries."),
    "security": ("Security", "Codes, new devices and anything odd about your account."),
    "marketing": ("Offers and news", "Offers, new courses and a letter now and then."),
}

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
    """Opens a person's centre; the page may complain of nothing, such as a style that its policy blocks, and ask no
    other host for anything."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self.complaints: list[str] = []
        self.asked: list[str] = []

    def __call__(self, path: str, *, width: str = "desk", dark: bool = False, script: bool = False) -> Page:
        across, down = WIDTHS[width]
        context = self._browser.new_context(
            viewport={"width": across, "height": down},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(f"{self._url}{path}")
        return page


@pytest.fixture
def open_page(browser: Browser, real_ground: None, live_server: Any, settings: Any) -> Iterator[Opener]:
    settings.PUBLIC_URL = live_server.url
    for key, (name, description) in SUBJECTS.items():
        Category.objects.filter(key=key).update(name=name, description=description)
    opener = Opener(browser, live_server.url)
    yield opener
    for context in browser.contexts:
        context.close()
    assert [each for each in opener.complaints if "400 (" not in each and "422 (" not in each] == []
    assert [each for each in opener.asked if not each.startswith(live_server.url)] == []


def _path(user: User, **more: str) -> str:
    token = links.preferences_url(user.id, clock.now()).rpartition("=")[2]
    return "/preferences/?token=" + token + "".join(f"&{name}={value}" for name, value in more.items())


def _rich() -> User:
    """Somebody with something of everything to come."""
    ann = make_user(email="ann@example.com", timezone="Africa/Nairobi")
    agree_to_marketing(ann)
    wishes = {"quiet_hours_enabled": True, "quiet_hours_days": {"saturday": {"start": "23:30", "end": "10:00"}}}
    assert api_as(ann).patch("preferences", {"global": {**wishes, "digest_frequency": "weekly"}}).status_code == 200
    staff = make_user(email="staff@example.com", is_staff=True)
    service = Api(f"ApiKey {keys.mint(staff, 'tests', list(Permission)).secret}")
    body = {"user_id": str(ann.id), "subject": "Hi", "body": "Hello", "priority": 3}
    for days, channel, category in ((1, "sms", "orders"), (1.3, "push", "orders"), (2, "email", "marketing")):
        at = (clock.now() + timedelta(days=days)).isoformat()
        sent = service.post(
            "notifications/send", {**body, "channel": channel, "category": category, "scheduled_at": at}
        )
        assert sent.status_code == 201
    return ann


def test_everything_is_changed_without_scripts_and_seen_in_the_api_and_in_history(open_page: Opener) -> None:
    ann = make_user(email="ann@example.com")
    page = open_page(_path(ann))
    orders = page.get_by_role("group", name="Orders")
    page.get_by_label("News and offers").check()
    page.get_by_label("Push", exact=True).first.uncheck()
    orders.get_by_label("Text message").uncheck()
    orders.get_by_label("How often").select_option("immediate")
    page.get_by_label("Keep quiet hours").check()
    page.get_by_label("From", exact=True).fill("21:30")
    page.get_by_label("Until", exact=True).fill("07:15")
    page.get_by_text("Days that differ").click()
    page.get_by_role("group", name="Sunday").get_by_role("combobox").select_option("all")
    page.get_by_label("Time zone").select_option("Asia/Kathmandu")
    page.get_by_label("Messages that can wait").select_option("daily")
    page.get_by_label("Time of a daily").fill("18:45")
    page.get_by_label("At most so many").fill("9")
    page.get_by_label("Language of your messages").select_option("sw")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_contain_text("Imehifadhiwa")  # in the language that was chosen
    expect(page.locator("html")).to_have_attribute("lang", "sw")
    expect(page.locator("#f-quiet-begin")).to_have_value("21:30")
    page.reload()
    found = api_as(ann).get("preferences").json()
    assert found["set"]["global"] == {
        "marketing_enabled": True,
        "push_enabled": False,
        "quiet_hours_enabled": True,
        "quiet_hours_start": "21:30",
        "quiet_hours_end": "07:15",
        "quiet_hours_days": {"sunday": {"start": "00:00", "end": "24:00"}},
        "digest_frequency": "daily",
        "digest_time": "18:45",
        "max_per_day": 9,
    }
    assert found["categories"] == {"orders": {"sms_enabled": False, "digest_frequency": "immediate"}}
    assert found["timezone"] == "Asia/Kathmandu"
    history = api_as(ann).get("preferences/history").json()["results"]
    assert [row["source"] for row in history] == ["preference_centre", "preference_centre"]
    assert api_as(ann).get("consents/history").json()["results"][0]["source"] == "preference_centre"


def test_by_keyboard_alone_on_a_phone(open_page: Opener) -> None:
    ann = make_user(email="ann@example.com")
    page = open_page(_path(ann), width="phone", script=True)
    focused: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        focused.append(name)
        if name == "f-channel-email":
            page.keyboard.press("Space")
        if name == "Save":
            # what has the focus is never covered by what sticks to the edge
            assert page.evaluate("document.activeElement.getBoundingClientRect().bottom <= innerHeight")
            page.keyboard.press("Enter")
            break

    assert focused[0] == "Skip to your settings"
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert api_as(ann).get("preferences").json()["set"]["global"] == {"email_enabled": False}


def test_a_fault_is_found_from_its_summary_and_nothing_typed_is_lost(open_page: Opener) -> None:
    ann = make_user(email="ann@example.com")
    page = open_page(_path(ann), width="phone", script=True)
    page.get_by_label("Until", exact=True).fill("22:00")
    page.get_by_label("At most so many").fill("a few")
    page.get_by_role("button", name="Save").click()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("From and until are the same")
    alert.get_by_role("link", name="At most so many").click()
    expect(page.locator("#f-most")).to_be_focused()
    expect(page.locator("#f-most")).to_have_value("a few")
    expect(page.locator("#f-most")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#f-quiet-end")).to_have_value("22:00")
    assert PreferenceChange.objects.count() == 0
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def test_everything_is_stopped_with_one_press_without_scripts(open_page: Opener) -> None:
    ann = make_user(email="ann@example.com")
    page = open_page(_path(ann), width="phone")
    page.get_by_role("button", name="Stop everything").click()

    expect(page.get_by_role("status")).to_contain_text("everything that can be stopped is stopped")
    expect(page.get_by_label("Send me messages")).not_to_be_checked()
    page.get_by_role("button", name="Stop all news and offers").click()
    expect(page.get_by_role("status")).to_contain_text("no more news and offers")
    assert [row.source for row in PreferenceChange.objects.all()] == ["preference_centre"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", list(WIDTHS))
@pytest.mark.parametrize("which", ["full", "closed"])
def test_it_has_no_serious_fault_for_anybody(open_page: Opener, which: str, width: str, dark: bool) -> None:
    path = _path(_rich()) if which == "full" else "/preferences/?token=x"
    page = open_page(path, width=width, dark=dark, script=True)
    _shot(page, f"{which}-{width}-{'dark' if dark else 'light'}")

    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["impact"]) for each in found if each["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width][0]


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))
        page.screenshot(path=str(Path(SHOTS) / f"{name}-all.png"), full_page=True)


@pytest.mark.parametrize("color", ["#ffe066", "#101820"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_brands_colour_can_be_read(open_page: Opener, color: str, dark: bool) -> None:
    brand_store.write(Brand(name="Duka Letu", color=color, address="Box 1\nDar es Salaam", support_email="hi@duka.tz"))
    page = open_page(_path(_rich(), said="saved"), dark=dark, script=True)
    _shot(page, f"brand-{color[1:]}-{'dark' if dark else 'light'}")

    expect(page.locator(".brand")).to_have_text("Duka Letu")
    found = Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
    assert [node["html"] for each in found for node in each["nodes"]] == []


def test_it_speaks_three_languages_on_a_phone(open_page: Opener) -> None:
    ann = _rich()
    page = open_page(_path(ann), width="phone", script=True)
    for locale, name in LANGUAGES.items():
        page.get_by_role("navigation").first.get_by_role("link", name=name).click()
        expect(page.locator("html")).to_have_attribute("lang", locale)
        expect(page.get_by_role("heading", level=1)).to_have_text(WORDS[locale].title)
        expect(page.get_by_role("heading", name=WORDS[locale].coming)).to_be_visible()
        _shot(page, f"language-{locale}")
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["phone"][0]
    assert User.objects.get(pk=ann.id).locale == "en"  # looking at it in another language changes nothing


def test_names_are_text_whatever_is_in_them(open_page: Opener) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'><script>window.__x=1</script>{{ 7*7 }}"
    Category.objects.filter(key="orders").update(name=hostile, description=hostile)
    brand_store.write(Brand(name=hostile[:100], color="#3f51b5", address=hostile, logo_alt=hostile[:100]))
    page = open_page(_path(make_user(email="ann@example.com")), script=True)

    assert page.evaluate("window.__x") is None
    assert page.locator("img").count() == 0
    expect(page.locator(".subject legend", has_text="onerror")).to_have_text(hostile)
    expect(page.locator(".brand")).to_have_text(hostile[:100])
