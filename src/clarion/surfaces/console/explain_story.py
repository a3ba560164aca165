"""A notification's story for the page: decisions, attempts and reports in one order, with links to what they name."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from clarion.contract.reasons import Reason
from clarion.contract.sentences import REASONS
from clarion.records.digests.windows import TOLD_IN
from clarion.records.ledger.models import Decision, Notification
from clarion.records.ledger.status import Status
from clarion.surfaces.api.explain import Step, explanation_of
from clarion.surfaces.api.fates import AttemptOut, Summary, summaries
from clarion.surfaces.console.explain_words import STAGES, plain, rule_title, tone

RELATED = 100
TOLD_MOST = 200
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some words; with the page of the notification that they name, if they do."""

    text: str
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One thing that happened."""

    at: datetime
    title: str
    where: str
    outcome: str
    tone: str
    says: tuple[Piece, ...]
    facts: tuple[tuple[str, str], ...] = ()
    until: datetime | None = None
    rules: int = 0
    is_attempt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that the page of one notification tells. `raw` is the API's own answer."""

    row: Notification
    summary: Summary
    says: str
    tone: str
    scenes: tuple[Scene, ...]
    siblings: list[Summary]
    told: list[Summary]
    told_in: UUID | None
    raw: str


def story_of(row: Notification) -> Story:
    """In a few queries, however long it is."""
    explanation = explanation_of(row)
    siblings = _siblings(row)
    told = _told_of(row)
    named = {UUID(found) for step in explanation.steps for found in _ID.findall(step.detail)}
    known = set(Notification.objects.filter(pk__in=named).values_list("pk", flat=True)) - {row.id}
    scenes = [_attempted(each) for each in explanation.attempts] + scenes_of(explanation.steps, known)
    (summary, *others) = summaries([row, *siblings, *told])
    return Story(
        row=row,
        summary=summary,
        says=explanation.says,
        tone=tone(summary.status),
        # what is told by an attempt is decided in the same moment, and after it
        scenes=tuple(sorted(scenes, key=lambda scene: scene.at)),
        siblings=others[: len(siblings)],
        told=others[len(siblings) :],
        told_in=explanation.notification.digest_id,
        raw=msgspec.json.format(msgspec.json.encode(explanation)).decode(),
    )


def scenes_of(steps: Iterable[Step], known: Collection[UUID]) -> list[Scene]:
    """Steps as the page shows them; ids in `known` are links."""
    return [
        Scene(
            at=step.at,
            title=rule_title(step.rule),
            where=STAGES.get(step.stage, plain(step.stage)),
            outcome=plain(step.outcome),
            tone=tone(step.outcome),
            says=pieces(step.says, known),
            until=step.until,
            rules=step.rules,
        )
        for step in steps
    ]


def pieces(text: str, known: Collection[UUID]) -> tuple[Piece, ...]:
    """The text in parts, of which those are links that name a notification."""
    found: list[Piece] = []
    at = 0
    for match in _ID.finditer(text):
        if UUID(match[0]) in known:
            found += [Piece(text=text[at : match.start()]), Piece(text=match[0], link=f"/console/explain/{match[0]}/")]
            at = match.end()
    return (*found, Piece(text=text[at:]))


def _attempted(made: AttemptOut) -> Scene:
    why = f" {REASONS[Reason(made.reason)]}" if made.reason in set(Reason) else ""
    took = (made.finished_at - made.started_at).total_seconds()
    facts = [
        ("account", made.account),
        ("to", made.target),
        ("took", f"{took:.2f} s"),
        ("id at the provider", made.remote_id),
        ("it said", made.detail),
        ("segments", str(made.segments or "")),
        ("price", made.price),
    ]
    return Scene(
        at=made.finished_at,
        title=f"Attempt {made.number}",
        where=STAGES["attempt"],
        outcome=plain(made.outcome),
        tone=tone(made.outcome),
        says=(Piece(text=f"{_TRIED.get(made.outcome, '')}{why}".strip()),),
        facts=tuple((name, value) for name, value in facts if value),
        is_attempt=True,
    )


_TRIED = {
    "sent": "The provider took it.",
    "retry": "The provider did not take it this time.",
    "rejected": "The provider refused it for good.",
    "unclear": "It is not known whether the provider took it.",
}


def _siblings(row: Notification) -> list[Notification]:
    """What else came of the same call for the same person: other channels, or the rest of its chain."""
    same = Notification.objects.filter(user_id=row.user_id, request_id=row.request_id)
    return list(same.exclude(pk=row.pk).order_by("id")[:RELATED])


def _told_of(row: Notification) -> list[Notification]:
    """The ones that were collected and that this one tells of, as far as they are among the person's latest before."""
    before = Notification.objects.filter(user_id=row.user_id, id__lt=row.id, channel=row.channel)
    collected = before.filter(status=Status.DIGESTED).order_by("-id").values_list("id", flat=True)[:TOLD_MOST]
    said = Decision.objects.filter(notification_id__in=list(collected), detail=f"{TOLD_IN}{row.id}")
    return list(Notification.objects.filter(pk__in=list(said.values_list("notification_id", flat=True))).order_by("id"))
