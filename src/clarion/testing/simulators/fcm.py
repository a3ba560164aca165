"""Firebase Cloud Messaging as far as a sender sees it: the token endpoint, which checks the signed grant, and
`messages:send`, which checks what https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages says.

A device token that begins with a word of TOKENS is answered with that error; every other one is taken.
"""

import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from clarion.testing.simulators.simulator import Simulator

PROJECT = "simulated-project"
EMAIL = f"clarion@{PROJECT}.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
TTL = re.compile(r"\d{1,7}(\.\d{1,9})?s")
FIELDS = {
    "name",
    "data",
    "notification",
    "android",
    "webpush",
    "apns",
    "fcm_options",
    "fid",
    "token",
    "topic",
    "condition",
}
TARGETS = ("fid", "token", "topic", "condition")
MOST_BYTES = 4096

# the beginning of a token → HTTP status, status of all Google APIs, FCM's own code
TOKENS: Mapping[str, tuple[int, str, str]] = {
    "gone": (404, "NOT_FOUND", "UNREGISTERED"),
    "foreign": (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
    "quota": (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    "unavailable": (503, "UNAVAILABLE", "UNAVAILABLE"),
    "internal": (500, "INTERNAL", "INTERNAL"),
    "noapns": (401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
    "unspecified": (500, "UNKNOWN", "UNSPECIFIED_ERROR"),
}


class FcmSimulator(Simulator):
    """`grants` counts the tokens given out; `lifetime` is theirs in seconds, `leeway` how wrong the sender's clock
    may be; `messages` is what was taken."""

    def __init__(self) -> None:
        super().__init__()
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._tokens: dict[str, float] = {}
        self._file: Path | None = None
        self.grants = 0
        self.lifetime = 3600
        self.leeway = 10
        self.messages: list[dict[str, object]] = []

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/token", self._grant),
            web.post("/v1/projects/{project}/messages:send", self._send),
        ]

    @property
    def credentials(self) -> str:
        """The path of a service account's file that this simulator knows."""
        if self._file is None:
            self._file = self.write_account(Path(mkdtemp(prefix="clarion-fcm-")) / "service-account.json")
        return str(self._file)

    def stop(self) -> None:
        super().stop()
        if self._file is not None:
            rmtree(self._file.parent, ignore_errors=True)

    def write_account(self, path: Path, key: rsa.RSAPrivateKey | None = None) -> Path:
        """Write the JSON that the Firebase console would give out; with a `key` of one's own, it is refused."""
        pem = (key or self._key).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "simulated-key",
            "private_key": pem.decode(),
            "client_email": EMAIL,
            "token_uri": f"{self.url}/token",
        }
        path.write_text(json.dumps(account))
        path.chmod(0o600)
        return path

    def revoke(self) -> None:
        """Forget every access token, as when the key was withdrawn and given back."""
        self._tokens.clear()

    async def _grant(self, request: web.Request) -> web.Response:
        form = await request.post()
        try:
            if form.get("grant_type") != GRANT:
                raise jwt.InvalidTokenError
            claims = jwt.decode(
                str(form.get("assertion", "")),
                self._key.public_key(),
                algorithms=["RS256"],
                audience=[f"{self.url}/token", "https://oauth2.googleapis.com/token"],
                issuer=EMAIL,
                leeway=self.leeway,
                options={"require": ["iss", "aud", "iat", "exp", "scope"]},
            )
            if claims["exp"] - claims["iat"] > 3600 or SCOPE not in claims["scope"].split():
                raise jwt.InvalidTokenError
        except jwt.InvalidTokenError:
            refusal = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return web.json_response(refusal, status=400)
        self.grants += 1
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self._tokens[token] = time.time() + self.lifetime
        return web.json_response({"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"})

    async def _send(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0) < time.time():
            return refusal(401, "UNAUTHENTICATED", "", "Request had invalid authentication credentials.")
        if request.match_info["project"] != PROJECT:
            return refusal(403, "PERMISSION_DENIED", "", "Permission 'cloudmessaging.messages.create' denied.")
        try:
            asked = json.loads(await request.read())
            message = asked["message"]
        except (ValueError, KeyError, TypeError):
            return refusal(400, "INVALID_ARGUMENT", "", "Invalid JSON payload received.")
        field, text = _fault(message)
        if field:
            return invalid(field, text)
        return self._answer(message, validate_only=bool(asked.get("validate_only")))

    def _answer(self, message: dict[str, object], *, validate_only: bool) -> web.Response:
        target = str(next(message[name] for name in TARGETS if name in message))
        word = target.partition("-")[0]
        if word in TOKENS:
            status, name, code = TOKENS[word]
            answer = refusal(status, name, code, "Requested entity was not found." if status == 404 else name)
            if status in (429, 503):
                answer.headers["Retry-After"] = "7"
            return answer
        if target.startswith("malformed"):
            return invalid("message.token", "Invalid registration token")
        if not validate_only:
            data = message.get("data")
            self.messages.append(message)
            self.accepted[str(data.get("notification_id", "") if isinstance(data, dict) else "")] += 1
        return web.json_response({"name": f"projects/{PROJECT}/messages/0:{secrets.randbits(53)}"})


def _fault(message: object) -> tuple[str, str]:
    """The field at fault and what is wrong; empty when all is well."""
    if not isinstance(message, dict):
        return "message", "Invalid value"
    if unknown := sorted(set(message) - FIELDS):
        return f"message.{unknown[0]}", "Unknown name"
    if sum(name in message for name in TARGETS) != 1:
        return "message", "Exactly one of fid, token, topic or condition is required"
    data = message.get("data", {})
    for key, value in data.items():
        if not isinstance(value, str):
            return "message.data[0].value", "Invalid value (TYPE_STRING)"
        if key in ("from", "message_type") or key.startswith(("google", "gcm")):
            return "message.data", f"Invalid data payload key: {key}"
    if len(json.dumps([data, message.get("notification", {})], ensure_ascii=False).encode()) > MOST_BYTES:
        return "message", "Message too big: it exceeds the payload limit"
    ttl = message.get("android", {}).get("ttl")
    if ttl is not None and (not TTL.fullmatch(ttl) or float(ttl[:-1]) > 2_419_200):
        return "message.android.ttl", "Invalid TTL"
    return "", ""


def refusal(status: int, name: str, code: str, text: str) -> web.Response:
    """An error in Google's shape."""
    details = [{"@type": FCM_ERROR, "errorCode": code}] if code else []
    return web.json_response(
        {"error": {"code": status, "message": text, "status": name, "details": details}}, status=status
    )


def invalid(field: str, text: str) -> web.Response:
    """INVALID_ARGUMENT for a field."""
    details = [
        {"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"},
        {"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": text}]},
    ]
    body = {"error": {"code": 400, "message": text, "status": "INVALID_ARGUMENT", "details": details}}
    return web.json_response(body, status=400)
