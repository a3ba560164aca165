"""Origins of web pages elsewhere that may use the inbox. Who asks for them: surfaces/api/cors.py and the sockets."""

from urllib.parse import urlsplit


def parse_origins(text: str) -> frozenset[str]:
    """`https://shop.example.com,https://www.example.org:8443`, as browsers write them; raises ValueError."""
    return frozenset(_origin(part.strip()) for part in text.split(",") if part.strip())


def _origin(given: str) -> str:
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError as error:
        raise ValueError("write origins as https://host or https://host:port, with commas between them") from error
    extra = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None
    if parts.scheme not in ("http", "https") or not parts.hostname or "*" in given or extra:
        raise ValueError("write origins as https://host or https://host:port, each in full, with commas between them")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")
