"""`clarion manage replay_callbacks`: read again what vendors reported and could not be read, after a fix."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clarion.records.accounts.models import Account
from clarion.records.feedback import callbacks

PAGE = 1_000


class Command(BaseCommand):
    help = "Read callbacks again that could not be read; workers do it within a minute."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", default="", help="Only those of this account, as in email.main.")

    def handle(self, *_: Any, **options: Any) -> None:
        account = None
        if options["account"]:
            channel, _, name = options["account"].partition(".")
            row = Account.objects.filter(channel=channel, name=name).first()
            if row is None:
                raise CommandError("There is no such account; GET /api/v1/providers lists them.")
            account = row.id
        total = 0
        while count := callbacks.replay(PAGE, account=account):
            total += count
        self.stdout.write(f"{total} callbacks are read again.")
