"""Previews in a process of their own: what they give, what they withstand, and that nobody else notices."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.templating.context import SAMPLE
from clarion.records.templating.preview import render_preview
from clarion.records.templating.previewing import server as serving
from clarion.records.templating.previewing.server import PreviewServer, server
from tests.attacks.corpus import ATTACKS, CONTEXT, Attack

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 3, 5, tzinfo=UTC)
EMAIL = {"subject": "{{ greeting }} {{ user.first_name }}", "html": "<p>{{ total|currency('EUR') }} {{ gone }}</p>"}
MOST_SECONDS = 2.5
"""The child has 1.6 s; the rest is for a machine that does something else as well."""
ENDED = "template_timeout"
MOST_BYTES = 300_000_000


@pytest.fixture(scope="module", autouse=True)
def _ended() -> Iterator[None]:
    yield
    server.stop()


def test_an_email_is_previewed_as_the_recipient_would_get_it() -> None:
    seen = render_preview(ChannelKey.EMAIL, EMAIL, {"total": "12.50"}, locale="fr", now=NOW)
    assert seen.faults == ()
    assert seen.fields["html"] == "<p>12,50\xa0€ </p>"
    assert (seen.parts["subject"], seen.parts["text"]) == ("Bonjour Ann", "12,50 €")
    assert seen.undefined == ("gone",)
    assert seen.sizes["html"] == len(str(seen.parts["html"]).encode())
    assert seen.segments is None


def test_a_mail_of_the_design_system_is_previewed_and_its_faults_stand_where_they_were_written() -> None:
    block = "{% block content %}\n<h1>Hi {{ user.first_name }}</h1>\n{{ x|currency(code) }}{% endblock %}"
    body = '{% extends "base" %}\n' + block
    source = {"subject": "s", "html": body}
    seen = render_preview(ChannelKey.EMAIL, source, {"x": 3, "code": "EUR"}, theme="#4caf50")
    assert seen.faults == ()
    assert "Hi Ann</h1>" in seen.fields["html"]
    (fault,) = render_preview(ChannelKey.EMAIL, source, {"x": 3, "code": "EURO"}).faults
    assert (fault.field, fault.line, fault.code) == ("html", 4, "template_value")


def test_a_text_message_tells_its_segments() -> None:
    seen = render_preview(ChannelKey.SMS, {"body": "{{ word * 40 }}"}, {"word": "ümlaut"})
    assert (seen.parts["body"], seen.sizes) == ("ümlaut" * 40, {"body": 280})
    assert seen.segments is not None
    assert (seen.segments.segments, seen.segments.units) == (2, 240)


def test_somebody_real_is_seen_in_their_own_locale_and_zone() -> None:
    ann = msgspec.structs.replace(
        SAMPLE, id=UUID(int=9), first_name="Asha", locale="sw", timezone="Africa/Nairobi", attributes={"tier": "gold"}
    )
    source = {"title": "{{ greeting }} {{ user.full_name }}", "body": "{{ now|time }} {{ user.attributes.tier }}"}
    seen = render_preview(ChannelKey.PUSH, source, {}, recipient=ann, data={"a": 1}, now=NOW)
    assert seen.parts == {
        "title": "Habari za asubuhi Asha Example", "body": "08:00 gold", "image": "", "link": "", "collapse": "",
        "data": {"a": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ({"body": "a\n  {{ x|nofilter }}"}, ("body", 2, 8, "template_syntax")),
        ({"body": "{{ a }}\n{{ 1 / 0 }}"}, ("body", 2, 1, "template_value")),
        ({"body": "{% if a %}{{ user.__class__ }}{% endif %}"}, ("body", 1, 19, "template_forbidden")),
        ({"body": "{{ gone }}"}, ("body", 0, 0, "required")),
        ({"body": "{{ 'x' * 2000 }}"}, ("body", 0, 0, "too_long")),
        ({"bodi": "x"}, ("bodi", 0, 0, "template_field")),
        ({"body": "x" * 1_000_001}, ("", 0, 0, "template_too_large")),
    ],
)
def test_what_is_wrong_is_told_with_its_place(source: dict[str, str], fault: tuple[str, int, int, str]) -> None:
    (found,) = render_preview(ChannelKey.SMS, source, {}).faults
    assert (found.field, found.line, found.column, found.code) == fault


def test_a_variable_that_is_only_asked_for_is_not_undefined() -> None:
    body = "{% if a.b %}x{% endif %}{{ c|default('y') }}{% for d in e %}{{ d }}{% endfor %}{{ f.g }}{{ 'z' if h }}"
    seen = render_preview(ChannelKey.SMS, {"body": body}, {"f": {}})
    assert (seen.parts["body"], seen.undefined) == ("y", ("e", "f.g"))


def test_a_context_that_is_not_plain_is_refused_here() -> None:
    (fault,) = render_preview(ChannelKey.SMS, {"body": "x"}, {"a": {"b": object()}}).faults
    assert (fault.code, fault.field) == ("template_value", "a.b")


def _one_place(attack: Attack) -> bool:
    """Escaping changes nothing about time and memory: what stands in two places is previewed in a mail."""
    return attack.field != "text" or attack.channel is not ChannelKey.CHAT


@pytest.mark.parametrize("attack", [a for a in ATTACKS if _one_place(a)], ids=lambda attack: attack.name)
def test_a_hostile_template_harms_nobody(attack: Attack) -> None:
    seen = render_preview(attack.channel, attack.fields, CONTEXT, now=NOW)
    assert seen.seconds < MOST_SECONDS
    assert seen.peak_bytes < MOST_BYTES
    code = str(seen.faults[0].code) if seen.faults else None
    if attack.previewed is not None and code == attack.previewed:
        return
    assert attack.is_met_by(code, seen.fields.get(attack.field, "")) or code == ENDED, (code, seen.faults)


_BODY = """
import sys
from clarion.records.templating.previewing.child import _limit
_limit()
{}
"""


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        ("while True: pass", "SIGALRM"),
        ("import time; time.sleep(60)", "SIGALRM"),
        ("x = bytearray(300 << 20)", "MemoryError"),
        ("open(sys.argv[1], 'wb', 0).write(b'x')", "File too large"),
    ],
)
def test_the_kernel_ends_a_child_that_goes_beyond_its_limits(body: str, ends: str, tmp_path: Path) -> None:
    began = time.monotonic()
    command = [sys.executable, "-c", _BODY.format(body), str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    how = "SIGALRM" if done.returncode == -signal.SIGALRM else done.stderr.decode().strip().splitlines()[-1]
    assert ends in how
    assert time.monotonic() - began < 10


def test_the_child_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARION_SECRET_KEY", "canary")
    fresh = PreviewServer()
    try:
        process = _started(fresh)
        assert b"CLARION" not in Path(f"/proc/{process.pid}/environ").read_bytes()
    finally:
        fresh.stop()
    assert process.poll() is not None


def test_a_process_that_died_is_started_again() -> None:
    fresh = PreviewServer()
    try:
        first = _started(fresh)
        first.kill()
        first.wait()
        second = _started(fresh)
        assert second.pid != first.pid
        assert second.poll() is None
    finally:
        fresh.stop()


def _started(fresh: PreviewServer) -> "subprocess.Popen[bytes]":
    from clarion.records.templating.previewing.wire import Job

    job = Job(channel=ChannelKey.SMS, source={"body": "x"}, theme="", context={}, data={}, locale="", language="en")
    assert fresh.ask(job).parts == {"body": "x"}
    assert fresh._process is not None
    return fresh._process


def test_more_previews_than_there_is_room_for_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "QUEUE_SECONDS", 0.05)
    for _ in range(serving.AT_ONCE):
        assert server._room.acquire(blocking=False)
    try:
        with pytest.raises(InputError) as raised:
            render_preview(ChannelKey.SMS, {"body": "x"}, {})
    finally:
        server._room.release(serving.AT_ONCE)
    assert (raised.value.code, raised.value.status) == ("preview_busy", 429)
    assert render_preview(ChannelKey.SMS, {"body": "x"}, {}).faults == ()


def test_previews_run_side_by_side_and_leave_no_process_behind() -> None:
    found: list[object] = []
    body = "{% for i in range(900) %}{{ i }}{% endfor %}"

    def one() -> None:
        found.append(render_preview(ChannelKey.CHAT, {"text": body}, {}).faults)

    render_preview(ChannelKey.SMS, {"body": "x"}, {})  # the brand is remembered: no thread opens a connection for it
    threads = [threading.Thread(target=one) for _ in range(serving.AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [()] * serving.AT_ONCE
    process = server._process
    assert process is not None
    until = time.monotonic() + 5
    while (children := _children(process.pid)) and time.monotonic() < until:
        time.sleep(0.02)
    assert children == []


def _children(parent: int) -> list[str]:
    return Path(f"/proc/{parent}/task/{parent}/children").read_text().split()


def test_a_process_that_does_not_start_is_said_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_CHILD", "no_such_module_here")
    fresh = PreviewServer()
    before = _descriptors()
    with pytest.raises(InputError) as raised:
        _started(fresh)
    assert (raised.value.code, raised.value.status) == ("preview_unavailable", 503)
    assert _descriptors() == before
    assert fresh._process is None
    monkeypatch.undo()
    try:
        assert _started(fresh).poll() is None
    finally:
        fresh.stop()


def test_a_process_that_hangs_is_killed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "END_SECONDS", 0.1)
    fresh = PreviewServer()
    process = _started(fresh)
    process.send_signal(signal.SIGSTOP)
    fresh.stop()
    assert process.returncode == -signal.SIGKILL


def test_data_that_the_answer_cannot_carry_are_refused_by_name() -> None:
    deep: dict[str, object] = {}
    for _ in range(400):
        deep = {"a": deep}
    for data in (deep, {"a": 10**25}):
        (fault,) = render_preview(ChannelKey.WEBHOOK, {"event": "a.b"}, {}, data=data).faults
        assert fault.code == "template_value"


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_without_fork_previews_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(InputError) as raised:
        render_preview(ChannelKey.SMS, {"body": "x"}, {})
    assert raised.value.code == "preview_unavailable"
