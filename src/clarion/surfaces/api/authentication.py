"""Who calls: `Authorization: Bearer <JWT>` or `ApiKey <key>`. A good answer is remembered for a few seconds."""

import hashlib
import time
from collections import OrderedDict
from threading import Lock

from django.http import HttpRequest

from clarion.records import clock
from clarion.records.access import keys, tokens
from clarion.records.access.permissions import Caller
from clarion.surfaces.api.problems import Refusal

REMEMBER_SECONDS = 3.0
REMEMBER_MOST = 2_000
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="clarion", ApiKey realm="clarion"'}


class _Memory:
    """Recent good credentials by their hash, so that a busy caller costs no query each time; revocation is
    therefore effective within REMEMBER_SECONDS."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        self._lock = Lock()

    def get(self, digest: bytes) -> Caller | None:
        """The caller, while fresh."""
        with self._lock:
            found = self._known.get(digest)
            if found is None or found[0] < time.monotonic():
                return None
            return found[1]

    def put(self, digest: bytes, caller: Caller) -> None:
        """Remember, forgetting the oldest beyond the bound."""
        with self._lock:
            self._known[digest] = (time.monotonic() + REMEMBER_SECONDS, caller)
            self._known.move_to_end(digest)
            while len(self._known) > REMEMBER_MOST:
                self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget everything (tests)."""
        with self._lock:
            self._known.clear()


memory = _Memory()


def authenticate(request: HttpRequest) -> Caller:
    """The caller of a request; raises Refusal 401."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        raise Refusal(401, "not_authenticated", "send Authorization: Bearer <JWT> or ApiKey <key>", headers=CHALLENGE)
    return caller_of_header(header)


def caller_of_header(header: str) -> Caller:
    """As `authenticate`, from the header's value."""
    digest = hashlib.sha256(header.encode("utf-8", "surrogateescape")).digest()
    known = memory.get(digest)
    if known is not None:
        return known
    scheme, _, credential = header.partition(" ")
    caller = _check(scheme.lower(), credential.strip())
    memory.put(digest, caller)
    return caller


def _check(scheme: str, credential: str) -> Caller:
    if not (credential.isascii() and credential.isprintable()):
        credential = ""  # neither a JWT nor a key of ours; PostgreSQL would stumble over a NUL
    if scheme == "bearer":
        try:
            return tokens.caller_for(credential)
        except tokens.InvalidToken as error:
            raise Refusal(401, "invalid_token", str(error), headers=CHALLENGE) from error
    if scheme == "apikey":
        caller = keys.caller_for(credential, clock.now())
        if caller is None:
            raise Refusal(401, "invalid_api_key", "the API key is unknown, expired or revoked", headers=CHALLENGE)
        return caller
    raise Refusal(401, "unknown_scheme", "use Authorization: Bearer <JWT> or ApiKey <key>", headers=CHALLENGE)
