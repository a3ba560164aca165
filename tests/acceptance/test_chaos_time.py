"""`clarion chaos time` on a real system: schedulers that die over the digests of a few people."""

from clarion.surfaces.cli.bench.measured import Advance, unheard
from clarion.surfaces.cli.chaos.time_run import Wanted, run_time
from clarion.surfaces.cli.chaos.time_schedulers import SchedulersOutcome


class Silent:
    """A Meter that shows nothing."""

    def stage(self, text: str, total: int | None = None) -> Advance:
        return unheard


def test_every_mail_is_in_one_digest_however_many_schedulers_close_it_and_die() -> None:
    wanted = Wanted(
        zones=["Europe/Berlin"], people=40, mails=2, schedulers=2, kills=3, held=1_000, only="schedulers", seed=3
    )
    run = run_time(wanted, Silent())
    assert run.flaws == []
    (row,) = (row for finding in run.findings for row in finding.rows)
    assert isinstance(row, SchedulersOutcome)
    assert (row.mails, row.told, row.digests, row.killed) == (80, 80, 40, 3)
