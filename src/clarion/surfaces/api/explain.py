"""Why a notification did, or didn't, reach somebody: its decisions in plain words; and what a send would come to."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from clarion.contract.reasons import Reason
from clarion.contract.sentences import REASONS
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.foresee import Foreseen, foresee
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.feedback.models import Report
from clarion.records.ledger.models import Decision, Notification
from clarion.records.preferences.rules import RULES_VERSION
from clarion.records.preferences.tracing import Rung
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fates import AttemptOut, StatusOut, attempts_of, status_of
from clarion.surfaces.api.fields import Instant, Object
from clarion.surfaces.api.notifications import SEND_BYTES, SendIn, asked_send, find_notification


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, and what it says. `rules`: the version of the rules about preferences then in force; 0: none was."""

    at: Instant
    stage: str
    rule: str
    outcome: str
    reason: str
    until: Instant | None
    detail: str
    says: str
    rules: int = 0


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where it stands and, in order, what was decided on the way; `says` is the last word. `attempts`: each try at a
    provider, with its masked address."""

    notification: StatusOut
    says: str
    steps: list[Step]
    attempts: list[AttemptOut]


class RungOut(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of the gate, in the order of precedence: what it looked at, and what it said. `outcome` is `passed`
    where it had nothing to say, `not_asked` behind the one that spoke."""

    rule: str
    outcome: str
    reason: str
    inputs: Object


class ForeseenOut(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one channel: `status` is the state it would begin in, `until` how long it would be held, and
    `ladder` every rule of the gate, in its version `rules`."""

    channel: str
    status: str
    outcome: str
    rule: str
    reason: str
    category: str
    priority: int
    due_at: Instant | None
    duplicate_of: UUID | None
    until: Instant | None
    says: str
    rules: int
    ladder: list[RungOut]


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Each channel that the send would go to. The gate speaks again just before sending."""

    results: list[ForeseenOut]


_ALLOWED = {
    "bypass": "It may go out: the recipient's preferences are passed over.",
    "essential": "It may go out: its category is essential, and no preference holds it back.",
    "preferences": "It may go out: the recipient's preferences allow it.",
    "fallback": "It may go out in place of the channel before it.",
    "group": "It tells of several that were collected.",
    "digest": "It tells of what was collected, as the recipient wishes.",
    "unclear": "It may be sent again, though an account may have taken it already.",
}
_DONE = {
    "cancel": "The caller cancelled it.",
    "reschedule": "It was given another time.",
    "replay": "Staff queued it again.",
    "discard": "Staff took it off the list of dead letters for good.",
}


_REPORTED = {
    "sent": "The provider passed it on.",
    "delivered": "The provider reported that it arrived.",
    "deferred": "The provider reported that it was put off, and goes on trying.",
    "bounced": "The provider reported that the address is dead; it is on the suppression list.",
    "soft_bounced": "The provider reported that the address did not take it this time.",
    "failed": "The provider reported that it gave up.",
    "complained": "The provider reported that the recipient marked it as spam.",
    "unsubscribed": "The provider reported that the recipient unsubscribed.",
    "opened": "The provider reported that it was opened.",
    "clicked": "The provider reported that a link in it was followed.",
}


def sentence(rule: str, outcome: str, reason: str, until: datetime | None, detail: str) -> str:
    """A decision in plain words."""
    why = REASONS[Reason(reason)] if reason in set(Reason) else ""
    if outcome == "allow":
        said = _ALLOWED.get(rule, "It may go out.")
    elif rule in _DONE:
        said = _DONE[rule]
    elif rule == "unclear" and outcome == "hold":
        said = f"{why} It is not sent again, but held for an answer."
    elif rule == "fallback":
        said = "The next channel of its chain took over." if outcome == "handed_on" else "Its chain is at its end."
    elif outcome == "release":
        said = "It was let go out of its digest, to be judged anew."
    elif outcome == "retry":
        said = f"{rule.capitalize()} did not succeed: {why or reason}"
    else:
        said = why or f"{rule}: {outcome}."
    when = f" Due at {until:%Y-%m-%d %H:%M:%S} UTC." if until is not None else ""
    return f"{said}{when}{f' ({detail})' if detail else ''}"


def explanation_of(row: Notification) -> Explanation:
    """The notification's decisions, and what providers reported later, in order."""
    status = status_of(row)
    steps = steps_of([row.id])[row.id]
    return Explanation(notification=status, says=_standing(status), steps=steps, attempts=attempts_of(row.id))


def steps_of(ids: Collection[UUID]) -> dict[UUID, list[Step]]:
    """What was decided about each of these notifications and what providers reported of it, in order; two queries for
    any number."""
    found: dict[UUID, list[Step]] = {one: [] for one in ids}
    for decision in Decision.objects.filter(notification_id__in=ids).order_by("id"):
        found[decision.notification_id].append(_decided(decision))
    reported = list(Report.objects.filter(notification_id__in=ids))
    for report in reported:
        found[report.notification_id].append(_told(report))
    for one in {report.notification_id for report in reported}:
        found[one].sort(key=lambda step: step.at)
    return found


def _decided(made: Decision) -> Step:
    return Step(
        at=made.at,
        stage=made.stage,
        rule=made.rule,
        outcome=made.outcome,
        reason=made.reason,
        until=made.until,
        detail=made.detail,
        says=sentence(made.rule, made.outcome, made.reason, made.until, made.detail),
        rules=made.rules,
    )


def _told(report: Report) -> Step:
    return Step(
        at=report.at,
        stage="feedback",
        rule="report",
        outcome=report.kind,
        reason=report.reason,
        until=None,
        detail="",
        says=_REPORTED.get(report.kind, f"The provider reported: {report.kind}."),
    )


def _standing(status: StatusOut) -> str:
    """The state in plain words; of an end, why."""
    if status.reason in set(Reason):
        return f"It is {status.status}. {REASONS[Reason(status.reason)]}"
    if status.next_attempt_at is not None:
        return f"It is {status.status}, due at {status.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC."
    return f"It is {status.status}."


def forecast_of(asked: Send) -> Forecast:
    """What this send would come to now; raises the InputError that it would raise."""
    return Forecast(results=[_foreseen(one) for one in foresee(asked, clock.now())])


def _foreseen(one: Foreseen) -> ForeseenOut:
    verdict = one.verdict
    category = catalog.find(one.category_id)
    return ForeseenOut(
        channel=one.channel,
        status=one.status,
        outcome=verdict.outcome,
        rule=verdict.rule,
        reason=verdict.reason or "",
        category=category.key if category else "",
        priority=one.priority,
        due_at=one.due_at,
        duplicate_of=one.first,
        until=verdict.until,
        says=sentence(verdict.rule, verdict.outcome, verdict.reason or "", verdict.until, verdict.detail),
        rules=RULES_VERSION,
        ladder=[_rung(rung) for rung in one.rungs],
    )


def _rung(rung: Rung) -> RungOut:
    said = rung.verdict
    return RungOut(
        rule=rung.rule,
        outcome=said.outcome if said is not None else "passed" if rung.asked else "not_asked",
        reason=said.reason or "" if said is not None else "",
        inputs=msgspec.to_builtins(rung.inputs),
    )


class ExplainView(Endpoint):
    tag = "notifications"

    @operation(permission=Permission.SEND, answers={200: Explanation}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Explain what became of a notification, decision by decision."""
        return Answer(value=explanation_of(find_notification(call, id)))


class ForecastView(Endpoint):
    tag = "notifications"

    @operation(
        permission=Permission.SEND,
        body=SendIn,
        answers={200: Forecast},
        problems=(403, 404),
        max_bytes=SEND_BYTES,
        idempotent_key=False,
    )
    def post(self, call: Call) -> Answer:
        """Say what a send would come to; nothing is stored or sent."""
        return Answer(value=forecast_of(asked_send(call.body, call.caller)))
