"""The closed set of channels."""

from enum import StrEnum


class ChannelKey(StrEnum):
    """The media, in the order in which docs and pages show them."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    IN_APP = "in_app"
    WEBSOCKET = "websocket"
    WEBHOOK = "webhook"
    CHAT = "chat"
