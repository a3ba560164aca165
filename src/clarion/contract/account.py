"""Provider URLs: how an operator names an account (`smtp://user:pass@host:587?tls=starttls`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from clarion.contract.faults import Misconfigured
from clarion.contract.rate import Rate, parse_burst, parse_rate

COMMON_OPTIONS = frozenset({"endpoint", "rate", "burst", "concurrency", "weight", "name"})
MOST_CALLS = 512
MOST_WEIGHT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUrl:
    """A parsed provider URL. Secrets are kept out of repr; `shown` is the form that may be printed."""

    scheme: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    host: str = ""
    port: int | None = None
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The account's name: the `name=` option, else the scheme and host."""
        return self.options.get("name") or (f"{self.scheme}-{self.host}" if self.host else self.scheme)

    @property
    def rate(self) -> Rate | None:
        """The `rate=` option."""
        return parse_rate(self.options["rate"]) if "rate" in self.options else None

    @property
    def burst(self) -> int | None:
        """The `burst=` option."""
        return parse_burst(self.options["burst"]) if "burst" in self.options else None

    @property
    def weight(self) -> int | None:
        """The `weight=` option."""
        return _number("weight", self.options["weight"], MOST_WEIGHT) if "weight" in self.options else None

    @property
    def concurrency(self) -> int | None:
        """The `concurrency=` option: calls or connections in flight for one open account."""
        text = self.options.get("concurrency")
        return None if text is None else _number("concurrency", text, MOST_CALLS)

    def calls_at_once(self, usual: int, most: int = MOST_CALLS) -> int:
        """What a provider that can do several things at once is to declare as its concurrency. Raises Misconfigured."""
        asked = self.concurrency or usual
        if asked > most:
            raise Misconfigured(f"{self.scheme}: concurrency= must be a number from 1 to {most}")
        return asked

    @property
    def shown(self) -> str:
        """The URL without credentials and without option values."""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}"

    def only(self, *allowed: str) -> None:
        """Raise Misconfigured when the URL carries an option that neither the provider nor Clarion knows."""
        unknown = sorted(set(self.options) - set(allowed) - COMMON_OPTIONS)
        if unknown:
            raise Misconfigured(f"{self.scheme}: unknown option {', '.join(unknown)}")


def parse_account_url(url: str) -> AccountUrl:
    """Parse one provider URL; raises Misconfigured with a text that repeats no secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text repeats what stands where a port would: a secret whose @ is missing
        raise Misconfigured("a provider URL could not be parsed: check host and port") from None
    if not parts.scheme:
        raise Misconfigured("a provider URL must start with a scheme, for example smtp://")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    parsed = AccountUrl(
        scheme=parts.scheme.lower(),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=parts.hostname or "",
        port=port,
        path=unquote(parts.path),
        options=options,
    )
    try:
        _ = parsed.rate, parsed.burst, parsed.weight, parsed.concurrency
    except Misconfigured as fault:
        raise Misconfigured(f"{parsed.scheme}: {fault}") from fault
    return parsed


def _number(option: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= most):
        raise Misconfigured(f"{option}= must be a number from 1 to {most}")
    return int(text)
