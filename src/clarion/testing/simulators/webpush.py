"""A browser and its push service in one: subscribes, checks VAPID (RFC 8292) and the headers of RFC 8030, decrypts.

`POST /subscribe` answers what a browser's `JSON.stringify(subscription)` gives; `GET /messages` what arrived. Endpoints
are written as `https://push.simulated.example/…`, so that they pass for real ones; `endpoint=` leads them here.
"""

import json
import re
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import jwt
from aiohttp import web
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clarion.testing.simulators.simulator import Simulator

ORIGIN = "https://push.simulated.example"
CURVE = ec.SECP256R1()
CREDENTIALS = re.compile(r"vapid t=([\w.-]+), ?k=([\w-]+)")
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
URGENCIES = {"very-low", "low", "normal", "high"}
MOST_BYTES = 4096


def plain64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(slots=True, kw_only=True)
class Browser:
    """A subscription with its private key. `gone`: the person took the permission back."""

    id: str
    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    auth: bytes = field(repr=False)
    made_with: str = ""
    gone: bool = False

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def written(self) -> str:
        """As JavaScript writes it."""
        keys = {"p256dh": plain64(self.public), "auth": plain64(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "expirationTime": None, "keys": keys}, separators=(",", ":"))

    def decrypt(self, body: bytes) -> bytes:
        """The text of an aes128gcm body. Raises ValueError when it was not made for this browser."""
        salt, size, rest = body[:16], body[20], body[21:]
        sender, record = rest[:size], rest[size:]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
        material = _derive(shared, self.auth, b"WebPush: info\0" + self.public + sender, 32)
        key = _derive(material, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _derive(material, salt, b"Content-Encoding: nonce\0", 12)
        try:
            padded = AESGCM(key).decrypt(nonce, record, None)
        except InvalidTag as error:
            raise ValueError("not for this browser") from error
        text, delimiter, _ = padded.rpartition(b"\x02")
        if not delimiter:
            raise ValueError("no delimiter")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A push as the browser saw it."""

    browser: str
    text: dict[str, object]
    ttl: int
    urgency: str
    topic: str


class WebPushSimulator(Simulator):
    """`subscribe()` makes a browser; `messages` is what arrived, `bodies` the same as it came."""

    def __init__(self, origin: str = ORIGIN) -> None:
        super().__init__()
        self._origin = origin
        self.browsers: dict[str, Browser] = {}
        self.messages: list[Arrived] = []
        self.bodies: list[bytes] = []

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/subscribe", self._subscribe),
            web.get("/messages", self._list),
            web.post("/push/{id}", self._push),
        ]

    @property
    def credentials(self) -> str:
        """A private VAPID key, made on the spot."""
        return plain64(ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(32, "big"))

    def subscribe(self, made_with: str = "") -> Browser:
        """A new browser; with `made_with` (a public VAPID key) it takes pushes of that key alone."""
        name = secrets.token_urlsafe(16)
        endpoint = f"{self._origin}/push/{name}"
        key = ec.generate_private_key(CURVE)
        browser = Browser(id=name, endpoint=endpoint, key=key, auth=secrets.token_bytes(16), made_with=made_with)
        self.browsers[name] = browser
        return browser

    async def _subscribe(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            made_with = str(json.loads(body).get("applicationServerKey", "")) if body else ""
        except (ValueError, AttributeError):
            return web.Response(status=400, text='send nothing or {"applicationServerKey": "…"}')
        return web.Response(text=self.subscribe(made_with).written(), content_type="application/json")

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response([{"browser": each.browser, **each.text} for each in self.messages])

    async def _push(self, request: web.Request) -> web.Response:
        browser = self.browsers.get(request.match_info["id"])
        if browser is None:
            return web.Response(status=404, text="no such subscription")
        if browser.gone:
            return web.Response(status=410, text="push subscription has unsubscribed or expired.")
        key = _sender(request.headers.get("Authorization", ""), browser.endpoint)
        if not key:
            return web.Response(status=401, text="the VAPID token is missing or wrong")
        if browser.made_with not in ("", key):
            text = "the VAPID credentials do not correspond to the credentials used to create the subscriptions."
            return web.Response(status=403, text=text)
        return self._take(browser, await request.read(), request)

    def _take(self, browser: Browser, body: bytes, request: web.Request) -> web.Response:
        ttl, topic = request.headers.get("TTL", ""), request.headers.get("Topic", "")
        urgency = request.headers.get("Urgency", "normal")
        if not ttl.isdigit() or urgency not in URGENCIES or (topic and not TOPIC.fullmatch(topic)):
            return web.Response(status=400, text="TTL, Urgency or Topic is missing or wrong")
        if request.headers.get("Content-Encoding") != "aes128gcm":
            return web.Response(status=400, text="the content must be aes128gcm")
        if len(body) > MOST_BYTES:
            return web.Response(status=413, text="too large")
        try:
            text = json.loads(browser.decrypt(body))
        except (ValueError, IndexError):
            return web.Response(status=400, text="it cannot be decrypted")
        self.bodies.append(body)
        self.messages.append(Arrived(browser=browser.id, text=text, ttl=int(ttl), urgency=urgency, topic=topic))
        self.accepted[str(text.get("notification_id", ""))] += 1
        return web.Response(status=201, headers={"Location": f"{self._origin}/message/{secrets.token_hex(8)}"})


def _derive(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(material)


def _sender(header: str, endpoint: str) -> str:
    """The public key that signed the header for this push service; empty when none did."""
    found = CREDENTIALS.fullmatch(header)
    if found is None:
        return ""
    parts = urlsplit(endpoint)
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw64(found[2]))
        claims = jwt.decode(
            found[1],
            key,
            ["ES256"],
            options={"require": ["aud", "exp", "sub"]},
            audience=f"{parts.scheme}://{parts.netloc}",
        )
    except (jwt.InvalidTokenError, ValueError):
        return ""
    lasting = claims["exp"] - time.time() <= 86_400
    return found[2] if lasting and str(claims["sub"]).startswith(("mailto:", "https:")) else ""
