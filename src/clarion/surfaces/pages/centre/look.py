"""The brand on the page: name, logo and colours, each of which can be read on what it stands on. The content policy
allows this logo's host and this style sheet, and nothing else from anywhere."""

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from clarion.records.brand.colors import ink_for, palette
from clarion.records.brand.values import Brand
from clarion.surfaces.pages.headers import POLICY

# nothing that could end a directive of the policy and begin another
_HOST = re.compile(r"[a-z0-9.-]+(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`style` is a whole style sheet, named by its hash in `policy`."""

    style: str
    policy: str
    logo: str


@lru_cache(maxsize=8)
def look_of(brand: Brand) -> Look:
    """How the page looks for a brand; its colour is `#rrggbb`."""
    colors = palette(brand.color)
    style = (
        f":root{{--accent:{colors.strong};--accent-ink:{ink_for(colors.strong)};--panel:{colors.tint};"
        f"--edge:{colors.edge};--band:{colors.color}}}"
        f"@media(prefers-color-scheme:dark){{:root{{--accent:{colors.bright};--accent-ink:{ink_for(colors.bright)};"
        f"--panel:{colors.shade};--edge:{colors.strong}}}}}"
    )
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    host = urlsplit(brand.logo_url).netloc.lower() if brand.logo_url else ""
    shown = _HOST.fullmatch(host) is not None
    policy = POLICY.replace("style-src 'self'", f"style-src 'self' 'sha256-{digest}'")
    if shown:
        policy = policy.replace("img-src 'self'", f"img-src 'self' https://{host}")
    return Look(style=style, policy=policy, logo=brand.logo_url if shown else "")
