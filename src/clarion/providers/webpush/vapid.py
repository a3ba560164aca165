"""Who we are to a push service: RFC 8292. One signed token an origin, kept for half its life, for signing is dear."""

import time
from collections.abc import Callable

import jwt

from clarion.providers.webpush.account import Vapid

LIFETIME_SECONDS = 12 * 3600
MOST_ORIGINS = 512  # endpoints are named by users, so their number is not ours to choose


class Signatures:
    """`authorization` is the header for an origin (`https://fcm.googleapis.com`)."""

    def __init__(self, vapid: Vapid, clock: Callable[[], float] = time.time) -> None:
        self._vapid = vapid
        self._clock = clock
        self._kept: dict[str, tuple[float, str]] = {}

    def authorization(self, origin: str) -> str:
        """`vapid t=…, k=…`, valid for six hours at least."""
        now = self._clock()
        renew_at, header = self._kept.get(origin, (0.0, ""))
        if now < renew_at:
            return header
        if len(self._kept) >= MOST_ORIGINS:
            self._kept.clear()
        claims = {"aud": origin, "exp": int(now) + LIFETIME_SECONDS, "sub": self._vapid.subject}
        token = jwt.encode(claims, self._vapid.key, algorithm="ES256")
        header = f"vapid t={token}, k={self._vapid.public}"
        self._kept[origin] = now + LIFETIME_SECONDS / 2, header
        return header
