"""The shipped designs in a real browser: nothing for a screen reader or weak eyes to stumble on, nothing too wide."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import design_screenshots as designs

pytestmark = pytest.mark.skipif(designs.chromium() is None, reason="needs chromium or google-chrome on the PATH")
READ = {template.path: template for template in designs.read_folder(designs.TEMPLATES)}
ONLY_PAGES = {"landmark-one-main", "region"}
"""Rules for pages; a mail is an article in somebody else's."""
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3
STRESS = {
    "customer_name": LONG,
    "order_number": LONG,
    "tracking_number": LONG,
    "items": [{"name": LONG, "quantity": 3, "price": 1_234_567.5, "note": LONG}],
    "products": [{"name": LONG, "price": 99_999.9, "was": 199_999.9, "description": LONG}] * 3,
    "promo_code": LONG,
    "location": LONG,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=designs.chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", designs.DESIGNS)
def test_a_design_has_no_fault_of_accessibility(browser: Browser, path: str, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", offline=True)
    page = context.new_page()
    page.set_content(designs.mail(READ[path]).html)
    found = {each["id"] for each in Axe().run(page).response["violations"]}
    context.close()
    assert found <= ONLY_PAGES


@pytest.mark.parametrize("path", designs.DESIGNS)
def test_a_design_fits_a_telephone_whatever_is_in_it(browser: Browser, path: str) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 600}, offline=True)
    page = context.new_page()
    page.set_content(designs.mail(READ[path], **STRESS).html)
    width = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert width == 375
