"""Links of a message: which are found, and that replacing them changes nothing else."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.records.templating.engine.links import (
    links_in_html,
    links_in_text,
    replaced_in_html,
    replaced_in_text,
)


def hrefs(source: str) -> list[str]:
    return [link.url for link in links_in_html(source)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('<a href="https://a.example/?x=1&amp;y=2">b</a>', ["https://a.example/?x=1&y=2"]),
        ("<A CLASS=b HREF='mailto:a@b.example' id=c>", ["mailto:a@b.example"]),
        ("<a href=https://a.example/b>c</a>", ["https://a.example/b"]),
        ('<a href = " https://a.example " >', ["https://a.example"]),
        ('<area href="/x"><a title="href=no" href="#y">', ["/x", "#y"]),
        ('<a href="first" href="second">', ["first"]),
        ('<a title=">" href="x">', ["x"]),
        ("<a href>x</a><a>y</a><abbr href='z'><link href='z'><aside href=z>", []),
        ('<!-- <a href="x"> --><style>a{}<a href="x"></style><script>"<a href=\'x\'>"</script>', []),
        ('<a href=""><a href="x"', ["", "x"]),
        ('<a href="javascript:alert(1)">', ["javascript:alert(1)"]),
    ],
)
def test_links_are_found_as_browsers_find_them(source: str, found: list[str]) -> None:
    assert hrefs(source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("See https://a.example/x.", ["https://a.example/x"]),
        ("Shop (https://a.example/x_(y)), or HTTP://B.example!", ["https://a.example/x_(y)", "HTTP://B.example"]),
        ("[https://a.example/?q=a;b]; ftp://c.example a@b.example", ["https://a.example/?q=a;b"]),
        ("<https://a.example>", ["https://a.example"]),
        ("nothing", []),
    ],
)
def test_addresses_in_text_end_where_a_reader_would_end_them(source: str, found: list[str]) -> None:
    assert [link.url for link in links_in_text(source)] == found


def test_only_what_the_function_answers_is_replaced_and_it_is_escaped() -> None:
    source = (
        '<p>a</p><a class=x href="https://a.example/?a=1&amp;b=2">A</a>'
        "<a href=https://b.example>B</a><a href='#c'>C</a>"
    )

    def tracked(url: str) -> str | None:
        return f'https://t.example/?u={url}&"<' if url.startswith("https:") else None

    assert replaced_in_html(source, tracked) == (
        '<p>a</p><a class=x href="https://t.example/?u=https://a.example/?a=1&amp;b=2&amp;&quot;&lt;">A</a>'
        "<a href=\"https://t.example/?u=https://b.example&amp;&quot;&lt;\">B</a><a href='#c'>C</a>"
    )
    assert replaced_in_text("See https://a.example, then.", lambda _: "https://t.example/1") == (
        "See https://t.example/1, then."
    )


PIECES = st.sampled_from(["<a ", "<A\n", 'href="', "href='", "href=", '"', "'", ">", "</a>", "<!--", "-->", "<style>",
                          "</style>", "https://x.example/", " ", "&amp;", "=", "é", "<", "title=", "/"])  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_replacing_nothing_changes_nothing_and_replacing_all_is_found_again(source: str) -> None:
    assert replaced_in_html(source, lambda _: None) == source
    assert replaced_in_text(source, lambda _: None) == source
    new = "https://t.example/?a=1&b=2"
    assert set(hrefs(replaced_in_html(source, lambda _: new))) <= {new}


@pytest.mark.parametrize(
    "source",
    ["<a " * 90_000, "<a href=" * 30_000, '<a href="' * 30_000, "<!--" * 60_000, "<a href='x" * 25_000, "<a/" * 80_000,
     "<style>" * 40_000, "<a " + "href =" * 40_000, "<a " + " " * 250_000 + "x", "<a " + " " * 250_000 + ">",
     "<a b" + " " * 250_000 + ">",
     "https://" + ")" * 250_000],
)  # fmt: skip
def test_hostile_html_is_read_in_linear_time(source: str) -> None:
    started = time.process_time()
    list(links_in_html(source))
    list(links_in_text(source))
    assert time.process_time() - started < 0.5
