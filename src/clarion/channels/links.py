"""Which addresses may stand behind a link or be called: schemes, hosts, no credentials. No network here."""

import re
from urllib.parse import urlsplit

from clarion.channels.errors import InvalidValue
from clarion.channels.markup import attributes, tokens

LINK_SCHEMES = frozenset({"http", "https", "mailto"})
# A mail's pictures may be its own parts (cid:), and a telephone link is inert.
MAIL_SCHEMES = LINK_SCHEMES | {"tel", "cid"}
URL_LIMIT = 2048

_BLANKS_AND_CONTROLS = re.compile("[\x00-\x20\x7f-\x9f]+")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_LINKING = frozenset(
    {
        "href",
        "src",
        "action",
        "formaction",
        "background",
        "poster",
        "xlink:href",
        "data",
        "cite",
    }
)
# Nearly every link of a mail starts in one of these ways; only the others are looked at closely. The pattern begins
# with a literal and looks back from there, which is ten times faster than looking for the names.
_SUSPICIOUS = re.compile(
    r"=(?:(?<=[\s]=)|(?<=(?i:href)=)|(?<=(?i:src)=)|(?<=(?i:action)=)|(?<=(?i:background)=)|(?<=(?i:poster)=)"
    r"|(?<=(?i:data)=)|(?<=(?i:cite)=))(?!\s*[\"'](?:https?://|mailto:|cid:|#))"
)


def scheme_of(value: str) -> str:
    """The scheme as a browser would read it (blanks and controls do not count), or the empty string."""
    found = _SCHEME.match(_BLANKS_AND_CONTROLS.sub("", value))
    return found.group(1).lower() if found else ""


def link(value: str, *, field: str) -> str:
    """A link for a person: empty, or http, https or mailto. Raises InvalidValue (`unsafe_link`)."""
    url = value.strip()
    if not url:
        return ""
    if len(url) > URL_LIMIT or _BLANKS_AND_CONTROLS.search(url) or scheme_of(url) not in LINK_SCHEMES:
        raise InvalidValue(
            "unsafe_link",
            f"{field} must be an http, https or mailto link of at most {URL_LIMIT} characters",
            field=field,
        )
    return url


def safe_links(html: str, *, field: str) -> str:
    """The mail's HTML, when every address in it has a harmless scheme (or none)."""
    if not _SUSPICIOUS.search(html):
        return html
    for tag, _text in tokens(html):
        for name, value in attributes(tag).items() if tag else ():
            scheme = scheme_of(value) if name in _LINKING else ""
            if scheme and scheme not in MAIL_SCHEMES:
                raise InvalidValue(
                    "unsafe_link",
                    f"{field} links with {scheme[:20]}: – use http, https or mailto",
                    field=field,
                )
    return html


def endpoint(value: str, *, https_only: bool = False) -> str:
    """A URL we are to call: http(s), a host, no user, no fragment. Raises InvalidValue (`invalid_url`).

    Whether the host may be called at all is egress' question, asked when connecting.
    """
    url = value.strip()
    if len(url) > URL_LIMIT or _BLANKS_AND_CONTROLS.search(url) or "\\" in url:
        raise InvalidValue(
            "invalid_url",
            f"the URL must be at most {URL_LIMIT} characters without blanks",
        )
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
        host = parts.hostname
    except ValueError as error:
        raise InvalidValue("invalid_url", "the URL cannot be read: check host and port") from error
    if parts.scheme.lower() not in (("https",) if https_only else ("http", "https")):
        raise InvalidValue(
            "invalid_url",
            f"the URL must start with {'https' if https_only else 'http or https'}://",
        )
    if not host or "@" in parts.netloc or "#" in url:
        raise InvalidValue(
            "invalid_url",
            "the URL needs a host and may have neither credentials nor a fragment",
        )
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()


def mask_url(value: str) -> str:
    """`https://host/…`: tokens live in paths and queries."""
    try:
        parts = urlsplit(value.strip())
        host = parts.hostname
    except ValueError:
        return "…"
    return f"{parts.scheme}://{host}/…" if host else "…"
