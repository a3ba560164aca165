"""`clarion manage rotate_keys`: every personal column re-sealed with the newest key, while the system works."""

from collections import Counter

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from clarion.records.personal.columns import PERSONAL_COLUMNS, Form
from clarion.records.personal.envelope import KeyRing
from clarion.records.personal.ring import ring
from clarion.records.personal.rotation import rotate

SHOWN = 20


class Command(BaseCommand):
    """Safe to stop and to run again; exit code 1 when values could not be opened."""

    help = "Seal all personal data with the newest of CLARION_ENCRYPTION_KEYS. Older keys may go afterwards."

    def handle(self, *args: object, **options: object) -> None:
        """Rotate with a progress bar."""
        keys = ring()
        lost: Counter[str] = Counter()
        twice: list[object] = []
        resealed = 0
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("sealing anew", total=_stale_values(keys))
            for step in rotate(keys):
                resealed += step.resealed
                lost[f"{step.table}.{step.column}"] += step.undecryptable
                twice += step.colliding
                done = resealed + lost.total() + len(twice)
                bar.update(task, completed=done, description=step.table)
            done = resealed + lost.total() + len(twice)
            bar.update(task, description="done", total=done, completed=done)
        self.stdout.write(f"{resealed} values sealed anew")
        if twice:
            rows = ", ".join(str(row) for row in twice[:SHOWN])
            self.stderr.write(
                f"{len(twice)} rows were left as they are, for another row has the same address: {rows}"
                f"{', …' if len(twice) > SHOWN else ''}. Keep the old key, remove one of each two, run this again."
            )
        if twice and not lost.total():
            raise CommandError("Not all is sealed with the newest key yet.")
        if lost.total():
            places = ", ".join(f"{place}: {number}" for place, number in sorted(lost.items()) if number)
            raise CommandError(
                f"{lost.total()} values could not be opened ({places}). Add the key they were sealed with back to "
                "CLARION_ENCRYPTION_KEYS and run this again; without it they are lost."
            )


def _stale_values(keys: KeyRing) -> int:
    """How many values are not sealed with the newest key; an estimate, for people go on writing."""
    total = 0
    with connection.cursor() as cursor:
        for column in PERSONAL_COLUMNS:
            if column.form is Form.SEALED:
                cursor.execute(
                    f'SELECT count(*) FROM "{column.table}" WHERE "{column.column}" IS NOT NULL'
                    f' AND substring("{column.column}" from 2 for 4) <> %s',
                    [keys.newest.id],
                )
                total += cursor.fetchone()[0]
    return total
