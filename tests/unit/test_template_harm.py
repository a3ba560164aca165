"""Templates that would harm whoever checks, prepares or renders them: what was found to end or stop a process."""

import os
import resource
import time
from dataclasses import replace
from pathlib import Path

import pytest

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.templating import gate
from clarion.records.templating.checks import Code, check
from clarion.records.templating.checks import case as checking
from clarion.records.templating.checks.run import examine
from clarion.records.templating.design import prepare
from clarion.records.templating.design.nesting import MOST_UNCLOSED, is_tame
from clarion.records.templating.draft import Draft
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.files import TemplateFiles, UnreadableFolder, read_folder, write_folder
from clarion.surfaces.cli import lint_output
from clarion.surfaces.cli.lint_report import Checked, Report

MOST_BYTES = 300_000_000
_LOOP = "{{% for x in [s[:200000], 1] %}}{{% if loop.last %}}{{{{ ([loop] * 9000)|{} }}}}{{% endif %}}{{% endfor %}}"


def _mail(html: str) -> TemplateFiles:
    content = {ChannelKey.EMAIL: {"": {"subject": "s", "html": html, "text": "t"}}}
    return TemplateFiles(path="a.b", name="A", category="orders", content=content, sample={"a": 1})


def _text(body: str) -> TemplateFiles:
    return TemplateFiles(path="a.b", name="A", category="orders", content={ChannelKey.SMS: {"": {"body": body}}})


def _code(body: str) -> str:
    with pytest.raises(TemplateError) as raised:
        compile_content(ChannelKey.SMS, {"body": body}).render({})
    return raised.value.code


@pytest.mark.parametrize(
    "part",
    [
        "<div></x>" * 20,
        "<div></p>" * 20,
        "<div><table><td></div>" * 10,
        "<b></x>" * 20,
        "<p><b class=x{{ i }}></p>" * 10,
        "<span><li></span><span><dd></span>" * 5,
    ],
)
def test_elements_in_one_another_that_are_closed_by_the_wrong_tags_end_no_process(part: str) -> None:
    # css-inline dies of a stack overflow at about ten thousand levels; the whole process goes with it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check(_mail("{% for i in range(1000) %}" + part + "{% endfor %}x"))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MOST_BYTES


@pytest.mark.parametrize("start", ["<!-->", "<svg><title>", "<select><title></select>", '<i ">'])
def test_no_beginning_hides_the_elements_that_follow(start: str) -> None:
    check(_mail(start + "<div>" * 15_000))


def test_a_stray_quote_hides_no_elements_from_the_count_when_css_is_inlined() -> None:
    html = '{% extends "base" %}{% block content %}<i ">' + "<div>" * 18_500 + '">x</i>{% endblock %}'
    made = prepare(ChannelKey.EMAIL, {"subject": "s", "html": html})["html"]
    assert '<i ">' in made or '">' + "<div>" in made  # as it was written


def test_formatting_that_is_never_closed_is_refused_before_it_is_copied_into_every_block() -> None:
    partial = '{% include "button" with label="a", url="https://shop.example.org" %}'
    html = partial + "".join(f"<p><b a={at}></p>" for at in range(1000)) + "<p>x" * 900
    began = time.process_time()
    with pytest.raises(TemplateError) as raised:
        prepare(ChannelKey.EMAIL, {"subject": "s", "html": html})
    assert (raised.value.code, raised.value.field) == ("template_too_large", "html")
    assert "are not closed" in raised.value.message
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("html", "tame"),
    [
        ("<p>a <b>b</b></p>" * 500, True),
        ("<!--[if !mso]><!--><b>x</b><!--<![endif]-->", True),
        ('<img alt="a > b">', True),
        ("<b>" * MOST_UNCLOSED, True),
        ("<b>" * (MOST_UNCLOSED + 1), False),
        ("<!-->" + "<b>" * 100, False),
        ("<!--->" + "<b>" * 100, False),
        ("<!-- --!>" + "<b>" * 100, False),
        ("<b><! </b>>" * 100, False),
        ('<b x="</b>">' * 100, False),
        ("<p>" * 3001, False),
        ("<a ", False),
    ],
)
def test_what_is_sure_to_stay_small_is_told_from_what_is_not(html: str, tame: bool) -> None:
    assert is_tame(html) is tame


@pytest.mark.parametrize(
    "body",
    [
        "{{ ([1] * 9000)|map(attribute='x', default=s)|sort|length }}",
        "{{ ([1] * 9000)|map(attribute='x', default=s)|tojson|length }}",
        "{{ ([1] * 9000)|groupby('x', default=s)|length }}",
        _LOOP.format("sort(attribute='previtem')|length"),
        _LOOP.format("unique(attribute='previtem')|length"),
        _LOOP.format("max(attribute='previtem')"),
    ],
)
def test_one_text_in_thousands_of_items_is_not_made_into_thousands_of_texts(body: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert _code("{% set s = 'a' * 262144 %}" + body) == "template_budget"
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MOST_BYTES


def test_filters_that_give_back_little_of_a_long_text_are_timed_each() -> None:
    began = time.process_time()
    body = "{% set s = '<a>' * 87381 %}{% for a in range(1000) %}{{ s|striptags }}{% endfor %}"
    assert _code(body) == "template_timeout"
    assert time.process_time() - began < 2


def test_no_escape_in_a_literal_brings_a_nul_into_a_text() -> None:
    assert _code(r"{{ '\x00' }}") == "template_syntax"
    assert _code(r"{{ ['\u0000'][0] }}") == "template_syntax"


@pytest.mark.parametrize("limit", ["minLength", "maxLength"])
def test_a_schema_that_wants_gigabytes_is_not_given_them(limit: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", limit: 10**12}}}
    draft = replace(_text("hi {{ a }}"), schema=schema, sample={} if limit == "minLength" else {"a": "x"})
    assert Code.TEMPLATE_VALUE not in {each.code for each in check(draft)}


def test_a_schema_whose_references_multiply_is_not_unfolded() -> None:
    again = {name: {"$ref": "#/$defs/x"} for name in "abcdefgh"}
    schema = {"$defs": {"x": {"properties": again}}, "properties": {"q": {"$ref": "#/$defs/x"}}}
    began = time.process_time()
    found = check(replace(_text("hi {{ q.a }}"), schema=schema))
    assert Code.SCHEMA_INVALID in {each.code for each in found}
    assert time.process_time() - began < 2


def test_a_pipe_in_a_folder_of_templates_is_not_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "a.b"
    folder.mkdir()
    (folder / "template.yaml").write_text("name: A\ncategory: orders\n")
    os.mkfifo(folder / "sms.default.txt")
    with pytest.raises(UnreadableFolder, match=r"sms\.default\.txt: it is no file"):
        read_folder(tmp_path)


def test_what_is_written_beside_a_file_follows_no_link(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "all" / "a.b"
    outside.write_text("mine")
    folder.mkdir(parents=True)
    (folder / ".sms.default.txt.new").symlink_to(outside)
    write_folder(tmp_path / "all", [_text("theirs")])
    assert outside.read_text() == "mine"
    assert (folder / "sms.default.txt").read_text() == "theirs\n"


def test_checks_end_when_their_time_is_over_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_SECONDS", 0.0)
    found = [each for each in check(_text("hi")) if each.code is Code.TEMPLATE_TIMEOUT]
    assert found
    assert all("takes too long" in each.message for each in found)
    monkeypatch.setattr(checking, "MOST_SECONDS", 10.0)
    assert check(_text("hi")) == []


def test_reading_all_contents_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = Draft(path="a.b", name="A", category_id=1, content={ChannelKey.SMS: {"": {"body": "hi"}}})
    assert len(gate.reports(draft)) == 1
    monkeypatch.setattr(gate, "MOST_SECONDS", -1.0)
    with pytest.raises(InputError) as raised:
        gate.reports(draft)
    assert raised.value.code == "template_timeout"


def test_lint_writes_no_control_characters_of_a_file_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    draft = replace(_mail("<a href='https://a.example.org/\x1b]52;c;eA==\x07'></a>"), name="A\x1b[2J\x9bm")
    found = examine(draft, marketing=False, sms_price=None)
    lint_output.text(
        Report(
            checked=(Checked(folder=Path(), template=draft, findings=found.findings, sms=found.sms),),
            faults=(),
        )
    )
    written = capsys.readouterr().out
    assert "A\u241b[2J" in written
    assert not any(char in written for char in "\x1b\x07\x9b")


@pytest.mark.parametrize(
    "html", ['<a href="{{ u }}" href="https://x.example.org">x</a>', '<!--><a href="{{ u }}">x</a>']
)
def test_no_link_is_hidden_from_the_look_at_its_scheme(html: str) -> None:
    fields = compile_content(ChannelKey.EMAIL, {"subject": "s", "html": html}).render({"u": "javascript:alert(1)"})
    with pytest.raises(InvalidValue) as raised:
        channel_of(ChannelKey.EMAIL).build(fields, {})
    assert raised.value.field == "html"


def test_a_comment_that_is_over_at_once_hides_no_tag_from_the_look_at_its_quotes() -> None:
    with pytest.raises(TemplateError) as raised:
        compile_content(ChannelKey.EMAIL, {"subject": "s", "html": "<!--><a {{ u }}>x</a>"})
    assert raised.value.code == "template_forbidden"


@pytest.mark.parametrize(
    "value",
    ["red;background:url(https://a.example/x)", "url(//a.example)", "}*{color:red", "expression(a)\\", "</style>"],
)
def test_a_value_in_a_style_can_end_nothing_and_fetch_nothing(value: str) -> None:
    html = '<style>p{color:{{ a }}}</style><p style="color: {{ a }}; margin: 0">{{ a }}</p>'
    compiled = compile_content(ChannelKey.EMAIL, {"subject": "s", "html": html})
    told = compiled.render({"a": value})["html"]
    assert told.startswith('<style>p{color:}</style><p style="color: ; margin: 0">')


@pytest.mark.parametrize("value", ["#4CAF50", "rgb(1, 2, 3)", "12px", "bold Arial, sans-serif"])
def test_colours_sizes_and_words_stand_in_styles(value: str) -> None:
    compiled = compile_content(ChannelKey.EMAIL, {"subject": "s", "html": '<p style="color: {{ a }}">x</p>'})
    assert compiled.render({"a": value})["html"] == f'<p style="color: {value}">x</p>'
