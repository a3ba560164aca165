"""A brand as a value, what may stand in it, and how a template sees it. No database here."""

from dataclasses import asdict, dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from clarion.channels.email import parse_email
from clarion.channels.errors import InvalidValue
from clarion.channels.text import LINE_BREAKS
from clarion.contract.input_error import InputError
from clarion.records.brand.colors import DEFAULT, is_color, palette

MOST_SOCIAL = 8
MOST_ADDRESS_LINES = 6
LIMITS = {
    "name": 100, "logo_url": 500, "logo_alt": 100, "color": 7, "address": 400, "support_email": 254,
    "support_url": 500,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialLink:
    """A page of ours elsewhere."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """Who writes. Empty texts mean that there is none; `color` is `#rrggbb`, `address` may have several lines."""

    name: str = ""
    logo_url: str = ""
    logo_alt: str = ""
    color: str = ""
    address: str = ""
    support_email: str = ""
    support_url: str = ""
    social: tuple[SocialLink, ...] = ()

    def as_context(self) -> dict[str, object]:
        """Plain data for a rendering, shared by all: the fields, the lines of the address and the palette."""
        return _context(self)


@lru_cache(maxsize=8)
def _context(brand: Brand) -> dict[str, object]:
    found: dict[str, object] = asdict(brand)
    found["logo_alt"] = brand.logo_alt or brand.name
    found["social"] = [{"name": link.name, "url": link.url} for link in brand.social]
    found["address_lines"] = [line.strip() for line in brand.address.splitlines() if line.strip()]
    return found | palette(brand.color or DEFAULT).names()


def check(brand: Brand) -> None:
    """Raise InputError for the first value that cannot stand in a mail."""
    for name, limit in LIMITS.items():
        _text(getattr(brand, name), f"/{name}", limit, lines=name == "address")
    if brand.color and not is_color(brand.color):
        raise InputError("invalid_color", "a colour is written #rrggbb", pointer="/color")
    if brand.address.count("\n") >= MOST_ADDRESS_LINES:
        raise InputError("too_long", f"an address has {MOST_ADDRESS_LINES} lines at most", pointer="/address")
    for name in ("logo_url", "support_url"):
        _https(getattr(brand, name), f"/{name}")
    if brand.support_email:
        _email(brand.support_email)
    if len(brand.social) > MOST_SOCIAL:
        raise InputError("too_many", f"at most {MOST_SOCIAL} links", pointer="/social")
    for at, link in enumerate(brand.social):
        _text(link.name, f"/social/{at}/name", 40)
        _https(link.url, f"/social/{at}/url")
        if not link.name.strip() or not link.url:
            raise InputError("required", "a link has a name and an address", pointer=f"/social/{at}")


def _text(value: str, pointer: str, limit: int, *, lines: bool = False) -> None:
    if len(value) > limit:
        raise InputError("too_long", f"at most {limit} characters", pointer=pointer)
    if LINE_BREAKS.search(value.replace("\n", "") if lines else value):
        raise InputError("line_break", "this must be one line", pointer=pointer)


def _https(value: str, pointer: str) -> None:
    """Empty, or an address that every mail program will follow: mails are read outside of our network."""
    if not value:
        return
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    bad = any(letter.isspace() or letter in "\"'<>\\`" or ord(letter) < 33 for letter in value)
    if parts.scheme != "https" or "." not in host or parts.username is not None or len(value) > 500 or bad:
        raise InputError("invalid_url", "write an https:// address", pointer=pointer)


def _email(value: str) -> None:
    try:
        parse_email(value)
    except InvalidValue as error:
        raise InputError(error.code, str(error), pointer="/support_email") from error
