"""The provider token: a JWT that Apple takes for an hour and wants renewed no more often than every 20 minutes.

https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
(read 2026-11-20).
"""

import time
from collections.abc import Callable

import jwt

from clarion.providers.apns.account import SigningKey

RENEW_SECONDS = 45 * 60
SHORTEST_SECONDS = 20 * 60


class ProviderTokens:
    """One token for all calls of an account."""

    def __init__(self, key: SigningKey, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock
        self._made_at = float("-inf")
        self._token = ""

    def get(self) -> str:
        """A token younger than RENEW_SECONDS."""
        now = self._clock()
        # a clock that was set back would make a token from the future
        if not 0 <= now - self._made_at < RENEW_SECONDS:
            self._make(now)
        return self._token

    def stale(self, token: str) -> bool:
        """Apple calls this token stale: whether there is another now. False: it is young, so the clocks disagree."""
        now = self._clock()
        if token == self._token and now - self._made_at >= SHORTEST_SECONDS:
            self._make(now)
        return token != self._token

    def _make(self, now: float) -> None:
        claims = {"iss": self._key.team_id, "iat": int(now)}
        self._token = jwt.encode(claims, self._key.key, algorithm="ES256", headers={"kid": self._key.key_id})
        self._made_at = now
