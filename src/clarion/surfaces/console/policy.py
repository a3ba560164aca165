"""The content policy of the console's pages: everything of our own, no inline script, no `eval`, no foreign host."""

import secrets

from django.http import HttpRequest

NONCE = "console_nonce"
# The editor makes <style> elements of its own; they carry the nonce. Nothing else on the pages is inline.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; font-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# A rendered email is somebody else's page: no script, no origin, nothing fetched but pictures.
RENDERED_POLICY = (
    "sandbox; default-src 'none'; img-src data: https:; style-src 'unsafe-inline';"
    " frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


def nonce_of(request: HttpRequest) -> str:
    """The nonce of this answer, made when first asked for."""
    known = request.META.get(NONCE)
    if not isinstance(known, str):
        known = request.META[NONCE] = secrets.token_urlsafe(16)
    return known


def page_policy(request: HttpRequest) -> str:
    """The header's value for a page."""
    return _POLICY.format(nonce=nonce_of(request))
