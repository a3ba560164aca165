"""A person's answer to a question of consent, through the API or written down by others for them."""

from collections.abc import Sequence

from django.db import transaction

from clarion.records.consents.history import Answer
from clarion.records.consents.models import Record
from clarion.records.consents.purposes import Purpose
from clarion.records.preferences import store
from clarion.records.preferences.consenting import record


def answer(given: Answer, *, own: bool) -> Record | None:
    """Write an answer down; None when it repeats what stands. The marketing switch goes along: off when consent is
    withdrawn, by whomever; on when the person gives it themselves (`own`)."""
    with transaction.atomic():
        written = record([given])
        if given.purpose == Purpose.MARKETING and (own or not given.given):
            _switch(given)
    return written[0] if written else None


def _switch(given: Answer) -> None:
    switches = store.Switches(enabled=None, marketing=given.given, channels={})
    wanted = store.Preferences(general=switches, categories={})
    store.change(given.user_id, wanted, replace=False, source=given.source, actor=given.actor)


def import_answers(answers: Sequence[Answer]) -> int:
    """Write down what was answered elsewhere; returns how many were new. Answers older than the newest that is known
    become history and change nothing. Switches stay as they are: the consent itself decides."""
    return len(record(answers))
