"""Hostile words in templates, on every page of the console and in its previews: nothing of them runs."""

from typing import Any

from acceptance.console_browser import browser, console, needs_chromium, sara, store
from playwright.sync_api import Page, expect

from clarion.contract.channel import ChannelKey
from clarion.records.categories.models import Category
from clarion.records.people.models import User
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import Template

__all__ = ["browser", "console", "sara"]

pytestmark = needs_chromium

RUN = "window.__x=1;top.__x=1;parent.__x=1"
# What runs in one place is text in another; each stands first in its field, so that none is hidden by one before it.
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"<ScRiPt>{RUN}</sCrIpT>",
    f"</script><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script>",
    f"<script/src=data:,{RUN}></script>",
    f'<script src="data:text/javascript,{RUN}"></script>',
    f"<script type=module>{RUN}</script>",
    f"<script nonce>{RUN}</script>",
    f'<img src=x onerror="{RUN}">',
    f"<img src=x onerror={RUN}//",
    f"<img/src='x'onerror='{RUN}'>",
    f'"><img src=x onerror="{RUN}">',
    f"'><img src=x onerror='{RUN}'>",
    f'<svg onload="{RUN}">',
    f"<svg><script>{RUN}</script></svg>",
    f'<svg><animate onbegin="{RUN}" attributeName=x dur=1s>',
    f'<svg><a xlink:href="javascript:{RUN}"><text y=20>x</text></a></svg>',
    f"<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>#x\"/></svg>",
    f"<math><mtext><script>{RUN}</script></mtext></math>",
    f'<math><mglyph><style><img src=x onerror="{RUN}">',
    f'<body onload="{RUN}">',
    f'<body onpageshow="{RUN}">',
    f'<iframe src="javascript:{RUN}"></iframe>',
    f'<iframe srcdoc="<script>{RUN}</script>"></iframe>',
    f'<object data="javascript:{RUN}"></object>',
    f'<object data="data:text/html,<script>{RUN}</script>"></object>',
    f'<embed src="javascript:{RUN}">',
    f'<a href="javascript:{RUN}" autofocus onfocus="{RUN}">a</a>',
    f'<input autofocus onfocus="{RUN}">',
    f'<select autofocus onfocus="{RUN}">',
    f'<details open ontoggle="{RUN}">',
    f'<video><source onerror="{RUN}"></video>',
    f'<audio src=x onerror="{RUN}">',
    f'<marquee onstart="{RUN}">x</marquee>',
    f'<form action="javascript:{RUN}"><button autofocus>x</button></form>',
    f'<form><button formaction="javascript:{RUN}">x</button></form>',
    f'<meta http-equiv=refresh content="0;url=javascript:{RUN}">',
    f'<meta http-equiv=refresh content="0;url=data:text/html,<script>{RUN}</script>">',
    f'<base href="javascript:{RUN}//"><a href=x>x</a>',
    f'<link rel=stylesheet href="javascript:{RUN}">',
    f"<style>@import 'javascript:{RUN}';</style>",
    f'<div style="background:url(javascript:{RUN})">x</div>',
    f'<template><script>{RUN}</script></template><div x-init="{RUN}" x-data>x</div>',
    f'<x onclick="{RUN}" tabindex=1 autofocus onfocus="{RUN}">x</x>',
    f"javascript:{RUN}//';{RUN}//\";{RUN}//`;{RUN}//",
    "{{ '<script>window.__x=1;top.__x=1</script>' | safe }}${top.__x=1}",
]
LOCALES = ["", "sw", "fr", "de", "es"]


def hostile(number: int, payloads: list[str]) -> Draft:
    """A template with a payload in each of its languages, on every channel, in its name and in its data."""
    content: dict[ChannelKey, dict[str, dict[str, str]]] = {key: {} for key in (ChannelKey.EMAIL, ChannelKey.CHAT)}
    for locale, payload in zip(LOCALES, payloads, strict=True):
        source = payload if "{{" in payload else "{% raw %}" + payload + "{% endraw %}"
        line = " ".join(source.split())
        html = f"{source}<p id=canary>here {{{{ x }}}}</p>{source}"
        content[ChannelKey.EMAIL][locale] = {"subject": line, "preheader": line, "html": html, "text": source}
        content[ChannelKey.CHAT][locale] = {"text": source, "title": line[:140] if "{" not in line else "x"}
    return Draft(
        path=f"hostile.n{number}",
        name=payloads[0],
        category_id=Category.objects.get(key="orders").id,
        content=content,
        optional=("x",),
        note=payloads[1],
        schema={"type": "object", "properties": {"x": {"type": "string", "description": payloads[2]}}},
        sample={"x": payloads[3]},
    )


def ran(page: Page) -> list[str]:
    """The frames in which something left its mark."""
    return [frame.url for frame in page.frames if frame.evaluate("() => window.__x !== undefined")]


def test_fifty_payloads_are_stored_listed_edited_and_previewed_and_none_runs(console: Any, sara: User) -> None:
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 50
    groups = [PAYLOADS[at : at + len(LOCALES)] for at in range(0, len(PAYLOADS), len(LOCALES))]
    templates: list[Template] = [store(hostile(*each), sara, publish=False) for each in enumerate(groups)]
    page = console("/console/templates/")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    expect(page.locator("tbody tr")).to_have_count(len(groups))
    assert page.locator("main script, main img, main iframe").count() == 0
    assert ran(page) == []
    previewed = 0
    base = page.url.split("/console/")[0]
    for template, payloads in zip(templates, groups, strict=True):
        page.goto(f"{base}/console/templates/{template.id}/")
        expect(page.locator("#name")).to_have_text(payloads[0])
        for locale in LOCALES:
            page.locator(f'#locales [data-name="{locale or "default"}"]').click()
            previewed += seen(page)
        page.get_by_role("tab", name="Chat").click()
        expect(page.locator("#preview .spoken, #preview .faults")).to_be_visible()
        page.get_by_role("tab", name="Variables").click()
        expect(page.locator(".variables")).to_contain_text("x")
        assert page.locator("#preview .spoken :is(script, img, svg, iframe), .variables :is(script, img)").count() == 0
        assert ran(page) == []
    assert dialogs == []
    assert previewed >= 30, "too many were refused by the engine to prove anything of the frame"
    page.goto("about:blank")
    page.set_content(PAYLOADS[12])  # the canary sings where nothing stops it
    expect(page.locator("img")).to_have_count(1)
    page.wait_for_timeout(200)
    assert ran(page) == ["about:blank"]


def seen(page: Page) -> bool:
    """Wait for the preview of the open language; whether it was rendered rather than refused. Nothing has run."""
    page.locator("#preview:not([aria-busy])").wait_for()
    place = page.locator("#preview iframe, #preview .faults, #preview .problem")
    place.first.wait_for()
    rendered = page.locator("#preview iframe").count() > 0
    if rendered:
        page.wait_for_timeout(150)
    assert page.locator("#preview iframe:not([sandbox=''])").count() == 0
    assert ran(page) == []
    return rendered
