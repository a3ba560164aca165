"""One task for each message. To its advantage the row is saved once, when its fate is known; many designs save a
`processing` before."""

import requests
from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from textbook.models import InboxItem, Notification

session = requests.Session()
session.trust_env = False  # asking the environment for proxies costs a millisecond a call


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def send_notification(pk: int) -> None:
    """Load, send, save."""
    notification = Notification.objects.select_related("recipient").get(pk=pk)
    SENDERS[notification.channel](notification)
    notification.status = Notification.Status.SENT
    notification.sent_at = timezone.now()
    notification.save(update_fields=["status", "sent_at"])


def send_email(notification: Notification) -> None:
    context = {**notification.context, "user": notification.recipient, "app_name": "Clarion"}
    mail = EmailMultiAlternatives(
        subject=f"Order {notification.context['order_number']} confirmed",
        body=render_to_string("order.txt", context),
        to=[notification.recipient.email],
        headers={"Message-ID": f"<{notification.pk}@textbook.example.com>"},
    )
    mail.attach_alternative(render_to_string("order.html", context), "text/html")
    mail.send()


def send_webhook(notification: Notification) -> None:
    body = {"id": notification.pk, "event": "order.placed", "data": notification.context}
    headers = {"webhook-id": str(notification.pk)}
    session.post(settings.WEBHOOK_URL, json=body, headers=headers, timeout=10).raise_for_status()


def send_in_app(notification: Notification) -> None:
    InboxItem.objects.create(
        user=notification.recipient,
        notification=notification,
        title=f"Order {notification.context['order_number']} confirmed",
        body=f"Thank you, {notification.context['customer_name']}! We tell you as soon as it is on its way.",
    )


SENDERS = {"email": send_email, "webhook": send_webhook, "in_app": send_in_app}
