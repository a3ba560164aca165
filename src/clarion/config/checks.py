"""System checks with stable ids: what must be right before anything starts. Run by every command."""

import sys
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from clarion.config.wiring import configured
from clarion.contract.account import parse_account_url
from clarion.contract.faults import Misconfigured
from clarion.contract.registry import installed
from clarion.records.personal.envelope import InvalidKey, KeyRing
from clarion.records.templating.tone import load_tone


@register()
def secrets(**_: Any) -> Sequence[CheckMessage]:
    """Production refuses to start without its own secrets."""
    found: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < 32:
        found.append(Error("CLARION_SECRET_KEY must be set, 32 characters or more", hint=_MAKE_ONE, id="clarion.E001"))
    try:
        KeyRing(settings.ENCRYPTION_KEYS)
    except InvalidKey as error:
        found.append(Error(f"CLARION_ENCRYPTION_KEYS: {error}", hint=_MAKE_KEY, id="clarion.E002"))
    if not settings.JWT_KEY:
        found.append(Error("CLARION_JWT_KEY must be set", hint=_MAKE_ONE, id="clarion.E003"))
    elif settings.JWT_ALGORITHM == "HS256" and len(settings.JWT_KEY) < 32:
        found.append(Error("CLARION_JWT_KEY is too short for HS256", hint=_MAKE_ONE, id="clarion.E004"))
    return found


_MAKE_ONE = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
_MAKE_KEY = "make one with: python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"


@register()
def servers(**_: Any) -> Sequence[CheckMessage]:
    """The addresses of PostgreSQL and Redis."""
    found: list[CheckMessage] = []
    if not settings.ENV.database_url:
        found.append(Error("CLARION_DATABASE_URL must be set (or use `clarion up`)", id="clarion.E005"))
    if not settings.REDIS_URL:
        found.append(Error("CLARION_REDIS_URL must be set (or use `clarion up`)", id="clarion.E006"))
    if settings.DEBUG and not settings.ENV.embedded:
        found.append(checks.Warning("CLARION_DEBUG is on: never in production", id="clarion.W001"))
    if not (settings.TRIAL or settings.PUBLIC_URL.startswith("https://")):
        text = "CLARION_PUBLIC_URL is not https: marketing mail goes out without one-click unsubscribing (RFC 8058)"
        found.append(checks.Warning(text, id="clarion.W002"))
    return found


@register()
def providers(**_: Any) -> Sequence[CheckMessage]:
    """Every provider URL names a known provider that carries its channel."""
    found: list[CheckMessage] = []
    for channel, urls in configured(settings.ENV).items():
        for url in urls:
            try:
                installed().registry.check(parse_account_url(url), channel)
            except Misconfigured as fault:
                found.append(Error(f"CLARION_{channel.upper()}: {fault}", id="clarion.E007"))
    return found


@register()
def tone(**_: Any) -> Sequence[CheckMessage]:
    """The function that decides the tone is there."""
    try:
        if settings.TONE:
            load_tone(settings.TONE)
    except ValueError as error:
        return [Error(f"CLARION_TONE: {error}", id="clarion.E008")]
    return []


def require_soundness() -> None:
    """End the process, saying why, when an error stands among the checks above; for processes that serve or send."""
    problems = [problem for check in (secrets, servers, providers, tone) for problem in check() if problem.is_serious()]
    if problems:
        lines = [f"  {p.id}: {p.msg}" + (f"\n      {p.hint}" if p.hint else "") for p in problems]
        print("clarion: cannot start:", *lines, sep="\n", file=sys.stderr)
        sys.exit(2)
