"""From a message to what goes over the wire: MAIL, RCPT, DATA and the stuffed source. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clarion.contract.content import EmailContent
from clarion.contract.message import Message
from clarion.contract.outcome import Rejected
from clarion.contract.reasons import Reason
from clarion.egress.mime import Mail, build
from clarion.egress.mime_headers import MailRefused, encode_address
from clarion.providers.smtp.account import SmtpAccount
from clarion.providers.smtp.dsn import mail_parameters, rcpt_parameters


@dataclass(slots=True, kw_only=True)
class Job:
    """One message on its way. `handed_over`: the final dot was written, so it may have been taken."""

    id: str
    recipient: str = field(repr=False)
    data: bytes = field(repr=False)
    needs_smtputf8: bool = False
    tries: int = 0
    handed_over: bool = False


def prepare(message: Message, account: SmtpAccount) -> Job | Rejected:
    """The job for a message, or why it can never be one."""
    content = message.content
    if not isinstance(content, EmailContent):
        return Rejected(why=Reason.CONTENT_REFUSED, detail="not an email")
    mail = Mail(
        key=message.id,
        sender=account.sender,
        recipient=message.target.value,
        subject=content.subject,
        text=content.text,
        html=content.html,
        reply_to=content.reply_to,
        headers=content.headers,
        date=datetime.now(UTC),
    )
    try:
        source = build(mail)
        recipient = encode_address(message.target.value).bare
    except MailRefused as refusal:
        reason = Reason.INVALID_ADDRESS if refusal.is_address else Reason.CONTENT_REFUSED
        return Rejected(why=reason, detail=str(refusal))
    utf8 = source.needs_smtputf8 or account.envelope_sender.needs_smtputf8
    data = account.signer.sign(source.data, now=mail.date) if account.signer else source.data
    return Job(id=message.id, recipient=recipient, data=stuff(data), needs_smtputf8=utf8)


def stuff(source: bytes) -> bytes:
    """The source with dots doubled at line starts (RFC 5321 4.5.2) and the final dot.

    The source must have CRLF line ends only: a bare CR or LF is what SMTP smuggling is made of.
    """
    if not source.endswith(b"\r\n"):
        source += b"\r\n"
    if source.startswith(b"."):
        source = b"." + source
    if b"\r\n." in source:
        source = source.replace(b"\r\n.", b"\r\n..")
    return source + b".\r\n"


def mail_command(job: Job, account: SmtpAccount, features: Mapping[str, str]) -> bytes:
    """MAIL FROM with the parameters this server knows."""
    parameters = ""
    if "SIZE" in features:
        parameters += f" SIZE={len(job.data)}"
    if job.needs_smtputf8:
        parameters += " SMTPUTF8"
    parameters += mail_parameters(account.dsn, job.id, features)
    return f"MAIL FROM:<{account.envelope_sender.bare}>{parameters}\r\n".encode()


def rcpt_command(job: Job, account: SmtpAccount, features: Mapping[str, str]) -> bytes:
    return f"RCPT TO:<{job.recipient}>{rcpt_parameters(account.dsn, job.recipient, features)}\r\n".encode()


def refused_by_features(job: Job, features: Mapping[str, str]) -> Rejected | None:
    """What this server has said it cannot take, before anything is written."""
    if job.needs_smtputf8 and "SMTPUTF8" not in features:
        return Rejected(why=Reason.INVALID_ADDRESS, detail="the mail server takes ASCII addresses only")
    limit = features.get("SIZE", "").split(" ")[0]
    if limit.isdigit() and 0 < int(limit) < len(job.data):
        return Rejected(why=Reason.TOO_LARGE, detail="above the mail server's SIZE")
    return None
