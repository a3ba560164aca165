"""Slack: a bot's chat.postMessage, and incoming webhooks."""

from clarion.providers.slack.send import ENTRY

__all__ = ["ENTRY"]
