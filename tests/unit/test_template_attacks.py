"""The corpus of hostile templates through validation and rendering as in a worker: each ends soon, in an error of ours
or in harmless text. What it takes of memory is measured where previews are (integration/test_template_preview.py)."""

import re
import time

import pytest

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.validation import validate
from tests.attacks.corpus import ATTACKS, CONTEXT, MOST_OUTPUT, Attack

MOST_SECONDS = 2.0
# what Python says of its own: none of it belongs into a message
_TRACES = re.compile(r"<(class|function|module|built-in|bound|generator)|object at 0x|__mro__|Undefined|LoopContext")
_ALLOWED = ("a format string in a value", "a template in a value")


def run(attack: Attack) -> tuple[str | None, str]:
    """The code of the error, or None and the text of the field."""
    try:
        fields = compile_content(attack.channel, attack.fields, language="en").render(CONTEXT)
        channel_of(attack.channel).build(fields, {})
    except TemplateError as error:
        return error.code, error.message
    except InvalidValue as error:
        return error.code, str(error)
    return None, fields[attack.field]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_hostile_template_ends_as_the_corpus_says(attack: Attack) -> None:
    started = time.process_time()
    code, output = run(attack)
    assert time.process_time() - started < MOST_SECONDS
    assert attack.is_met_by(code, output), (code, output[:300])
    assert len(output) <= MOST_OUTPUT
    if not any(name in attack.name for name in _ALLOWED):
        assert not _TRACES.search(output)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.channel is not ChannelKey.CHAT], ids=lambda a: a.name)
def test_validation_answers_soon_and_finds_what_cannot_compile(attack: Attack) -> None:
    started = time.process_time()
    report = validate(attack.fields, attack.channel)
    assert time.process_time() - started < MOST_SECONDS
    codes = {fault.code for fault in report.errors}
    assert codes <= set(TemplateErrorCode)
    if attack.expect.get("error") in {TemplateErrorCode.SYNTAX, TemplateErrorCode.TOO_LARGE}:
        assert attack.expect["error"] in codes


def test_the_corpus_is_as_large_as_was_promised() -> None:
    assert len({attack.source for attack in ATTACKS}) >= 400
    assert len(ATTACKS) == len({attack.name for attack in ATTACKS})


def test_the_context_is_as_before_after_a_template_tried_to_change_it() -> None:
    context = {"user": {"a": [1]}}
    for source in ("{{ user.a.append(2) }}", "{{ user.pop('a') }}", "{% set user.a = 2 %}", "{{ user.update({}) }}"):
        with pytest.raises(TemplateError):
            compile_content(ChannelKey.SMS, {"body": source}).render(context)
    assert context == {"user": {"a": [1]}}


def test_nothing_is_computed_while_compiling() -> None:
    started = time.process_time()
    content = compile_content(ChannelKey.SMS, {"body": "{{ 'A' * 10**9 }}{{ 9**9**9 }}{{ 'a'|replace('a', 'b') }}"})
    assert time.process_time() - started < 0.5
    with pytest.raises(TemplateError) as raised:
        content.render({})
    assert (raised.value.code, raised.value.field, raised.value.line) == (TemplateErrorCode.BUDGET, "body", 1)
