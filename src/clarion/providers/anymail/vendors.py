"""Which services the bridge reaches: their names, settings and classes in django-anymail. Pure data.

django-anymail 15.2, https://anymail.dev/en/stable/esps/ (read 2026-11). Amazon SES and SendGrid have providers of
their own here, which are faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One service. `required` and `optional` are Anymail's names of its settings, which are the URL's options too.

    `proof` is the setting without which no callback is believed: a signing key, or `webhook_secret` (`user:password`,
    which the service sends as basic authentication); empty: the service reports nothing through Anymail. `probe` is a
    path below the base URL that costs nothing, `probe_headers` what it must be asked with (`basic:` is encoded).
    `headers` are what every mail gets. `unsubscribe_field` is the field of the service's API that stands for
    List-Unsubscribe, where headers of one's own are not for everybody.
    """

    backend: str
    tracking: str = ""
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    proof: str = ""
    home: str
    probe: str = ""
    probe_headers: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: {"Auto-Submitted": "auto-generated"})
    unsubscribe_field: str = ""

    @property
    def feedback_settings(self) -> tuple[str, ...]:
        """The options that only the ear reads."""
        return tuple(dict.fromkeys(filter(None, ("webhook_secret", self.proof))))


VENDORS: Mapping[str, Vendor] = {
    "brevo": Vendor(
        backend="anymail.backends.brevo.EmailBackend",
        tracking="anymail.webhooks.brevo.BrevoTrackingWebhookView",
        required=("api_key",),
        proof="webhook_secret",
        home="https://api.brevo.com/v3/",
        probe="account",
        probe_headers={"api-key": "{api_key}"},
    ),
    "mailersend": Vendor(
        backend="anymail.backends.mailersend.EmailBackend",
        tracking="anymail.webhooks.mailersend.MailerSendTrackingWebhookView",
        required=("api_token",),
        proof="signing_secret",
        home="https://api.mailersend.com/v1/",
        headers={},  # custom headers are for enterprise accounts only
        unsubscribe_field="list_unsubscribe",  # one address; professional accounts and above (their SDK, 2026-11)
        probe="api-quota",
        probe_headers={"Authorization": "Bearer {api_token}"},
    ),
    "mailgun": Vendor(
        backend="anymail.backends.mailgun.EmailBackend",
        tracking="anymail.webhooks.mailgun.MailgunTrackingWebhookView",
        required=("api_key",),
        optional=("sender_domain",),
        proof="webhook_signing_key",
        home="https://api.mailgun.net/v3/",
        probe="domains?limit=1",
        probe_headers={"Authorization": "basic:api:{api_key}"},
    ),
    "mailjet": Vendor(
        backend="anymail.backends.mailjet.EmailBackend",
        tracking="anymail.webhooks.mailjet.MailjetTrackingWebhookView",
        required=("api_key", "secret_key"),
        proof="webhook_secret",
        home="https://api.mailjet.com/v3.1/",
        probe="../v3/REST/sender?Limit=1",
        probe_headers={"Authorization": "basic:{api_key}:{secret_key}"},
    ),
    "mailtrap": Vendor(
        backend="anymail.backends.mailtrap.EmailBackend",
        tracking="anymail.webhooks.mailtrap.MailtrapTrackingWebhookView",
        required=("api_token",),
        optional=("sandbox_id",),
        proof="tracking_secret",
        home="",
    ),
    "mandrill": Vendor(
        backend="anymail.backends.mandrill.EmailBackend",
        tracking="anymail.webhooks.mandrill.MandrillCombinedWebhookView",
        required=("api_key",),
        proof="webhook_key",
        home="https://mandrillapp.com/api/1.0/",
    ),
    "postmark": Vendor(
        backend="anymail.backends.postmark.EmailBackend",
        tracking="anymail.webhooks.postmark.PostmarkTrackingWebhookView",
        required=("server_token",),
        optional=("message_stream",),
        proof="webhook_secret",
        home="https://api.postmarkapp.com/",
        probe="server",
        probe_headers={"X-Postmark-Server-Token": "{server_token}"},
    ),
    "resend": Vendor(
        backend="anymail.backends.resend.EmailBackend",
        tracking="anymail.webhooks.resend.ResendTrackingWebhookView",
        required=("api_key",),
        proof="signing_secret",
        home="https://api.resend.com/",
        probe="domains",
        probe_headers={"Authorization": "Bearer {api_key}"},
    ),
    "scaleway": Vendor(
        backend="anymail.backends.scaleway.EmailBackend",
        required=("secret_key", "project_id"),
        optional=("region",),
        home="",
    ),
    "sparkpost": Vendor(
        backend="anymail.backends.sparkpost.EmailBackend",
        tracking="anymail.webhooks.sparkpost.SparkPostTrackingWebhookView",
        required=("api_key",),
        optional=("subaccount",),
        proof="webhook_secret",
        home="https://api.sparkpost.com/api/v1/",
        probe="account",
        probe_headers={"Authorization": "{api_key}"},
    ),
}
