"""Apple Push Notification service as far as a sender sees it: HTTP/2 (with TLS, or by prior knowledge), tokens,
headers and payload checked by https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns.

A device token that begins with a word of TOKENS is answered with that reason; every other one is taken.
"""

import asyncio
import json
import re
import ssl
import time
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Self
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from clarion.testing.loopback import LoopbackServer
from clarion.testing.simulators.apns_wire import Reply, Request, Session
from clarion.testing.simulators.simulator import Fault

KEY_ID, TEAM_ID, TOPIC = "SIMKEY1234", "SIMTEAM123", "com.example.app"
PATH = re.compile(r"/3/device/([0-9a-f]*)")
PUSH_TYPES = {"alert", "background", "controls", "complication", "fileprovider", "liveactivity", "location", "mdm"}
PUSH_TYPES |= {"pushtotalk", "voip", "widgets"}
MOST_BYTES = 4096

# the beginning of a device token → status and reason
TOKENS: Mapping[str, tuple[int, str]] = {
    "dead": (410, "Unregistered"),
    "d1ed": (410, "ExpiredToken"),
    "bad0": (400, "BadDeviceToken"),
    "beef": (400, "DeviceTokenNotForTopic"),
    "feed": (429, "TooManyRequests"),
    "0500": (500, "InternalServerError"),
    "0503": (503, "ServiceUnavailable"),
}
NOBODY = "0" * 64


class ApnsSimulator:
    """`script` queues faults, one a request; `max_streams` is how many exchanges a connection takes once a token was
    good (one until then, as at Apple); `goodbye_after` requests, a connection says goodbye."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, max_streams: int = 1000) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._file: Path | None = None
        self._scheme = "https" if tls else "http"
        if tls is not None:
            tls.set_alpn_protocols(["h2"])
        self.max_streams = max_streams
        self.goodbye_after = 0
        self.is_mute = False
        self._is_up = False
        self.topics = {TOPIC}
        self.requests: list[Request] = []
        self.accepted: Counter[str] = Counter()
        self.faults: deque[Fault] = deque()
        self.tokens: dict[str, float] = {}
        self.connections = 0
        self.pings = 0
        self.transports: set[asyncio.Transport] = set()
        self._server = LoopbackServer(lambda: Session(self), tls=tls)

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        """The base URL, for `endpoint=`."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> str:
        """The path of a .p8 key that this simulator knows."""
        if self._file is None:
            self._file = self.write_key(Path(mkdtemp(prefix="clarion-apns-")) / f"AuthKey_{KEY_ID}.p8")
        return str(self._file)

    def write_key(self, path: Path, key: ec.EllipticCurvePrivateKey | None = None) -> Path:
        """Write the key as Apple gives it out; with a `key` of one's own, it is refused."""
        pem = (key or self._key).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(pem)
        path.chmod(0o600)
        return path

    def script(self, *faults: Fault) -> None:
        """The next requests misbehave so, one fault each; afterwards all is well again."""
        self.faults.extend(faults)

    def start(self, port: int = 0) -> Self:
        self._server.start(port)
        self._is_up = True
        return self

    def stop(self) -> None:
        if self._is_up:
            self._is_up = False
            self._server.call(self._hang_up)
        self._server.stop()
        if self._file is not None:
            rmtree(self._file.parent, ignore_errors=True)

    def _hang_up(self) -> None:
        for transport in list(self.transports):
            transport.abort()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def answer(self, request: Request) -> Reply:
        """What Apple says to a request."""
        self.requests.append(request)
        status, reason = self._judge(request)
        headers = {"apns-id": request.headers.get("apns-id", "") or str(UUID(int=len(self.requests)))}
        if not reason:
            payload = json.loads(request.body)
            self.accepted[str(payload.get("notification_id", ""))] += 1
            return Reply(status=status, headers=headers)
        body: dict[str, object] = {"reason": reason}
        if status == 410:
            body["timestamp"] = 1_763_640_000_000
        return Reply(status=status, headers=headers, body=json.dumps(body).encode())

    def _judge(self, request: Request) -> tuple[int, str]:
        if request.method != "POST":
            return 405, "MethodNotAllowed"
        found = PATH.fullmatch(request.path.lower())
        if found is None:
            return 404, "BadPath"
        fault = self._credentials_fault(request.headers.get("authorization", ""))
        if fault:
            return fault
        reason = self._headers_fault(request.headers) or _payload_fault(request.body)
        if reason:
            return 413 if reason == "PayloadTooLarge" else 400, reason
        device = found[1]
        if not device:
            return 400, "MissingDeviceToken"
        if len(device) < 32 or len(device) % 2 or device == NOBODY:
            return 400, "BadDeviceToken"
        return TOKENS.get(device[:4], (200, ""))

    def _credentials_fault(self, header: str) -> tuple[int, str] | None:
        if not header:
            return 403, "MissingProviderToken"
        token = header.removeprefix("bearer ")
        if token not in self.tokens:
            try:
                head = jwt.get_unverified_header(token)
                options: jwt.types.Options = {"verify_iat": False, "require": ["iss", "iat"]}
                claims = jwt.decode(token, self._key.public_key(), ["ES256"], options=options, issuer=TEAM_ID)
            except jwt.InvalidTokenError:
                return 403, "InvalidProviderToken"
            if head.get("kid") != KEY_ID:
                return 403, "InvalidProviderToken"
            self.tokens[token] = float(claims["iat"])
        return None if abs(time.time() - self.tokens[token]) <= 3600 else (403, "ExpiredProviderToken")

    def _headers_fault(self, headers: Mapping[str, str]) -> str:
        topic, priority = headers.get("apns-topic", ""), headers.get("apns-priority", "10")
        push_type = headers.get("apns-push-type", "alert")
        checks = (
            ("MissingTopic", bool(topic)),
            ("TopicDisallowed", topic in self.topics),
            ("InvalidPushType", push_type in PUSH_TYPES),
            ("BadPriority", priority in ("1", "5", "10") and not (push_type == "background" and priority == "10")),
            ("BadExpirationDate", headers.get("apns-expiration", "0").isdigit()),
            ("BadCollapseId", len(headers.get("apns-collapse-id", "").encode()) <= 64),
            ("BadMessageId", _is_uuid(headers.get("apns-id", ""))),
        )
        return next((reason for reason, is_good in checks if not is_good), "")


def _is_uuid(text: str) -> bool:
    try:
        return not text or str(UUID(text)) == text
    except ValueError:
        return False


def _payload_fault(body: bytes) -> str:
    if len(body) > MOST_BYTES:
        return "PayloadTooLarge"
    try:
        payload = json.loads(body)
    except ValueError:
        return "PayloadEmpty"
    return "" if isinstance(payload, dict) and payload.get("aps") else "PayloadEmpty"
