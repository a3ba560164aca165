"""The bridge's ear: Anymail's webhook views verify and read, this turns their normalised events into our words."""

import warnings
from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from urllib.parse import urlsplit

import msgspec
from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.utils.module_loading import import_string
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.feedback import Callback, Forged, Malformed, Reported
from clarion.contract.host import Host
from clarion.providers.anymail.account import read_account
from clarion.providers.anymail.events import as_reported

OLDEST = timedelta(hours=26)
NEWEST = timedelta(minutes=15)


class _MailgunSignature(msgspec.Struct):
    timestamp: str


class _Mailgun(msgspec.Struct):
    signature: _MailgunSignature


class AnymailFeedback:
    """One account's ear. Without the service's proof in the URL nothing is believed."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._account = account = read_account(url, host)
        self._proof = account.vendor.proof
        self._is_proven = bool(self._proof and account.proofs.get(self._proof))
        self._svix = self._own_check(account.proofs) if account.name == "resend" else None
        self._view = self._make_view(host) if self._is_proven else None

    def _own_check(self, proofs: Mapping[str, str]) -> Webhook | None:
        """Resend signs as Standard Webhooks do, under other header names; Anymail would want a library more for it."""
        secret = proofs.get("signing_secret")
        try:
            return Webhook(secret) if secret else None
        except ValueError:
            raise Misconfigured("anymail: signing_secret= must be the whsec_… of Resend's webhook") from None

    def _make_view(self, host: Host) -> object:
        settings = dict(self._account.proofs)
        if self._account.name == "resend":
            settings.pop("signing_secret")
        if self._account.name == "mandrill" and host.callback_url:
            settings["webhook_url"] = host.callback_url
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that basic authentication is missing where a signature is checked
            try:
                return import_string(self._account.vendor.tracking)(**settings)
            except (AnymailError, ValueError):
                raise Misconfigured(f"anymail: {self._account.name} cannot be heard with these options") from None

    def verify(self, callback: Callback) -> None:
        """The service's own proof. Raises Forged."""
        if self._view is None:
            named = f"no {self._proof}= is configured" if self._proof else f"{self._account.name} reports nothing"
            raise Forged(f"{named}: nobody may report")
        if self._account.name == "mailgun":
            _check_mailgun_age(callback)
        if self._svix is not None:
            _check_svix(self._svix, callback)
        try:
            self._view.run_validators(_request(callback))  # type: ignore[attr-defined]
        except (AnymailWebhookValidationFailure, SuspiciousOperation, BadRequest):
            raise Forged(f"{self._account.name}'s proof is missing or wrong") from None
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):  # Anymail expects well-formed ones
            raise Forged(f"not a callback of {self._account.name}") from None

    def parse(self, callback: Callback) -> Sequence[Reported]:
        """Anymail's events in our words. Raises Malformed."""
        if self._view is None:
            return ()
        try:
            events = self._view.parse_events(_request(callback))  # type: ignore[attr-defined]
        except (AnymailError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise Malformed(f"Anymail cannot read this callback of {self._account.name}") from error
        digest = sha256(callback.body).hexdigest()[:40]
        reports = (
            as_reported(self._account.name, event, own_id=f"{digest}:{number}") for number, event in enumerate(events)
        )
        return [report for report in reports if report is not None]

    def acknowledge(self, callback: Callback) -> None:
        """None of these services wants anything but the answer."""


def _request(callback: Callback) -> WSGIRequest:
    """Django's request, as Anymail's views want it."""
    parts = urlsplit(callback.url)
    environ: dict[str, object] = {
        "REQUEST_METHOD": callback.method,
        "PATH_INFO": parts.path or "/",
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or 443),
        "wsgi.url_scheme": parts.scheme or "https",
        "wsgi.input": BytesIO(callback.body),
        "CONTENT_LENGTH": str(len(callback.body)),
        "CONTENT_TYPE": callback.headers.get("content-type", ""),
    }
    for name, value in callback.headers.items():
        if name not in ("content-type", "content-length"):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    return WSGIRequest(environ)


def _content_type(callback: Callback) -> str:
    return callback.headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_svix(webhook: Webhook, callback: Callback) -> None:
    headers = {
        name.replace("svix-", "webhook-", 1): value
        for name, value in callback.headers.items()
        if name.startswith("svix-")
    }
    try:
        webhook.verify(callback.body, headers)
    except (WebhookVerificationError, ValueError, KeyError):
        raise Forged("the signature is wrong, or too old") from None


def _check_mailgun_age(callback: Callback) -> None:
    """Mailgun signs a time and a token, not the events: at least an old signature is worth nothing."""
    if _content_type(callback) != "application/json":  # Anymail would read anything else as the form Mailgun once sent
        raise Forged("not a callback of mailgun")
    try:
        at = float(msgspec.json.decode(callback.body, type=_Mailgun).signature.timestamp)
        age = timedelta(seconds=callback.received_at.timestamp() - at)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        raise Forged("not a callback of mailgun") from None
    if not -NEWEST <= age <= OLDEST:
        raise Forged("too old, or from the future")
