"""The corpus of hostile templates: `*.yaml` beside this file. Each names its source and what must become of it.

`source` is text, or a list of text and `[text, times]`. `in` says where it stands: `text` (a chat message), `html` (a
mail), or one field as `email.subject`; both of the first two by default. `expect` is `error: <code>`, `output: <text>`
or `length: <most characters>`; `expect_html` where the mail differs. `previewed` is the error of a preview, where what
resolves layouts and partials (templating/design) refuses it before the engine does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from clarion.contract.channel import ChannelKey

FOLDER = Path(__file__).parent
MOST_OUTPUT = 262_144
CONTEXT: dict[str, Any] = {
    "user": {"first_name": "Ann", "email": "ann@example.com"},
    "now": datetime(2026, 1, 3, 5, tzinfo=UTC),
    "locale": "en",
    "timezone": "UTC",
    "text": "abc" * 20_000,
    "angles": "<\"'&" * 20_000,
    "xs": list(range(5000)),
    "rows": [{"n": n, "s": "x" * 20} for n in range(2000)],
    "price": 12.5,
    "huge": "ab" * 400_000,
    "none": None,
    "lines": "a\r\nBcc: eve@example.com",
    "breaks": "a\x0bb\x0cc\x1cd\u0085e\u2028f",
    "script": "<script>alert(1)</script>",
    "quote": '" onmouseover="alert(1)',
    "js": "javascript:alert(1)",
    "tabbed": "java\tscript:alert(1)",
    "coded": "&#106;avascript:alert(1)",
    "data_url": "data:text/html,<script>alert(1)</script>",
    "format": "{0.__class__.__mro__}",
    "percent": "%(x)s %s %n",
    "dunder": "__class__",
    "jinja": "{{ 7 * 7 }}{% include 'x' %}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One hostile template in one place."""

    name: str
    channel: ChannelKey
    field: str
    source: str
    expect: Mapping[str, Any]
    previewed: str | None = None

    @property
    def fields(self) -> dict[str, str]:
        """The content it stands in; the rest of it is harmless."""
        rest: Mapping[ChannelKey, dict[str, str]] = {
            ChannelKey.EMAIL: {"subject": "s", "text": "t"},
            ChannelKey.PUSH: {"title": "t", "body": "b"},
            ChannelKey.IN_APP: {"title": "t"},
            ChannelKey.CHAT: {"text": "t"},
        }
        return {**rest.get(self.channel, {}), self.field: self.source}

    def is_met_by(self, code: str | None, output: str) -> bool:
        """Whether this is what must become of it: an error's code (`a or b`: whichever limit the machine meets first),
        or the text of its field."""
        if "error" in self.expect:
            return code in self.expect["error"].split(" or ")
        if code is not None:
            return False
        return output == self.expect["output"] if "output" in self.expect else len(output) <= self.expect["length"]


def attacks() -> Iterator[Attack]:
    """All of them."""
    for path in sorted(FOLDER.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text("utf-8")):
            yield from _placed(entry, path.stem)


def _placed(entry: Mapping[str, Any], kind: str) -> Iterator[Attack]:
    for place in entry.get("in", ["text", "html"]):
        channel, field = {"text": ("chat", "text"), "html": ("email", "html")}.get(place) or place.split(".")
        expect = entry.get("expect_html", entry["expect"]) if place == "html" else entry["expect"]
        yield Attack(
            name=f"{kind}: {entry['name']} ({place})",
            channel=ChannelKey(channel),
            field=field,
            source=_text(entry["source"]),
            expect=expect,
            previewed=entry.get("previewed"),
        )


def _text(source: str | list[Any]) -> str:
    if isinstance(source, str):
        return source
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in source)


ATTACKS = tuple(attacks())
