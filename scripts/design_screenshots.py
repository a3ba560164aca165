"""Makes docs/images/designs/ again: the shipped email designs in Chromium, narrow and wide, light and dark.

    .venv/bin/python scripts/design_screenshots.py [--out FOLDER] [--only order.placed] [--locale fr]

Reads the template folders as they stand; needs no database and no running system. Chromium is the one on the PATH, or
the one that playwright has brought itself.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from clarion.channels.registry import channel as channel_of  # noqa: E402
from clarion.contract.channel import ChannelKey  # noqa: E402
from clarion.contract.content import EmailContent  # noqa: E402
from clarion.records.brand.values import Brand, SocialLink  # noqa: E402
from clarion.records.templating.design import prepare  # noqa: E402
from clarion.records.templating.engine.compile import compile_content  # noqa: E402
from clarion.records.templating.files import TemplateFiles, read_folder  # noqa: E402

DESIGNS = ("order.placed", "order.shipped", "order.delivered", "security.alert", "marketing.promotion")
TEMPLATES = ROOT / "src/clarion/surfaces/cli/demo_data/templates"
OUT = ROOT / "docs/images/designs"
WIDTHS = (375, 800)
SCHEMES = ("light", "dark")
COLORS = 48
BRAND = Brand(
    name="Mbuyu Market",
    address="Mbuyu Market Ltd\n12 Harbour Street, Mombasa",
    support_email="help@example.com",
    support_url="https://example.com/help",
    social=(
        SocialLink(name="Instagram", url="https://example.com/instagram"),
        SocialLink(name="YouTube", url="https://example.com/youtube"),
    ),
)
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LOCALES = {"": "en", "fr": "fr-FR", "sw": "sw-KE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture to take."""

    name: str
    html: str
    width: int
    scheme: str


def mail(template: TemplateFiles, locale: str = "", **more: object) -> EmailContent:
    """The template's email for its own sample, in one of its locales."""
    fields = template.content[ChannelKey.EMAIL][locale]
    prepared = prepare(ChannelKey.EMAIL, fields, theme=template.theme, locale=locale)
    rendered = compile_content(ChannelKey.EMAIL, prepared).render({**surroundings(locale), **template.sample, **more})
    content = channel_of(ChannelKey.EMAIL).build(rendered, {})
    assert isinstance(content, EmailContent)
    return content


def surroundings(locale: str) -> Mapping[str, object]:
    """What every rendering brings by itself, for a person who is made up."""
    return {
        "user": {"first_name": "John", "last_name": "Doe", "full_name": "John Doe"},
        "app_name": BRAND.name,
        "app_url": "https://example.com",
        "brand": BRAND.as_context(),
        "now": NOW,
        "current_time": NOW,
        "locale": LOCALES.get(locale, locale or "en"),
        "timezone": "UTC",
        "unsubscribe_url": "https://example.com/unsubscribe",
        "preferences_url": "https://example.com/preferences",
    }


def shots(designs: Mapping[str, TemplateFiles], locale: str) -> Iterator[Shot]:
    """Every design in every width and scheme."""
    for path, template in designs.items():
        html = mail(template, locale).html
        for width in WIDTHS:
            for scheme in SCHEMES:
                name = f"{path.replace('.', '-')}-{width}-{scheme}{'-' + locale if locale else ''}"
                yield Shot(name=name, html=html, width=width, scheme=scheme)


def take(browser: Browser, shot: Shot, folder: Path) -> Path:
    """Take one picture of the whole page, with few colours so that it is small."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": 400},
        color_scheme="dark" if shot.scheme == "dark" else "light",
        offline=True,
    )
    try:
        page = context.new_page()
        page.set_content(shot.html)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            raise SystemExit(f"{shot.name}: wider than its window")
        path = folder / f"{shot.name}.png"
        page.screenshot(path=path, full_page=True)
    finally:
        context.close()
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


def chromium() -> str | None:
    """The browser's program; None for playwright's own."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def main() -> None:
    """Take all the pictures and say how large they are together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", default="")
    parser.add_argument("--templates", type=Path, default=TEMPLATES)
    parser.add_argument("--locale", default="", choices=[*LOCALES])
    given = parser.parse_args()
    read = {template.path: template for template in read_folder(given.templates)}
    designs = {path: read[path] for path in ((given.only,) if given.only else DESIGNS)}
    given.out.mkdir(parents=True, exist_ok=True)
    total = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for shot in shots(designs, given.locale):
            total += take(browser, shot, given.out).stat().st_size
        browser.close()
    print(f"{given.out}: {total / 1000:.0f} kB")


if __name__ == "__main__":
    main()
