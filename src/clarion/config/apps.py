"""Start-up: freeze the registry, lend the ports, check the configuration."""

from django.apps import AppConfig


class ClarionConfig(AppConfig):
    """First of Clarion's apps."""

    name = "clarion.config"
    label = "config"

    def ready(self) -> None:
        """Wire what the storeys below must not import."""
        from django.conf import settings

        from clarion.config import celery, checks, wiring  # noqa: F401 - registers checks; needs the app registry
        from clarion.records import crashing

        wiring.wire()
        celery.app.set_current()
        if settings.ENV.crash_point:
            crashing.arm(crashing.parse_plan(settings.ENV.crash_point))
