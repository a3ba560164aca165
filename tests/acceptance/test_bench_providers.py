"""`clarion bench providers`: every provider that calls a vendor hands everything over to its stand-in."""

from clarion.surfaces.cli.bench.experiments import run_experiments
from clarion.surfaces.cli.bench.measured import Advance, Extent, unheard
from clarion.surfaces.cli.bench.providers import HandedOver

SMALL = Extent(singles=10, seconds=0.3, backlog=100, handed_over=120)
VENDORS = {
    "smtp", "ses", "sendgrid", "twilio", "beem", "httpsms", "fcm", "apns", "webpush", "slack", "webhook",
}  # fmt: skip


class Silent:
    """A Meter that shows nothing."""

    def stage(self, text: str, total: int | None = None) -> Advance:
        return unheard


def test_every_provider_hands_everything_over() -> None:
    run = run_experiments(("providers",), SMALL, Silent())
    rows = [row for row in run.findings[0].rows if isinstance(row, HandedOver)]
    assert run.flaws == []
    assert {row.provider for row in rows} == VENDORS
    assert all(row.sent == 120 and row.per_second > 0 for row in rows)
