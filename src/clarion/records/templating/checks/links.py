"""Links and addresses: of HTML, of the link fields, and those that stand in plain texts."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from urllib.parse import urlsplit

from clarion.channels.links import MAIL_SCHEMES, scheme_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.places import MOST_LOCATED, NOWHERE, Where, of_tag, of_text, of_value
from clarion.records.templating.checks.tags import MASK, Tag, masked, read_tags, visible

_FIELDS = ("link", "image")
_ADDRESSED = ("href", "src", "background", "action", "poster")
_HOST = re.compile(r"[\w](?:[\w.-]*[\w])?")
_URL_IN_TEXT = re.compile(r"\b(?:https?|ftp)://[^\s<>\"')\]]+", re.IGNORECASE)
_SHORTENERS = frozenset(
    {
        "bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "cutt.ly", "rb.gy", "shorturl.at",
        "tiny.cc", "t.ly", "rebrand.ly",
    }
)  # fmt: skip
_VAGUE = frozenset(
    {
        "click here", "here", "click", "this link", "link", "more", "read more", "ici", "cliquez ici", "lire la suite",
        "bofya hapa", "hapa", "hier", "aquí",
    }
)  # fmt: skip
Fault = tuple[Code, str]


def check_links(case: Case) -> Iterator[Finding]:
    """Each fault of each place once, however often a loop repeats it."""
    for piece in case.in_time():
        said: set[tuple[Code, str, Where]] = set()
        for each in islice(_of_piece(piece), MOST_LOCATED) if piece.rendered else ():
            mark = (each.code, each.field, (each.line, each.column))
            if mark not in said:
                said.add(mark)
                yield each


def _of_piece(piece: Piece) -> Iterator[Finding]:
    for name, source, rendered in piece.texts():
        if piece.channel == ChannelKey.EMAIL and name == "html":
            yield from _html(piece, source, rendered)
        elif name in _FIELDS:
            if piece.made_up and source != rendered:
                continue
            for code, message in address_faults(rendered.strip()):
                if code is not Code.LINK_UNSAFE:  # fields.py says that
                    yield piece.say(code, message, field=name, place=(1, 1))
        else:
            yield from _text(piece, name, source, rendered)


def _text(piece: Piece, name: str, source: str, rendered: str) -> Iterator[Finding]:
    for found in _URL_IN_TEXT.finditer(rendered):
        address = found.group().rstrip(".,;:!?")
        place = of_value(source, address)
        if piece.made_up and place == NOWHERE:
            continue
        for code, message in address_faults(address):
            yield piece.say(code, message, field=name, place=place)


def _html(piece: Piece, source: str, rendered: str) -> Iterator[Finding]:
    tags = read_tags(rendered)
    for at, tag in enumerate(tags):
        if tag.closing or not tag.name:
            continue
        following = tags[at + 1].text if at + 1 < len(tags) else ""
        faults = _anchor(tag, tags, at) if tag.name in ("a", "area") else _loaded(tag)
        if piece.made_up and not _is_written(source, tag):
            continue
        for code, message in faults:
            yield piece.say(code, message, field="html", place=_place(source, tag, following))


def _place(source: str, tag: Tag, following: str) -> Where:
    """The tag; where a partial of the design makes it, the address that the partial was given."""
    found = of_tag(source, tag, following)
    if found != NOWHERE:
        return found
    address = next((tag.attrs[name].strip() for name in _ADDRESSED if tag.attrs.get(name)), "")
    return of_text(source, address)


def _is_written(source: str, tag: Tag) -> bool:
    """Whether the tag's addresses stand in the source as they are."""
    given = [tag.attrs[name].strip() for name in _ADDRESSED if tag.attrs.get(name)]
    plain = masked(source)
    return all(address in plain for address in given) and (bool(given) or f"href={MASK}" not in plain.replace('"', ""))


def _anchor(tag: Tag, tags: Sequence[Tag], at: int) -> Iterator[Fault]:
    if "href" not in tag.attrs:
        if "name" not in tag.attrs and "id" not in tag.attrs:
            yield Code.LINK_EMPTY, "<a> has no href"
        return
    yield from address_faults(tag.attrs["href"].strip())
    words = _words(tags, at)
    if not words:
        yield Code.LINK_NO_TEXT, "a link has neither text nor an image with alt"
    elif words.casefold().strip(" .!>»→") in _VAGUE:
        yield Code.LINK_VAGUE, f'"{words}" does not say where it leads'


def _words(tags: Sequence[Tag], at: int) -> str:
    """What a screen reader says of the link that begins here."""
    if tags[at].attrs.get("aria-label"):
        return visible(tags[at].attrs["aria-label"])
    said: list[str] = []
    for tag in tags[at + 1 :]:
        if tag.name == "a":
            break
        said.append(tag.text or (tag.attrs.get("alt", "") if tag.name == "img" else ""))
    return visible(" ".join(said))


def _loaded(tag: Tag) -> Iterator[Fault]:
    """What else a mail loads; an image without src is images.py's."""
    for name in _ADDRESSED[1:]:
        address = tag.attrs.get(name, "").strip()
        if address:
            yield from address_faults(address)
    if tag.name == "link" and tag.attrs.get("href", "").strip():
        yield from address_faults(tag.attrs["href"].strip())


def address_faults(address: str) -> Iterator[Fault]:
    """What is wrong with an address, syntax only: nothing is looked up."""
    shown = address[:60]
    if not address:
        yield Code.LINK_EMPTY, "a link without an address"
        return
    if address.startswith("#"):
        if address == "#":
            yield Code.LINK_PLACEHOLDER, "a link to #"
        return
    scheme = scheme_of(address)
    if not scheme or re.match(r"[\w.-]+:\d+(?:/|$)", address):
        yield _without_scheme(address)
    elif scheme not in MAIL_SCHEMES:
        yield Code.LINK_UNSAFE, f"{shown}: a link with {scheme[:20]}: is refused"
    elif scheme in ("http", "https"):
        yield from _web(address, shown)
    elif scheme == "mailto" and not re.fullmatch(r"mailto:[^@\s]+@[^@\s.]+\.[^@\s]+", address, re.IGNORECASE):
        if not address.lower().startswith("mailto:?"):
            yield Code.LINK_BROKEN, f"{shown}: not an email address"
    elif scheme == "tel" and not re.fullmatch(r"tel:\+?[\d().\- ]{3,}", address, re.IGNORECASE):
        yield Code.LINK_BROKEN, f"{shown}: not a telephone number"


def _without_scheme(address: str) -> Fault:
    if re.match(r"https?(?:/|:/(?!/)|;)", address) or address.startswith("//"):
        return Code.LINK_BROKEN, f"{address[:60]}: it must begin with https://"
    return Code.LINK_RELATIVE, f"{address[:60]}: it has no host"


def _web(address: str, shown: str) -> Iterator[Fault]:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        yield Code.LINK_BROKEN, f"{shown}: host or port cannot be read"
        return
    if not host or re.search(r"\s", address) or not _is_host(host):
        yield (
            Code.LINK_BROKEN,
            f"{shown}: {'blanks are not allowed' if host and ' ' in address else 'it has no proper host'}",
        )
        return
    if _is_local(host):
        yield Code.LINK_LOCAL, f"{shown}: {host} is not reached from outside"
    elif parts.scheme.lower() == "http":
        yield Code.LINK_INSECURE, f"{shown}: http can be read and changed on the way"
    if host.lower().removeprefix("www.") in _SHORTENERS:
        yield Code.LINK_SHORTENED, f"{shown}: a shortener hides where it leads"


def _is_host(host: str) -> bool:
    if ":" in host:
        return True
    labels = host.split(".")
    return bool(_HOST.fullmatch(host)) and all(labels) and (len(labels) > 1 or host == "localhost")


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".lan"))
