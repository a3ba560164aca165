"""A gateway's description from its URL, and from the file that `template=` names. Nothing here is ever printed.

Options of the file and of the URL are the same; the URL's come first. The file is TOML with one text for each option.
"""

import tomllib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from clarion.contract.account import COMMON_OPTIONS, AccountUrl
from clarion.contract.account_file import read_account_file
from clarion.contract.faults import Misconfigured
from clarion.providers.httpsms.reading import Reading, parse_reading
from clarion.providers.httpsms.template import PLACES, Form, Template, compile_template

REQUEST = ("method", "tls", "type", "body", "query", "headers", "auth", "from", "probe", "timeout")
ANSWER = ("ok", "id", "error", "codes")
CALLBACK = (
    "callback_id",
    "callback_ref",
    "callback_event",
    "callback_status",
    "callback_statuses",
    "callback_to",
    "callback_secret",
    "callback_signature",
)
TYPES: Mapping[str, tuple[Form, str]] = {
    "json": (Form.JSON, "application/json"),
    "form": (Form.FORM, "application/x-www-form-urlencoded"),
    "xml": (Form.XML, "application/xml; charset=utf-8"),
}
METHODS = ("POST", "GET", "PUT")
LARGEST_FILE = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """How a message becomes a request, and an answer an outcome. `base` is scheme, host and port."""

    base: str = field(repr=False)
    method: str
    path: Template = field(repr=False)
    body: Template | None = field(repr=False)
    headers: tuple[tuple[str, Template], ...] = field(repr=False)
    probe: str = field(repr=False)
    known: Mapping[str, str] = field(repr=False)
    reading: Reading = field(repr=False)


def with_file(url: AccountUrl) -> AccountUrl:
    """The URL with the options of its template file added. Raises Misconfigured."""
    url.only("template", *REQUEST, *ANSWER, *CALLBACK)
    name = url.options.get("template", "")
    if not name:
        return url
    given = _read(name)
    if not set(given) <= {*REQUEST, *ANSWER, *CALLBACK, *COMMON_OPTIONS}:
        raise Misconfigured("httpsms: the file of template= has an unknown option: see the provider's README")
    return replace(url, options={**given, **url.options})


def _read(name: str) -> dict[str, str]:
    try:
        found = tomllib.loads(read_account_file(name, LARGEST_FILE).decode())
    except (OSError, ValueError) as error:
        raise Misconfigured(f"httpsms: the file of template= cannot be read ({type(error).__name__})") from error
    if not all(isinstance(value, str) for value in found.values()):
        raise Misconfigured("httpsms: the file of template= holds texts only: name = 'value'")
    return found


def parse(url: AccountUrl) -> Gateway:
    """The gateway behind `httpsms://user:password@host/path?…`. Raises Misconfigured saying what to write."""
    url = with_file(url)
    options = url.options
    if not url.host:
        raise Misconfigured("httpsms: write httpsms://user:password@host/path?body=…")
    kind = options.get("type", "json")
    method = options.get("method", "POST").upper()
    if kind not in TYPES or method not in METHODS:
        raise Misconfigured(f"httpsms: type= is {', '.join(TYPES)}; method= is {', '.join(METHODS)}")
    form, content_type = TYPES[kind]
    body = compile_template(options["body"], form, option="body") if "body" in options else None
    if body is not None and form is Form.JSON and options["body"].strip():
        _require_json(body)
    path = _path(url, options.get("query", ""))
    _require_places(path, body)
    return Gateway(
        base=_base(url),
        method=method,
        path=path,
        body=body,
        headers=_headers(url, content_type if body else ""),
        probe=options.get("probe", ""),
        known={"username": url.username, "password": url.password, "from": options.get("from", "")},
        reading=parse_reading(options),
    )


def _base(url: AccountUrl) -> str:
    if "endpoint" in url.options:
        return url.options["endpoint"]
    tls = url.options.get("tls", "yes")
    if tls not in ("yes", "no"):
        raise Misconfigured("httpsms: tls= is yes or no (plain http, for gateways in your own network)")
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{'https' if tls == 'yes' else 'http'}://{host}{f':{url.port}' if url.port else ''}"


def _path(url: AccountUrl, query: str) -> Template:
    text = (url.path or "/") + (f"?{query}" if query else "")
    if any(ord(char) <= 32 for char in text):
        raise Misconfigured("httpsms: path and query= must be written percent-encoded")
    return compile_template(text, Form.URL, option="query")


def _require_json(body: Template) -> None:
    """With its places filled it must be JSON, or no message would ever be taken."""
    try:
        msgspec.json.decode(body.fill(dict.fromkeys(PLACES, "1")))
    except (msgspec.DecodeError, RecursionError):
        message = 'httpsms: body= is no JSON with its places filled. They bring their own quotes: {text}, not "{text}"'
        raise Misconfigured(message) from None


def _require_places(path: Template, body: Template | None) -> None:
    names = path.names | (body.names if body else frozenset())
    if not names & {"to", "to_digits"} or "text" not in names:
        raise Misconfigured("httpsms: body= or query= must have the places {to} (or {to_digits}) and {text}")


def _headers(url: AccountUrl, content_type: str) -> tuple[tuple[str, Template], ...]:
    """`Name: value` parted by `|`, and those that the body and `auth=basic` bring along."""
    found: dict[str, str] = {"Content-Type": content_type} if content_type else {}
    auth = url.options.get("auth", "")
    if auth not in ("", "basic"):
        raise Misconfigured("httpsms: auth= is basic, or left out")
    if auth:
        found["Authorization"] = "Basic " + b64encode(f"{url.username}:{url.password}".encode()).decode()
    for line in filter(None, url.options.get("headers", "").split("|")):
        name, colon, value = line.partition(":")
        if not colon or not name.strip().replace("-", "").isalnum() or not line.isprintable():
            raise Misconfigured("httpsms: headers= is written Name: value | Other: value")
        found[name.strip()] = value.strip()
    return tuple((name, compile_template(value, Form.HEADER, option="headers")) for name, value in found.items())
