"""`clarion manage prepare`: partitions ahead of time, the general category, the environment's accounts."""

from django.core.management.base import BaseCommand

from clarion.records import clock
from clarion.surfaces.cli.preparing import prepare


class Command(BaseCommand):
    """Changes nothing when there is nothing to do."""

    help = "After migrating: create partitions ahead, the category 'general', and mirror the environment's accounts."

    def handle(self, *args: object, **options: object) -> None:
        """Quiet unless something fails."""
        prepare(clock.now())
