"""A signed-in browser at the console, for tests that look at it."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import make_user
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from clarion.records.people.models import User
from clarion.records.templating import writer
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import Template

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
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium or google-chrome on the PATH")


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
def sara(real_ground: None) -> User:
    return make_user(email="sara@example.com", is_staff=True, first_name="Sara", last_name="Staff")


@pytest.fixture
def console(browser: Browser, sara: User, live_server: Any, settings: Any) -> Iterator[Callable[..., Page]]:
    """Opens a page as Sara; `complaints` are the errors that browsers wrote (a blocked script is one)."""
    settings.OUTBOX_ENABLED = settings.OUTBOX_OPEN = True
    settings.CSRF_TRUSTED_ORIGINS = []
    complaints: list[str] = []
    contexts = []

    def start(path: str = "/console/", width: int = 1280, height: int = 800, user: User = sara, **more: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        client = Client()
        client.force_login(user)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}{path}")
        return page

    start.complaints = complaints  # type: ignore[attr-defined]
    yield start
    for context in contexts:
        for page in context.pages:
            page.goto("about:blank")  # nothing of it may be under way when the database goes
        context.close()


def store(draft: Draft, author: User | None = None, *, publish: bool = True) -> Template:
    return writer.create(draft, author.id if author else None, publish=publish)


def editor(console: Callable[..., Page], template: Template, **more: Any) -> Page:
    """The template's page, when its preview has come."""
    page = console(f"/console/templates/{template.id}/", **more)
    expect(page.locator("#cost")).not_to_have_text("", timeout=8000)
    return page
