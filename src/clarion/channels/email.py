"""Email: the address, the subject and the two bodies. Sending, headers and tracking live elsewhere."""

import html as html_escapes
import re
from collections.abc import Mapping

from email_validator import EmailNotValidError, validate_email

from clarion.channels.channel import Channel, FieldSpec
from clarion.channels.checked import checked
from clarion.channels.errors import InvalidValue
from clarion.channels.links import safe_links
from clarion.channels.markup import as_text
from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent

BODY_LIMIT = 262_144
FIELDS = (
    FieldSpec(name="subject", required=True, limit=255, single_line=True),
    FieldSpec(name="preheader", limit=255, single_line=True),
    FieldSpec(name="html", html=True, limit=BODY_LIMIT),
    FieldSpec(name="text", limit=BODY_LIMIT),
)

_BODY = re.compile(r"(?i)<body\b[^>]*>")
# What follows the preheader would fill the rest of the line that mailboxes show: blanks keep it away.
_PREHEADER = (
    '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px;'
    'mso-hide:all">{}' + "&#847;&zwnj;&nbsp;" * 40 + "</div>"
)


def parse_email(value: str) -> str:
    """`local@domain`: the domain in lower-case ASCII (IDN as xn--), the local part as written.

    Syntax only: nothing is looked up. Non-ASCII local parts are refused, since few carriers can take them.
    """
    try:
        address = validate_email(
            value.strip(),
            check_deliverability=False,
            allow_smtputf8=False,
            globally_deliverable=False,
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise InvalidValue("invalid_email", "not an email address: write it as name@example.com") from error
    domain = address.ascii_domain.lower()
    if "." not in domain or domain.startswith("["):
        raise InvalidValue(
            "invalid_email",
            "the email address needs a full domain, as in name@example.com",
        )
    return f"{address.local_part}@{domain}"


def mask_email(value: str) -> str:
    """`a***@example.com`."""
    local, at, domain = value.rpartition("@")
    return f"{local[:1]}***@{domain}" if at else "***"


def build(fields: Mapping[str, str], data: Mapping[str, object]) -> EmailContent:
    """Content with both bodies where there is HTML; a missing text is derived from it. `data` is not used."""
    values = checked(FIELDS, fields)
    html, text = values["html"], values["text"]
    if not html.strip() and not text.strip():
        raise InvalidValue("required", "an email needs html or text", field="html")
    if html:
        safe_links(html, field="html")
        text = text if text.strip() else as_text(html)
        html = _with_preheader(html, values["preheader"])
    return EmailContent(subject=values["subject"], text=text, html=html if html.strip() else "")


def _with_preheader(html: str, preheader: str) -> str:
    if not preheader:
        return html
    hidden = _PREHEADER.format(html_escapes.escape(preheader))
    body = _BODY.search(html)
    at = body.end() if body else 0
    return html[:at] + hidden + html[at:]


EMAIL = Channel(
    key=ChannelKey.EMAIL,
    label="Email",
    fields=FIELDS,
    parse_address=parse_email,
    mask=mask_email,
    build=build,
)
