"""Makes the management commands under `management/commands/` known to Django."""

from django.apps import AppConfig


class CliConfig(AppConfig):
    """No models, no start-up work."""

    name = "clarion.surfaces.cli"
    label = "cli"
