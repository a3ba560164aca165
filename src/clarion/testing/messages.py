"""Messages as the engine hands them over, for tests of providers."""

from datetime import UTC, datetime

from clarion.contract.content import Content, EmailContent, InboxContent, WebhookContent
from clarion.contract.message import Message, Target

CREATED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  the example of the specification


def message(key: str, *, to: str, content: Content, attempt: int = 1, **extra: str) -> Message:
    """A message with the given id; `extra` goes to the target."""
    return Message(
        id=key,
        notification_id=key,
        user_id="user-1",
        target=Target(value=to, extra=extra),
        content=content,
        attempt=attempt,
        created_at=CREATED_AT,
    )


def email(key: str, *, to: str = "ann@example.com", attempt: int = 1) -> Message:
    content = EmailContent(subject=f"Subject {key}", text=f"Text {key}", html=f"<p>Html {key}</p>")
    return message(key, to=to, content=content, attempt=attempt)


def webhook(key: str, *, to: str, secret: str = SECRET) -> Message:
    return message(key, to=to, content=WebhookContent(event="order.shipped", data={"key": key}), secret=secret)


def inbox(key: str) -> Message:
    return message(key, to="inbox-of-user-1", content=InboxContent(title=f"Title {key}", body=f"Body {key}"))
