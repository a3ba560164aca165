"""The configuration: environment, system checks, public URL, the Python release. Needs no server."""

import email.policy
import platform
from collections.abc import Callable
from ipaddress import ip_address
from typing import cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from clarion.surfaces.cli.diagnosis.finding import Finding, failed, note, ok, warning

DOCS = "see docs/reference/environment.md"


def environment() -> list[Finding]:
    """The CLARION_ names and values. Must come before anything else: settings cannot be read while it fails."""
    # By name, for the wiring is above us and may not be imported.
    refused = cast("type[Exception]", import_string("clarion.config.environment.ConfigurationError"))
    read = cast("Callable[[], object]", import_string("clarion.config.environment.read_environment"))
    try:
        read()
    except refused as error:
        return [failed("environment", line, DOCS) for line in str(error).splitlines()]
    return [ok("environment", "every CLARION_ name is known and readable")]


def system_checks() -> list[Finding]:
    """Django's checks and ours, with their hints."""
    found = [message for message in checks.run_checks() if not message.is_silenced()]
    if not found:
        return [ok("settings", "all system checks pass")]
    return [
        (failed if message.level >= checks.ERROR else warning)(
            f"settings {message.id or ''}".strip(), str(message.msg), str(message.hint or DOCS)
        )
        for message in found
        if message.level >= checks.WARNING
    ]


def public_url() -> list[Finding]:
    """Whether people can use the links we send."""
    subject = "public URL"
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return [failed(subject, "CLARION_PUBLIC_URL is no http(s) address", "write it as https://notify.example.com")]
    if parts.query or parts.fragment:
        return [failed(subject, "CLARION_PUBLIC_URL has a query or fragment", "leave only scheme, host and path")]
    if _is_this_machine(parts.hostname):
        text = "links in messages work on this machine only"
        if settings.ENV.embedded or settings.DEBUG:
            return [note(subject, text, "set CLARION_PUBLIC_URL before you write to anybody else")]
        return [warning(subject, text, "set CLARION_PUBLIC_URL to the address people reach this server by")]
    if parts.scheme == "http":
        return [warning(subject, "links in messages are not encrypted (http)", "serve https and say so in it")]
    return [ok(subject, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")]


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def python_release() -> list[Finding]:
    """CVE-2024-6923: older patch releases let a line break in a mail header through. We check headers ourselves."""
    version = platform.python_version()
    if hasattr(email.policy.default, "verify_generated_headers"):
        return [ok("Python", version)]
    text = f"{version} has CVE-2024-6923 (line breaks in mail headers); Clarion refuses such headers itself"
    return [note("Python", text, "update to 3.11.10, 3.12.5, 3.13 or newer when you can")]
