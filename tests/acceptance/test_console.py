"""The template page of the console in a real browser: writing, previewing, saving, publishing, conflicts, tests."""

import re
from dataclasses import replace
from typing import Any

from acceptance.console_browser import browser, console, editor, needs_chromium, sara, store
from axe_playwright_python.sync_playwright import Axe
from conftest import make_user
from playwright.sync_api import Page, expect

from clarion.contract.channel import ChannelKey
from clarion.records.categories.models import Category
from clarion.records.people.models import User
from clarion.records.templating import writer
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import Template, TemplateVersion
from clarion.records.templating.versions import draft_of, newest

__all__ = ["browser", "console", "sara"]

pytestmark = needs_chromium

HTML = """<html lang="{{ locale }}"><head><meta name="color-scheme" content="light dark"><title>Order</title>
<style>p { color: rgb(1, 2, 3) } @media (prefers-color-scheme: dark) { p { color: rgb(250, 251, 252) } }</style></head>
<body><p>Dear {{ user.first_name }}, order {{ order.id }}</p></body></html>"""


def order_placed(**more: Any) -> Draft:
    content = {
        ChannelKey.EMAIL: {
            "": {"subject": "Order {{ order.id }}", "html": HTML, "text": "Order {{ order.id }}"},
            "sw": {"subject": "Oda {{ order.id }}"},
        },
        ChannelKey.SMS: {"": {"body": "Order {{ order.id }} – thank you"}},
        ChannelKey.PUSH: {"": {"title": "Order placed", "body": "We have {{ order.id }}"}},
        ChannelKey.CHAT: {"": {"text": "New: {{ order.id }}"}},
        ChannelKey.IN_APP: {"": {"title": "Order {{ order.id }}", "body": "Thank you"}},
        ChannelKey.WEBHOOK: {"": {"event": "order.placed"}},
    }
    category = Category.objects.get(key="orders")
    sample = {"order": {"id": "A-1042"}}
    given = {"path": "order.placed", "name": "Order placed", "category_id": category.id, "content": content}
    return Draft(**{**given, "sample": sample, "required": ("order.id",), **more})


def changed(template: Template, channel: ChannelKey, **fields: str) -> Draft:
    """The newest version with other words in the default of a channel."""
    draft = draft_of(template, newest(template))  # type: ignore[arg-type]
    words = {**draft.content[channel][""], **fields}
    return replace(draft, content={**draft.content, channel: {**draft.content[channel], "": words}})


def preview_text(page: Page) -> Any:
    return page.frame_locator("#preview iframe").locator("p")


def subject(page: Page) -> Any:
    return page.get_by_label("Subject", exact=False).first


def test_a_template_is_written_saved_and_published_from_nothing(console: Any, sara: User) -> None:
    page = console("/console/templates/new")
    page.get_by_label("Path").fill("order.shipped")
    page.get_by_label("Name", exact=True).fill("Order shipped")
    page.get_by_label("Category").select_option("orders")
    subject(page).fill("It is on its way")
    expect(page.frame_locator("#preview iframe").get_by_role("heading", name="Hello Ann")).to_be_visible()
    page.get_by_role("textbox", name="HTML, Email").focus()
    for key in ("Control+a", "Delete"):
        page.keyboard.press(key)
    page.keyboard.insert_text("<p>Dear {{ user.first_name }}</p>")
    expect(preview_text(page)).to_have_text(["Dear Ann"])
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("#said")).to_have_text("Saved as version 1.")
    template = Template.objects.get()
    assert template.current_version is None
    assert page.url.endswith(f"/console/templates/{template.id}/")
    page.get_by_role("button", name="Publish…").click()
    page.get_by_label("Note").fill("The first one")
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.locator("#standing")).to_have_text("v1 in force")
    version = TemplateVersion.objects.get()
    assert (version.author_id, version.publisher_id, version.publish_note) == (sara.id, sara.id, "The first one")
    assert console.complaints == []


def test_the_preview_follows_the_typing_and_nothing_is_stored_by_it(console: Any, sara: User) -> None:
    template = store(order_placed(), sara)
    page = editor(console, template)
    expect(preview_text(page)).to_have_text("Dear Ann, order A-1042")
    subject(page).fill("Changed {{ order.id }}")
    expect(page.locator("#preview .mail-head b")).to_have_text("Changed A-1042")
    expect(page.locator("#unsaved")).to_have_text("not saved")
    assert TemplateVersion.objects.count() == 1
    assert console.complaints == []


def test_the_mail_is_shown_light_and_dark_and_as_wide_as_a_phone(console: Any, sara: User) -> None:
    page = editor(console, store(order_placed(), sara))
    color = "getComputedStyle(document.querySelector('p')).color"
    expect(preview_text(page)).to_have_css("color", "rgb(1, 2, 3)")
    page.get_by_role("button", name="Dark").last.click()
    expect(preview_text(page)).to_have_css("color", "rgb(250, 251, 252)")
    page.get_by_role("button", name="Phone").click()
    expect(preview_text(page)).to_be_visible()
    frame = page.query_selector("#preview iframe").content_frame()  # type: ignore[union-attr]
    assert frame is not None
    assert frame.evaluate("innerWidth") == 375
    assert frame.evaluate("self.origin") == "null"
    assert frame.evaluate(color) == "rgb(250, 251, 252)"
    page.get_by_role("button", name="Text", exact=True).click()
    expect(page.locator("#preview pre")).to_have_text("Order A-1042")


def test_every_channel_is_previewed_in_its_own_way(console: Any, sara: User) -> None:
    page = editor(console, store(order_placed(), sara))
    for channel, place, text in [
        ("SMS", ".bubble", "Order A-1042 – thank you"),
        ("SMS", ".sizes", "1 segment · 24 characters · 24 of 70 units · UCS-2 — “–” (U+2013) forces UCS-2"),
        ("Push", ".pushed", "We have A-1042"),
        ("In-app", ".note", "Order A-1042"),
        ("Chat", ".spoken", "New: A-1042"),
        ("Webhook", "pre.code", '"type": "order.placed"'),
    ]:
        page.get_by_role("tab", name=channel).click()
        expect(page.locator(f"#preview {place}")).to_contain_text(text)
    page.get_by_role("tab", name="Email").click()
    page.get_by_role("tab", name=re.compile("^sw")).click()
    expect(page.locator("#preview .mail-head b")).to_have_text("Oda A-1042")
    expect(page.locator("#fields")).to_contain_text("The default is used")
    assert console.complaints == []


def test_what_a_check_finds_is_a_click_away(console: Any, sara: User) -> None:
    template = store(order_placed(), sara)
    broken = HTML.replace("order.id", "order.id | nope").replace("<body>", "\n\n<body>")
    writer.save(template.id, changed(template, ChannelKey.EMAIL, html=broken), sara.id, expected_version=1)
    page = editor(console, template)
    page.get_by_role("tab", name="SMS").click()
    page.locator(".findings button.error").first.click()
    expect(page.get_by_role("tab", name="Email")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("textbox", name="HTML, Email")).to_be_focused()
    expect(page.locator(".cm-activeLineGutter").first).to_have_text("5")
    expect(page.locator("#preview")).to_contain_text("It cannot be rendered as it stands")


def test_a_person_gives_the_preview_their_name_and_language(console: Any, sara: User) -> None:
    make_user(email="juma@example.com", first_name="Juma", last_name="Otieno", locale="sw")
    page = editor(console, store(order_placed(), sara))
    page.locator("#whose").click()
    page.get_by_label("Find a person").fill("juma@example.com")
    page.get_by_role("button", name="Juma Otieno").click()
    expect(preview_text(page)).to_have_text("Dear Juma, order A-1042")
    expect(page.locator(".mail-head")).to_contain_text("j***@example.com")


def test_two_editors_lose_nothing(console: Any, sara: User) -> None:
    template = store(order_placed(), sara)
    page = editor(console, template)
    omar = make_user(email="omar@example.com", is_staff=True, first_name="Omar", last_name="Other")
    theirs = changed(template, ChannelKey.EMAIL, subject="Theirs", text="Their text")
    writer.save(template.id, theirs, omar.id, expected_version=1)
    subject(page).fill("Mine")
    page.get_by_role("tab", name="Push").click()
    page.get_by_label("Title").fill("My title")
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Omar Other saved version 2 while you were writing")
    expect(dialog.locator(".choices li")).to_have_count(3)
    expect(dialog.locator(".choices li", has_text="changed by both")).to_contain_text("email / default / subject")
    dialog.get_by_label("Place").select_option("email / default / subject")
    expect(dialog.locator(".difference")).to_contain_text("Theirs")
    expect(dialog.locator(".difference")).to_contain_text("Mine")
    dialog.get_by_role("button", name="Save with these choices").click()
    expect(page.locator("#said")).to_have_text("Saved as version 3.")
    stored = draft_of(template, newest(template)).content  # type: ignore[arg-type]
    assert stored[ChannelKey.EMAIL][""]["subject"] == "Mine"
    assert stored[ChannelKey.EMAIL][""]["text"] == "Their text"
    assert stored[ChannelKey.PUSH][""]["title"] == "My title"
    assert TemplateVersion.objects.get(number=2).author_id == omar.id


def test_versions_are_compared_and_rolled_back(console: Any, sara: User) -> None:
    template = store(order_placed(), sara)
    writer.save(template.id, changed(template, ChannelKey.EMAIL, subject="Second"), sara.id, publish=True)
    page = editor(console, template)
    page.locator("#versions").click()
    dialog = page.get_by_role("dialog", name="Versions")
    dialog.get_by_role("button", name="Compare with 1", exact=True).click()
    expect(dialog.locator(".difference")).to_contain_text("Second")
    dialog.get_by_role("button", name="Rendered").click()
    expect(dialog.locator("figcaption")).to_have_text(["version 1 (archived) · Order A-1042", re.compile("Second")])
    expect(dialog.frame_locator("iframe").first.locator("p")).to_have_text("Dear Ann, order A-1042")
    page.wait_for_timeout(300)
    box = dialog.locator(".frame").first.bounding_box()
    assert box is not None
    assert 300 < box["height"] < 700
    dialog.get_by_role("button", name="Roll back to it").click()
    page.get_by_label("Note").fill("Too soon")
    page.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.locator("#standing")).to_have_text("v3 in force")
    expect(subject(page)).to_have_value("Order {{ order.id }}")
    version = TemplateVersion.objects.get(number=3)
    assert (version.restored_from, version.publish_note) == (1, "Too soon")


def test_a_test_of_the_draft_arrives_in_the_outbox(console: Any, sara: User, drain: Any) -> None:
    template = store(order_placed(), sara)
    page = editor(console, template)
    subject(page).fill("Only a draft {{ order.id }}")
    page.locator("#test").click()
    page.get_by_role("button", name="Send to me").click()
    expect(page.locator(".outcome")).to_contain_text("It is on its way")
    drain()
    page.goto(page.url.split("/console/")[0] + "/outbox/")
    expect(page.locator("#list .title")).to_have_text(["Only a draft A-1042"])
    assert Template.objects.get().current_version.number == 1  # type: ignore[union-attr]
    assert console.complaints == []


def test_the_keyboard_is_enough(console: Any, sara: User) -> None:
    page = editor(console, store(order_placed(), sara))

    def focused(script: str = "document.activeElement.getAttribute('aria-label')") -> Any:
        return page.evaluate(script)

    page.keyboard.press("Tab")
    assert focused("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("F6")
    assert focused() == "Content"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="SMS")).to_be_focused()
    expect(page.locator("#preview .bubble")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.get_by_role("tab", name="Email")).to_be_focused()
    for _ in range(12):
        if focused() and focused().startswith("HTML"):
            break
        page.keyboard.press("Tab")
    page.keyboard.type("<b>")
    page.keyboard.press("Tab")  # leaves the editor
    assert not (focused() or "").startswith("HTML")
    page.keyboard.press("Control+s")
    expect(page.locator("#said")).to_have_text("Saved as version 2.")
    page.keyboard.press("Alt+p")
    page.keyboard.type("by keys alone")
    page.keyboard.press("Enter")
    expect(page.locator("#standing")).to_have_text("v2 in force")
    page.keyboard.press("F6")
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert TemplateVersion.objects.get(number=2).publish_note == "by keys alone"


def test_on_a_phone_one_part_is_shown_at_a_time(console: Any, sara: User) -> None:
    page = console(f"/console/templates/{store(order_placed(), sara).id}/", width=375, height=740)
    expect(subject(page)).to_be_visible()
    expect(page.locator("#preview")).to_be_hidden()
    page.get_by_role("group", name="View").get_by_role("button", name="Preview").click()
    expect(preview_text(page)).to_be_visible()
    expect(subject(page)).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    page.get_by_role("button", name="Menu").click()
    page.locator("#sidebar").get_by_role("link", name="Templates").click()
    expect(page.get_by_role("heading", name="Templates")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert console.complaints == []


def test_nothing_serious_stands_in_the_way_of_assistive_technology(console: Any, sara: User) -> None:
    template = store(order_placed(), sara)
    found = []
    for scheme in ("light", "dark"):
        page = editor(console, template, color_scheme=scheme)
        for state, prepare in [
            ("editor", lambda page: None),
            ("variables", lambda page: page.get_by_role("tab", name="Variables").click()),
            ("sample", lambda page: page.get_by_role("tab", name="Sample data").click()),
            ("settings", lambda page: page.get_by_role("tab", name="Settings").click()),
            ("sms", lambda page: page.get_by_role("tab", name="SMS").click()),
            ("versions", lambda page: page.locator("#versions").click()),
        ]:
            prepare(page)
            page.wait_for_timeout(250)
            found += [(scheme, state, each) for each in _serious(page)]
        for address in ("/console/", "/console/templates/"):
            page.goto(page.url.split("/console/")[0] + address)
            found += [(scheme, address, each) for each in _serious(page)]
    assert found == []


def _serious(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}"
        for each in violations
        if each["impact"] in ("serious", "critical")
    ]
