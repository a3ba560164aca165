"""A notification as the API takes it."""

from typing import ClassVar

from rest_framework import serializers

from textbook.models import Notification


class NotificationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Notification
        fields: ClassVar = ["id", "recipient", "channel", "template", "context", "reference", "status", "created_at"]
        read_only_fields: ClassVar = ["id", "status", "created_at"]
