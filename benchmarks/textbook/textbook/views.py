"""The endpoint: store it, put it in the queue."""

from rest_framework.generics import CreateAPIView

from textbook.serializers import NotificationSerializer
from textbook.tasks import send_notification


class SendView(CreateAPIView):
    serializer_class = NotificationSerializer

    def perform_create(self, serializer: NotificationSerializer) -> None:
        """Outside a transaction the row is committed here, so the task finds it."""
        notification = serializer.save()
        send_notification.apply_async((notification.pk,))
