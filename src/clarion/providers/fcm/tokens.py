"""Access tokens: the OAuth2 JWT grant of a service account, one call for everybody who waits, renewed before it ends.

https://developers.google.com/identity/protocols/oauth2/service-account#httprest (read 2026-11-20).
"""

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlencode

import jwt
import msgspec

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.egress import loop
from clarion.egress.errors import Blocked, EgressError
from clarion.egress.http import Response
from clarion.providers.fcm.account import ServiceAccount
from clarion.providers.vendor_api import VendorApi

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASKED_SECONDS = 3600
RENEW_BEFORE_SECONDS = 300.0


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = ASKED_SECONDS


class _Refused(msgspec.Struct):
    error: str = ""


class _Held:
    """The token of one event loop, and the call that is being made for a new one."""

    def __init__(self) -> None:
        self.token = ""
        self.renew_at = float("-inf")
        self.asking: asyncio.Task[str] | None = None


class AccessTokens:
    """The tokens of one service account. With `endpoint=`, they come from its `/token`."""

    def __init__(self, url: AccountUrl, account: ServiceAccount, clock: Callable[[], float] = time.time) -> None:
        self._account = account
        self._clock = clock
        self._path = "/token" if "endpoint" in url.options else ""
        self._api = VendorApi(url, home=account.token_uri)
        self._held = loop.PerLoop(_Held)

    async def get(self) -> str:
        """A token that lasts for some minutes more. Raises Misconfigured or Unreachable, the same for all who wait."""
        held = self._held.get()
        if self._clock() < held.renew_at:
            return held.token
        if held.asking is None:
            held.asking = asyncio.get_running_loop().create_task(self._ask(held))
        # shielded: one of many callers may go away, and the others still need it
        return await asyncio.shield(held.asking)

    def refused(self, token: str) -> None:
        """Google did not take this token: the next caller asks for a new one."""
        held = self._held.get()
        if held.token == token:
            held.renew_at = float("-inf")

    async def _ask(self, held: _Held) -> str:
        try:
            granted = _read(await self._call())
        finally:
            held.asking = None
        held.token = granted.access_token
        held.renew_at = self._clock() + max(granted.expires_in - RENEW_BEFORE_SECONDS, granted.expires_in / 2)
        return held.token

    async def _call(self) -> Response:
        body = urlencode({"grant_type": GRANT, "assertion": self._assertion()}).encode()
        try:
            return await self._api.call(
                self._path, body=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
        except Blocked as error:
            raise Misconfigured(f"fcm: the token endpoint cannot be used: {error}") from None
        except EgressError as error:
            raise Unreachable(f"no access token: {error}") from None

    def _assertion(self) -> str:
        now = int(self._clock())
        claims = {
            "iss": self._account.email,
            "scope": SCOPE,
            "aud": self._account.token_uri,
            "iat": now,
            "exp": now + ASKED_SECONDS,
        }
        return jwt.encode(claims, self._account.key, algorithm="RS256", headers={"kid": self._account.key_id})

    def close(self) -> None:
        """Close the connections."""
        self._api.close()


def _read(response: Response) -> _Granted:
    """The grant; a refusal of the key is Misconfigured, everything else may pass."""
    try:
        if response.status == 200:
            return msgspec.json.decode(response.body, type=_Granted)
        code = msgspec.json.decode(response.body, type=_Refused).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        code = ""
    if response.status in (400, 401, 403):
        shown = code if code.isascii() and code.replace("_", "").isalpha() else str(response.status)
        raise Misconfigured(f"fcm: Google refused the service account ({shown[:40]}): check the key and this clock")
    raise Unreachable(f"no access token: HTTP {response.status}")
