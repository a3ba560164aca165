"""The figures under their names, as docs/reference/metrics.md explains them. All are gauges: what is true at the moment
of the scrape. Labels are closed sets and names that operators chose, never anything of a recipient."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily

from clarion.records.categories.catalog import catalog
from clarion.records.pacing.breaker import Phase
from clarion.records.reputation.models import WHOLE, Standing
from clarion.records.reputation.rules import Counts, State
from clarion.records.sms_safety.policy import MICRO, SmsPolicy
from clarion.surfaces.api.fields import PRIORITY_NUMBERS
from clarion.surfaces.metrics.snapshot import Snapshot

CIRCUIT = {Phase.CLOSED: 0, Phase.HALF_OPEN: 1, Phase.OPEN: 2}
REPUTATION = {State.GOOD: 0, State.WARNED: 1, State.PAUSED: 2}
Sample = tuple[Sequence[str], float]


class Figures:
    """A collector in Prometheus' sense, over one moment."""

    def __init__(self, now: Snapshot, suppressed: Mapping[tuple[str, str], int]) -> None:
        self._now, self._suppressed = now, suppressed

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All families, in the order of the reference page."""
        yield from _queue(self._now)
        yield from _providers(self._now)
        yield from _reputation(self._now.standings)
        yield from _feedback(self._now, self._suppressed)
        yield from _sms(self._now)


def _gauge(name: str, text: str, labels: Sequence[str], samples: Iterable[Sample]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _queue(now: Snapshot) -> Iterator[GaugeMetricFamily]:
    names = {number: name for name, number in PRIORITY_NUMBERS.items()}
    yield _gauge(
        "notification_queue_size",
        "Notifications that are not done: due, scheduled, waiting for another attempt, or in a worker's hands",
        ["priority"],
        (([names[number]], size) for number, size in now.queue.size.items()),
    )
    yield _gauge(
        "notification_oldest_due_seconds",
        "How long the oldest due notification has waited for a worker; 0 when none waits",
        ["priority"],
        (([names[number]], seconds) for number, seconds in now.queue.oldest_due_seconds.items()),
    )
    yield _gauge(
        "dead_letters",
        "Failed notifications that wait for a person to replay or discard them",
        ["channel"],
        (([channel], count) for channel, count in now.queue.dead_letters.items()),
    )


def _providers(now: Snapshot) -> Iterator[GaugeMetricFamily]:
    if now.circuits is not None:
        yield _gauge(
            "provider_circuit_state",
            "Circuit breaker of the account: 0 closed, 1 half-open, 2 open; absent while Redis is away",
            ["provider"],
            (([label], CIRCUIT[phase]) for label, phase in now.circuits.items()),
        )
    yield _gauge(
        "provider_paused",
        "1 when staff paused the account",
        ["provider"],
        (([each.label], each.paused) for each in now.accounts),
    )
    yield _gauge(
        "provider_faulty",
        "1 when the account cannot work as it is configured (credentials, address)",
        ["provider"],
        (([each.label], each.faulty) for each in now.accounts),
    )


def _reputation(standings: Sequence[Standing]) -> Iterator[GaugeMetricFamily]:
    rows = [((row.account, _category(row.category_id)), row) for row in standings]
    labels = ["provider", "category"]
    counts = [(key, Counts(sent=row.sent, bounced=row.bounced, complained=row.complained)) for key, row in rows]
    yield _gauge(
        "reputation_state",
        "What the guard rules: 0 good, 1 warned, 2 paused; an empty category is the account as a whole",
        labels,
        ((key, REPUTATION[State(row.state)]) for key, row in rows),
    )
    yield _gauge(
        "reputation_sent",
        "Messages sent within the guard's window, as it last counted; those before a pause while paused",
        labels,
        ((key, each.sent) for key, each in counts),
    )
    yield _gauge(
        "reputation_bounce_ratio",
        "Share of them that bounced, 0 to 1",
        labels,
        ((key, each.bounce_rate / 100) for key, each in counts),
    )
    yield _gauge(
        "reputation_complaint_ratio",
        "Share of them that were complained of, 0 to 1",
        labels,
        ((key, each.complaint_rate / 100) for key, each in counts),
    )


def _category(identifier: int) -> str:
    found = catalog.find(identifier) if identifier != WHOLE else None
    return found.key if found is not None else "" if identifier == WHOLE else str(identifier)


def _feedback(now: Snapshot, suppressed: Mapping[tuple[str, str], int]) -> Iterator[GaugeMetricFamily]:
    yield _gauge("callbacks_waiting", "Verified callbacks that are still to be read", [], [([], now.callbacks.waiting)])
    yield _gauge(
        "callbacks_unread",
        "Verified callbacks that could not be read, kept for a replay",
        [],
        [([], now.callbacks.unread)],
    )
    yield _gauge(
        "callback_reports_waiting",
        "Reports whose notification is not known yet",
        [],
        [([], now.callbacks.reports_waiting)],
    )
    yield _gauge(
        "suppression_entries",
        "Addresses that nothing, or no marketing, is sent to now; counted once a minute at most",
        ["channel", "reason"],
        suppressed.items(),
    )


def _sms(now: Snapshot) -> Iterator[GaugeMetricFamily]:
    """Caps that are not set, and costs without prices, are not there: a 0 would be a lie."""
    policy: SmsPolicy = settings.SMS_POLICY
    currency, cap = policy.prices.currency, policy.cap
    yield _gauge("sms_messages_today", "Text messages of the day (UTC)", [], [([], now.sms.messages)])
    yield _gauge("sms_segments_today", "Their segments, by our own count", [], [([], now.sms.segments)])
    if cap.segments is not None:
        yield _gauge("sms_segments_cap", "How many segments a day may have", [], [([], cap.segments)])
    if currency:
        cost = now.sms.cost_micro / MICRO
        yield _gauge("sms_cost_today", "Their cost, by CLARION_SMS_PRICES", ["currency"], [([currency], cost)])
    if cap.cost_micro is not None:
        most = cap.cost_micro / MICRO
        yield _gauge("sms_cost_cap", "What a day's text messages may cost", ["currency"], [([currency], most)])
