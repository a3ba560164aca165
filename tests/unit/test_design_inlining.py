"""CSS written into tags, with nothing else changed: whatever stands in a template, it stands there afterwards."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.records.templating.design.inlining import inlined
from clarion.records.templating.design.pieces import Kind, cut
from clarion.records.templating.engine.errors import TemplateError

JINJA = st.sampled_from(
    [
        "{{ name }}",
        '{{ brand.color or "#fff" }}',
        "{{ '<td class=\"a\">' }}",
        "{{ a > b }}",
        "{{ '</style>' }}",
        '{{ "it\'s" }}',
        "{% if a < b %}",
        "{% else %}",
        "{% endif %}",
        "{% for x in xs %}",
        "{% endfor %}",
        "{% set y = '}' %}",
        "{% raw %}{{ raw }}{% endraw %}",
    ]
)
MARKUP = st.sampled_from(
    [
        "<table>", "<tr>", "<td class='a'>", '<td class="a b" style="', '">', "</td>", "</tr>", "</table>",
        "<p class=a>", "</p>", "<br class='a'/>", '<a class="a" href="', "<!--", "-->", "<!--[if mso]>",
        "<![endif]-->", "<style>", ".b{", "}", "</style>",
        "<title>", "</title>", "<img class=b style='", "'>", "\n", " ", "\ue000", "&amp;", "<", ">",
    ]
)  # fmt: skip
SHEET = '.a{color:red;font-family:"Segoe UI",x}.b{padding:0 {{ pad }}px}'
_OURS = re.compile(r"""(?: style="|(?<=style=")|(?<=style='))(?:color:red|padding:0 )[^;]*?""")


def inline(source: str, sheet: str = SHEET) -> str:
    return inlined(cut(source), cut(sheet))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(MARKUP, JINJA, st.text(max_size=6)), max_size=25).map("".join))
def test_every_piece_of_jinja_and_every_text_is_there_afterwards_in_the_same_order(source: str) -> None:
    try:
        pieces = cut(source)
    except TemplateError:
        return
    made = inline(source)
    at = 0
    for piece in pieces:
        if piece.kind is not Kind.TEXT:
            at = made.index(piece.text, at) + len(piece.text)
    assert made.count("\n") == "".join(piece.text for piece in pieces).count("\n")
    assert without_additions(made) == without_additions("".join(piece.text for piece in pieces))


def without_additions(html: str) -> str:
    """The source without what inlining may add: our declarations, and a style attribute that holds nothing else."""
    for own in (
        "color:red;font-family:'Segoe UI',x",
        "color:red;font-family:&#39;Segoe UI&#39;,x",
        "padding:0 {{ pad }}px",
    ):
        html = html.replace(own, "")
    html = re.sub(r""" style="[; ]*"(?=[ >/'=a-z])""", "", html)
    return re.sub(r"""(style\s*=\s*["'])[; ]+""", r"\1", html)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_at_all_comes_back_as_it_was_where_there_is_no_rule(source: str) -> None:
    try:
        pieces = cut(source)
    except TemplateError:
        return
    assert inlined(pieces, []) == "".join(piece.text for piece in pieces)


def test_rules_are_written_into_their_tags_before_what_stands_there() -> None:
    made = inline('<p class="b a" style="color:blue">x</p><p class=\'a\' style=\'x:"y"\'>y</p><p>z</p>')
    assert made == (
        """<p class="b a" style="color:red;font-family:'Segoe UI',x;padding:0 {{ pad }}px;color:blue">x</p>"""
        """<p class='a' style='color:red;font-family:&#39;Segoe UI&#39;,x;x:"y"'>y</p><p>z</p>"""
    )


def test_jinja_between_rows_and_attributes_stays_where_it_is() -> None:
    row = '<tr><td {% if x.big %}class="a"{% endif %} id="{{ x.id }}">{{ x }}</td></tr>'
    source = "<table>{% for x in xs %}" + row + "{% endfor %}</table>"
    made = inline(source, ".a{color:red}td{margin:0}")
    assert made == source.replace("<td ", '<td style="margin:0;color:red" ')


def test_a_style_that_stays_is_kept_and_its_rules_are_written_in_as_well() -> None:
    made = inline("<style>.mine{color:blue}@media print{.mine{color:red}}</style><p class='mine'>x</p>", "")
    assert made == (
        "<style>.mine{color:blue}@media print{.mine{color:red}}</style><p style=\"color:blue\" class='mine'>x</p>"
    )


@pytest.mark.parametrize(
    "style",
    [
        "<style>{% if dark %}.mine{color:blue}{% endif %}</style>",
        '<style data-css-inline="ignore">.mine{color:blue}</style>',
    ],
)
def test_a_style_that_is_for_the_head_alone_or_depends_on_a_condition_is_left(style: str) -> None:
    assert inline(f"{style}<p class='mine'>x</p>", "") == f"{style}<p class='mine'>x</p>"


@pytest.mark.parametrize(
    "loading",
    [
        '<link rel="stylesheet" href="{url}">',
        "<style>@import url('{url}');</style>",
        '<base href="file:///"><link rel="stylesheet" href="{path}">',
        "<LINK REL=stylesheet HREF={path}>",
    ],
)
def test_no_sheet_is_read_from_anywhere(loading: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary.css"
    canary.write_text("p{color:canary}")
    source = f"{loading.format(url=canary.as_uri(), path=canary)}<p>x</p>"
    assert inline(source, "") == source


def test_css_that_is_no_css_harms_nothing() -> None:
    source = "<style>}}} .a{ color: ; @media { p{ { {</style><p class='a'>x</p>"
    assert "<p" in inline(source, "")
    assert inlined(cut("<p>x</p>"), cut("p{")) == "<p>x</p>"
