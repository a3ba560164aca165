"""The sample rendered in every channel and locale before a version is published; in child processes (preview.py)."""

import time
from collections.abc import Iterator

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.severity import Severity
from clarion.records.templating.context import SAMPLE
from clarion.records.templating.draft import Draft
from clarion.records.templating.locales import resolve
from clarion.records.templating.preview import render_preview
from clarion.records.templating.problems import Problem, place_of

MOST_SECONDS = 20.0
"""For all places together; a designed mail takes a few milliseconds."""
TOO_SLOW = Problem(
    severity=Severity.ERROR,
    code="sample_too_slow",
    message=f"rendering the sample in all channels and locales takes longer than {MOST_SECONDS:.0f} s",
    pointer="/content",
    hint="loop over fewer items",
)
NO_SAMPLE = Problem(
    severity=Severity.NOTE,
    code="no_sample",
    message="there is no sample context, so nothing was rendered before publishing",
    pointer="/sample",
    hint="give a sample with a value for each variable",
)


def problems(draft: Draft) -> Iterator[Problem]:
    """What goes wrong with the sample, and which variables it lacks. A template without one is not rendered, for what a
    caller would give is not known. Raises InputError 503 `preview_busy`."""
    if not draft.sample:
        yield NO_SAMPLE
        return
    began = time.monotonic()
    for key, locales in draft.content.items():
        for locale in locales:
            yield from _place(draft, key, locale)
            if time.monotonic() - began > MOST_SECONDS:
                yield TOO_SLOW
                return


def _place(draft: Draft, key: ChannelKey, locale: str) -> Iterator[Problem]:
    fields = resolve(draft.content[key], locale) or {}
    recipient = msgspec.structs.replace(SAMPLE, locale=locale) if locale else SAMPLE
    data = draft.sample if key is ChannelKey.WEBHOOK else None
    made = render_preview(key, fields, draft.sample, locale=locale, theme=draft.theme, recipient=recipient, data=data)
    for fault in made.faults:
        yield Problem(
            severity=Severity.ERROR,
            code=str(fault.code),
            message=f"with the sample: {fault.message}",
            pointer=place_of(key, locale, fault.field),
            channel=key,
            locale=locale,
            field=fault.field,
            line=fault.line,
            column=fault.column,
        )
    if made.undefined:
        yield Problem(
            severity=Severity.WARNING,
            code="sample_lacks",
            message=f"the sample lacks {', '.join(made.undefined)}: there it renders as nothing",
            pointer=place_of(key, locale, ""),
            channel=key,
            locale=locale,
            hint="add it to the sample",
        )
