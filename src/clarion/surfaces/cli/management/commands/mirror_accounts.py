"""`clarion manage mirror_accounts`: provider accounts of the environment → rows that staff can pause."""

from django.core.management.base import BaseCommand, CommandError

from clarion.contract.faults import Misconfigured
from clarion.surfaces.cli.preparing import mirror_accounts


class Command(BaseCommand):
    """What staff set (paused) stays."""

    help = "Make the rows of provider accounts equal to CLARION_EMAIL, CLARION_SMS, …"

    def handle(self, *args: object, **options: object) -> None:
        """Mirror, and say how many there are."""
        try:
            number = mirror_accounts()
        except Misconfigured as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"{number} accounts in the environment, all mirrored")
