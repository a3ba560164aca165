"""Email through a vendor's batch API instead of SMTP: an account of SES' kind that calls the HTTP sink."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from clarion.surfaces.cli.bench.ground import Ground

BATCH_DOOR = "batch"
NAME = "batch"
PROVIDERS = "providers"
# accounts are read anew every few seconds by whoever sends
TAKES_EFFECT_SECONDS = 4.0


class _Account(msgspec.Struct, frozen=True):
    name: str
    channel: str


class _Accounts(msgspec.Struct, frozen=True):
    results: list[_Account]


@contextmanager
def batch_api_instead(ground: Ground) -> Iterator[None]:
    """Email goes through the batch API until the block ends."""
    found = ground.api.get(PROVIDERS, _Accounts).results
    others = [account.name for account in found if account.channel == "email"]
    # the rate of an account out of the sandbox; what SES grants a new one (14/s) would be all that is measured
    credentials = "AKIAIOSFODNN7EXAMPLE:secret"
    url = f"ses://{credentials}@eu-west-1?rate=1000000/s&endpoint=http://127.0.0.1:{ground.listening.http_port}"
    ground.api.post(PROVIDERS, {"channel": "email", "name": NAME, "url": url}, dict[str, object])
    _all(ground, others, "pause")
    time.sleep(TAKES_EFFECT_SECONDS)
    try:
        yield
    finally:
        _all(ground, others, "resume")
        _all(ground, [f"email.{NAME}"], "pause")
        time.sleep(TAKES_EFFECT_SECONDS)


def _all(ground: Ground, names: list[str], action: str) -> None:
    for name in names:
        ground.api.post(f"{PROVIDERS}/{name}/{action}", {}, dict[str, object])
