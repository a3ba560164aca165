"""One thread's Anymail backend: a message in, an outcome out. What the answers mean is `answers`."""

from collections.abc import Mapping

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

from clarion.contract.content import EmailContent
from clarion.contract.faults import Misconfigured
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.errors import EgressError
from clarion.egress.http import Response
from clarion.egress.mime_headers import MailRefused, check_line, encode_address, encode_sender, extra_header
from clarion.providers.anymail.account import AnymailAccount
from clarion.providers.anymail.answers import by_recipient, by_refusal
from clarion.providers.anymail.transport import Door, session
from clarion.providers.anymail.vendors import Vendor
from clarion.providers.vendor_api import unanswered

ID_KEY = "clarion_id"
ADDITIONS = ("tags", "metadata")  # left out from the back, for a service that does not know them
UNSUBSCRIBE, UNSUBSCRIBE_POST = "List-Unsubscribe", "List-Unsubscribe-Post"
UNREADABLE = "taken, with an answer that cannot be read"


class Carrier:
    """A backend with its session. Belongs to one thread."""

    def __init__(self, account: AnymailAccount, door: Door) -> None:
        self._account = account
        self._wanted = list(ADDITIONS)
        settings: dict[str, object] = dict(account.settings)
        if account.endpoint:
            settings["api_url"] = account.endpoint.rstrip("/") + "/"
        try:
            backend = import_string(account.vendor.backend)
            self._backend = backend(
                ignore_recipient_status=True, ignore_unsupported_features=False, debug_api_requests=False, **settings
            )
        except AnymailConfigurationError:
            raise Misconfigured(f"anymail: {account.name} cannot be set up with these options") from None
        made = session(door)
        made.headers["User-Agent"] = "Clarion/1"
        self._backend.session = made

    def carry(self, message: Message) -> Outcome:
        """Send one message. Raises Unreachable or Misconfigured."""
        try:
            mail = self._mail(message)
        except MailRefused as refusal:
            reason = Reason.INVALID_ADDRESS if refusal.is_address else Reason.CONTENT_REFUSED
            return Rejected(why=reason, detail=str(refusal))
        if mail is None:
            return Rejected(why=Reason.CONTENT_REFUSED, detail="not an email, or one without a body")
        try:
            self._hand_over(mail)
        except EgressError as error:
            return unanswered(error)
        except AnymailError as error:
            return self._refusal(error)
        except (LookupError, TypeError, ValueError, AttributeError):  # Anymail expects well-formed answers
            return Unclear(why=Reason.UNRECOGNISED, detail=UNREADABLE)
        return self._outcome(mail)

    def _hand_over(self, mail: EmailMultiAlternatives) -> None:
        """A service that knows no metadata or tags gets the mail without; from then on, all mails."""
        while True:
            try:
                self._backend.send_messages([mail])
            except AnymailUnsupportedFeature:  # raised before anything is sent
                given = [name for name in ADDITIONS if hasattr(mail, name)]
                if not given:
                    raise
                delattr(mail, given[-1])
                self._wanted = given[:-1]
            else:
                return

    def _mail(self, message: Message) -> EmailMultiAlternatives | None:
        """Django's mail with Anymail's additions. Raises MailRefused."""
        content = message.content
        if not isinstance(content, EmailContent) or not (content.text or content.html):
            return None
        recipient = encode_address(message.target.value)
        check_content(content)
        headers, fields = _placed(content.headers, self._account.vendor)
        mail = EmailMultiAlternatives(
            subject=content.subject,
            body=content.text or content.html,
            from_email=self._account.sender,
            to=[recipient.bare],
            reply_to=[content.reply_to] if content.reply_to else None,
            headers=headers,
        )
        if fields:
            mail.esp_extra = fields  # type: ignore[attr-defined]
        if not content.text:
            mail.content_subtype = "html"
        elif content.html:
            mail.attach_alternative(content.html, "text/html")
        if "tags" in self._wanted and message.category:
            mail.tags = [message.category]  # type: ignore[attr-defined]
        if "metadata" in self._wanted:
            mail.metadata = {ID_KEY: message.id}  # type: ignore[attr-defined]
        return mail

    def _outcome(self, mail: EmailMultiAlternatives) -> Outcome:
        recipients: Mapping[str, object] = mail.anymail_status.recipients  # type: ignore[attr-defined]
        told = next(iter(recipients.values()), None)
        if told is None:
            return Unclear(why=Reason.UNRECOGNISED, detail="the service's answer names no recipient")
        return by_recipient(getattr(told, "status", None), getattr(told, "message_id", None))

    def _refusal(self, error: AnymailError) -> Outcome:
        """Anymail's texts hold the whole request and answer, so none is passed on."""
        if isinstance(error, AnymailInvalidAddress):
            return Rejected(why=Reason.INVALID_ADDRESS, detail="not an address this service takes")
        if isinstance(error, AnymailAPIError):
            answer = error.response
            if not isinstance(answer, requests.Response) or 200 <= answer.status_code < 300:
                return Unclear(why=Reason.UNRECOGNISED, detail=UNREADABLE)
            response = Response(status=answer.status_code, headers=answer.headers, body=answer.content)
            return by_refusal(self._account.name, response)
        if isinstance(error, AnymailUnsupportedFeature | AnymailSerializationError):
            return Rejected(why=Reason.CONTENT_REFUSED, detail="this service cannot do what the mail asks for")
        return Retry(why=Reason.UNRECOGNISED, detail=type(error).__name__)


def _placed(own: Mapping[str, str], vendor: Vendor) -> tuple[dict[str, str], dict[str, str]]:
    """The headers of a mail, and what goes into fields of the service's API instead: of List-Unsubscribe the first
    address; the service itself says that one click will do."""
    headers = {**vendor.headers, **own}
    if not vendor.unsubscribe_field or UNSUBSCRIBE not in headers:
        return headers, {}
    headers.pop(UNSUBSCRIBE_POST, None)
    return headers, {vendor.unsubscribe_field: headers.pop(UNSUBSCRIBE).partition(",")[0]}


def check_content(content: EmailContent) -> None:
    """Raise MailRefused for line breaks and headers that are not on the list, wherever Anymail would pass them on."""
    check_line("Subject", content.subject)
    for name, value in content.headers.items():
        extra_header(name, value)
    if content.reply_to:
        try:
            encode_sender(content.reply_to)
        except MailRefused:
            raise MailRefused("the reply address is not a mail address") from None
    try:
        (content.text + content.html).encode()
    except UnicodeEncodeError:
        raise MailRefused("the body has half a surrogate pair: it is not text") from None
