"""The console's pages about why something was sent, in a real browser: keys alone, a phone, readers, hostile words."""

from typing import Any

from acceptance.console_browser import browser, console, needs_chromium, sara
from axe_playwright_python.sync_playwright import Axe
from conftest import api_as, caller_of, make_user
from playwright.sync_api import Page, expect

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest import flow
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.ledger.models import Decision, Notification
from clarion.records.people.models import User

__all__ = ["browser", "console", "sara"]

pytestmark = needs_chromium

RUN = "window.__x=1"
HOSTILE = [
    f"<script>{RUN}</script>",
    f'"><img src=x onerror="{RUN}">',
    f"</title><svg onload={RUN}>",
    f"</textarea><script>{RUN}</script>",
    f"' autofocus onfocus='{RUN}",
    f"javascript:{RUN}",
    "{{ 7*7 }}{% load tz %}",
]


def someone(first_name: str = "Ann", last_name: str = "Abel") -> User:
    ann = make_user(email="ann@example.com", external_id="ann", first_name=first_name, last_name=last_name)
    assert api_as(ann).patch("preferences", {"global": {"sms_enabled": False}}).status_code == 200
    return ann


def sent(ann: User, sara: User, *channels: ChannelKey, **more: Any) -> list[Notification]:
    asked = {"channels": channels or (ChannelKey.IN_APP,), "subject": "Hi", "body": "Hello", **more}
    receipt = flow.send(Send(caller=caller_of(sara, Permission.STAFF), user_id=ann.id, **asked), clock.now())
    return [Notification.objects.get(pk=each.id) for each in receipt.notifications]


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def foresee(page: Page, **given: str) -> None:
    page.get_by_label("To", exact=True).fill(given.get("to", "ann"))
    page.get_by_text("Words of its own").click()
    page.get_by_label("Subject").fill(given.get("subject", "Hi"))
    page.get_by_label("Body").fill(given.get("body", "Hello"))
    for channel in ("Email", "SMS"):
        page.get_by_label(channel, exact=True).check()
    page.get_by_role("button", name="What would happen?").click()
    page.wait_for_load_state()


def test_from_a_search_to_the_reason_by_keys_alone(console: Any, sara: User, drain: Any) -> None:
    ann = someone()
    suppressed, shown = sent(ann, sara, ChannelKey.SMS, ChannelKey.IN_APP)
    drain()
    page = console("/console/explain/")
    page.get_by_label("Notification or person").focus()
    page.keyboard.type("ann@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ann Abel")
    assert "ann@" not in page.url
    expect(page.get_by_role("article")).to_have_count(2)
    expect(page.get_by_role("article").filter(has_text="SMS")).to_contain_text("The recipient switched the channel off")
    page.locator(f'a[href="/console/explain/{suppressed.id}/"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_contain_text("It is suppressed.")
    page.locator(f'a[href="/console/explain/{shown.id}/"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_contain_text("It is delivered.")
    expect(page.locator(".scene b")).to_have_text(["Preferences", "Attempt 1"])
    page.locator(".raw summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#raw")).to_contain_text('"status": "delivered"')
    page.get_by_role("button", name="Copy").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-copied]")).to_have_text(["Copied."])
    assert console.complaints == []


def test_a_dry_run_says_what_would_happen_and_takes_the_reader_there(console: Any, sara: User) -> None:
    ann = someone()
    page = console(f"/console/explain/dry-run/?to={ann.id}")
    expect(page.get_by_label("To", exact=True)).to_have_value(str(ann.id))
    foresee(page)
    expect(page.locator("#result-title")).to_be_focused()
    expect(page.get_by_role("article")).to_have_count(2)
    sms = page.get_by_role("article").filter(has_text="would be suppressed")
    expect(sms.locator(".spoke summary b")).to_have_text(["Channel"])
    expect(sms.locator(".spoke dl")).to_be_visible()
    assert not Notification.objects.exists()
    page.get_by_label("Context, as JSON").fill("nonsense")
    page.get_by_role("button", name="What would happen?").click()
    page.get_by_role("link", name="Go to the field").click()
    expect(page.get_by_label("Context, as JSON")).to_have_value("nonsense")
    assert [each for each in console.complaints if "422" not in each] == []


def test_without_javascript_all_of_it_works(console: Any, sara: User) -> None:
    ann = someone()
    (one,) = sent(ann, sara)
    page = console("/console/explain/", java_script_enabled=False)
    page.get_by_label("Notification or person").fill(str(one.id))
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".verdict")).to_be_visible()
    page.locator(".raw summary").click()
    expect(page.locator("#raw")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.goto(page.url.split("/console/")[0] + "/console/explain/dry-run/")
    foresee(page)
    expect(page.get_by_role("article")).to_have_count(2)


def test_nothing_serious_stands_in_the_way_and_a_phone_is_wide_enough(console: Any, sara: User, drain: Any) -> None:
    ann = someone()
    one, *_ = sent(ann, sara, ChannelKey.SMS, ChannelKey.EMAIL)
    drain()
    found: list[Any] = []
    for scheme, width in (("light", 1280), ("dark", 375)):
        page = console("/console/explain/", width=width, color_scheme=scheme)
        base = page.url.split("/console/")[0]
        for path in ("", f"people/{ann.id}/", f"{one.id}/", "dry-run/"):
            page.goto(f"{base}/console/explain/{path}")
            if path == "dry-run/":
                foresee(page)
            found += [(scheme, path, each) for each in serious(page)]
            assert page.evaluate("document.documentElement.scrollWidth") == width, path
            assert page.evaluate("document.querySelector('main').scrollWidth <= innerWidth"), path
    assert found == []


def test_hostile_words_are_text_on_every_page(console: Any, sara: User, drain: Any) -> None:
    ann = someone(HOSTILE[0], HOSTILE[1])
    (one,) = sent(ann, sara, reference=HOSTILE[1], subject=HOSTILE[0], body=HOSTILE[0])
    rows = [
        Decision(notification_id=one.id, at=clock.now(), stage=word, rule=word, outcome=word, reason=word, detail=word)
        for word in HOSTILE
    ]
    Decision.objects.bulk_create(rows)
    page = console("/console/explain/")
    base = page.url.split("/console/")[0]
    for path in (f"people/{ann.id}/", f"people/{ann.id}/?category=%3Cscript%3E&date=%22%3E%3Csvg%3E", f"{one.id}/"):
        page.goto(f"{base}/console/explain/{path}")
        if "?" not in path:
            expect(page.locator("main")).to_contain_text(HOSTILE[1])
        unhurt(page)
    page.goto(f"{base}/console/explain/")
    for word in HOSTILE:
        page.get_by_label("Notification or person").fill(word)
        page.get_by_role("button", name="Explain").click()
        expect(page.get_by_label("Notification or person")).to_have_value(word)
        unhurt(page)
    page.goto(f"{base}/console/explain/dry-run/")
    for word in HOSTILE[:2]:
        foresee(page, to=str(ann.id), subject=word, body=word)
        expect(page.get_by_label("Subject")).to_have_value(word)
        unhurt(page)
        page.goto(f"{base}/console/explain/dry-run/")
    assert [each for each in console.complaints if "422" not in each] == []


def unhurt(page: Page) -> None:
    assert page.evaluate("window.__x") is None
    assert page.locator("main :is(script, img, svg, iframe)").count() == 0
