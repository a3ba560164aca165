"""`clarion manage seed_demo`: the demo data and demo.json. `clarion up` runs it at every start."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clarion.records import clock
from clarion.surfaces.cli.demo_data.seed import seed
from clarion.surfaces.cli.preparing import prepare


class Command(BaseCommand):
    """Idempotent: a second run changes nothing and keeps password and key."""

    help = "Add example users, categories and templates, a staff login and an API key; write demo.json."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Both default to what `clarion up` set."""
        parser.add_argument("--data-dir", type=Path, default=None, help="Where demo.json goes (default: .clarion).")
        parser.add_argument(
            "--base-url", default="", help="Where this server is reached (default: CLARION_PUBLIC_URL)."
        )

    def handle(self, *args: object, **options: object) -> None:
        """Seed, and say what stands there now."""
        directory = Path(str(options["data_dir"] or settings.ENV.data_dir or ".clarion"))
        base_url = str(options["base_url"] or settings.PUBLIC_URL).rstrip("/")
        prepare(clock.now())  # `general` comes first, and is category 1: the documents' calls count on it
        try:
            seeded = seed(directory, base_url)
        except OSError as error:
            raise CommandError(f"demo.json cannot be written to {directory}: {error.strerror or error}") from error
        file = "written" if seeded.changed_file else "unchanged"
        self.stdout.write(f"demo data: {seeded.users} users, {seeded.templates} templates; demo.json {file}")
