"""The console's Django apps: its own, and django.contrib.admin without its demands on every request."""

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class ConsoleConfig(AppConfig):
    """Templates and static files of the console; it has no tables."""

    name = "clarion.surfaces.console"
    label = "console"


class AdminForConsole(SimpleAdminConfig):
    """Templates tags and tables that django-unfold builds upon.

    Its system checks want sessions, messages and authentication in front of every request. Ours are in front of the
    pages alone (surfaces/pages/doors.py), so the checks are left out and django.contrib.messages is not installed: its
    label would be `messages`, which is ours to keep free (docs/decisions/0014-console.md).
    """

    def ready(self) -> None:
        """Register no checks and look for no admin modules."""
