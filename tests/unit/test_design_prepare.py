"""What layouts and partials become when a template is saved."""

import contextlib
import time

import pytest

from clarion.contract.channel import ChannelKey
from clarion.records.brand.values import Brand
from clarion.records.templating.design import prepare, prepare_mapped
from clarion.records.templating.design.library import layouts, partials
from clarion.records.templating.design.words import WORDS
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode

EMAIL, SMS = ChannelKey.EMAIL, ChannelKey.SMS
BRAND = Brand(name="Shop", color="#3f51b5", address="1 Street\nTown", support_email="help@example.com")
CONTEXT = {"app_name": "Shop", "app_url": "https://shop.example", "brand": BRAND.as_context(), "locale": "en"}
DOCUMENTS_EXAMPLE = """{% extends "base_email_template.html" %}

{% block extra_styles %}
<style>
  .custom-theme { background-color: #123456; }
</style>
{% endblock %}

{% block content %}
<h2 class="custom-theme">{{ custom_title }}</h2>
<p>{{ custom_message }}</p>
{% endblock %}
"""


def html_of(source: str, context: dict[str, object] | None = None, **how: str) -> str:
    fields = prepare(EMAIL, {"subject": "Hi", "html": source}, **how)
    return compile_content(EMAIL, fields).render({**CONTEXT, **(context or {})})["html"]


def content(body: str, call: str = '"base" with lang="en"') -> str:
    return f"{{% extends {call} %}}{{% block content %}}{body}{{% endblock %}}"


def refused(source: str, field: str = "html") -> TemplateError:
    given = {"subject": "Hi", "text": "x", field: source}
    with pytest.raises(TemplateError) as caught:
        prepare(EMAIL, given)
    return caught.value


@pytest.mark.parametrize(
    "source", ["<p class='x'>{{ name }}</p><style>.x{color:red}</style>\r\n", "{% block x %}", "", "{{"]
)
def test_a_source_that_uses_nothing_of_ours_comes_back_byte_for_byte(source: str) -> None:
    fields = {"subject": " {{ a }}", "html": source, "unknown": "{% include"}
    assert prepare(EMAIL, fields) == fields


def test_the_documents_own_example_extends_the_base_as_it_stands() -> None:
    html = html_of(DOCUMENTS_EXAMPLE, {"custom_title": "A & B", "custom_message": "Hello"})
    assert html.startswith("<!doctype html>")
    assert '<h2 style="' in html
    assert "background-color:#123456" in html
    assert "A &amp; B</h2>" in html
    assert "<p" in html
    assert "Hello</p>" in html
    assert html.rstrip().endswith("</html>")


def test_blocks_that_are_not_filled_leave_nothing_behind() -> None:
    html = html_of(content("x"))
    assert "<h1" not in html
    assert "cl-hero" not in html.partition("</head>")[2]
    assert "<h1" in html_of(content("x") + "{% block heading %}Hi{% endblock %}")


def test_a_block_may_keep_what_the_layout_has_in_it() -> None:
    html = html_of(content("x") + "{% block why %}Indeed: {{ super() }}{% endblock %}")
    assert "Indeed: This is a message about your account with Shop." in html


def test_what_is_set_outside_of_the_blocks_holds_in_all_of_them() -> None:
    source = '{% extends "base" %}{% set n = name|upper %}{% block heading %}{{ n }}{% endblock %}'
    html = html_of(source + "{% block content %}<i>{{ n }}</i>{% endblock %}", {"name": "ann"})
    assert html.count("ANN") == 2


def test_partials_take_arguments_and_keep_them_to_themselves() -> None:
    body = '{% include "button" with label="Go, " ~ name, url=links[0] %}[{{ label }}{{ url }}]'
    html = html_of(content(body), {"name": "<Ann>", "links": ["https://x.example/?a=1&b=2"]})
    assert ">Go, &lt;Ann&gt;</a>" in html
    assert 'href="https://x.example/?a=1&amp;b=2"' in html
    assert "[]" in html


def test_a_partial_does_not_take_for_its_parameter_what_the_caller_happens_to_have() -> None:
    html = html_of(content('{% include "alert_box" with text="T" %}'), {"title": "leaked", "text": "leaked"})
    assert "leaked" not in html


def test_partials_of_text_serve_every_channel() -> None:
    made = prepare(SMS, {"body": 'On {% include "day" with value=day %}: {% include "money" with amount=sum %}'})
    context = {"day": "2023-12-05", "sum": 99.99, "currency": "EUR", "locale": "fr"}
    assert compile_content(SMS, made).render(context)["body"] == "On 5 décembre 2023: 99,99\xa0€"
    told = {"day": "next week", "sum": "$99.99", "locale": "fr"}
    assert compile_content(SMS, made).render(told)["body"] == "On next week: $99.99"


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ('\n{% extends "nope" %}', 2, "no layout named 'nope'; there is: base"),
        ('{% extends "base" %}\n\n{% block nope %}{% endblock %}', 3, "no block named 'nope'"),
        ('{% extends "base" %}\n{% block content %}{% include "nope" %}{% endblock %}', 2, "no partial named 'nope'"),
        ('{% extends "base" %}\n\n   stray words', 3, "outside of the blocks"),
        ('{% extends "base" %}{% block content %}\n{% block why %}{% endblock %}', 2, "cannot stand in another"),
        ('{% extends "base" %}\n{% block content %}', 2, "no {% endblock %}"),
        ('{% extends "base" %}{% block why %}{% endblock %}\n{% block why %}{% endblock %}', 2, "there twice"),
        ('{% extends "base" %}{% block content %}\n\n{{ x|safe }}{% endblock %}', 3, "'safe' is not allowed"),
        ('{% extends "base" %}{% block content %}\n{% if x %}{% endblock %}', 2, "Unexpected end of template"),
        ('{% extends "base" %}{% block content %}\n\n{{ x.y. }}{% endblock %}', 3, "expected name or number"),
        ('{% extends "base" %}\n{% block content %}\n{{ x }\n{% endblock %}', 3, ""),
        ('{% extends "base" with lang=locale %}', 1, "takes nothing but lang"),
        ('{% extends "base" with lang="en", theme="x" %}', 1, "takes nothing but lang"),
        ("{% extends base %}", 1, "in quotes"),
        ('<p>\n{% include "button" with label="x" %}', 2, "'button' needs url"),
        ('<p>\n{% include "button" with label="x", url=u, size=3 %}', 2, "no parameter 'size'; it has: label, url"),
        ('<p>\n{% include "button" with label="x", label="y" %}', 2, "each argument once"),
        ('<p>\n{% include "button" with label %}', 2, "name=value"),
        ('<p>\n{% include "button" label="x" %}', 2, "with name=value"),
        ('<p>\n{% include "../../secrets" %}', 2, "no partial named '../../secrets'"),
        ('{% include "alert_box" with text=theme.nope %}\n{{ theme.nope }}', 2, "there is no theme.nope"),
        ('{% block content %}{% endblock %}\n{% include "money" with amount=1 %}', 1, "stands where it cannot"),
    ],
)
def test_what_is_wrong_is_told_with_the_line_of_the_source(source: str, line: int, words: str) -> None:
    error = refused(source)
    assert (error.field, error.line) == ("html", line)
    assert words in error.message


def test_a_layout_is_no_text() -> None:
    assert "for the html of an email" in refused('{% extends "base" %}', "text").message
    assert "is HTML" in refused('{% include "header" %}', "text").message


def test_the_lines_of_the_source_are_known_in_what_was_made_of_it() -> None:
    source = '{% extends "base" %}\n{% block content %}\n<p>\none {{ a }}</p>\n{% endblock %}'
    made = prepare_mapped(EMAIL, {"subject": "Hi", "html": source})
    lines = made.fields["html"].splitlines()
    at = next(number for number, line in enumerate(lines, 1) if line.startswith("one {{ a }}"))
    assert made.source_line("html", at) == 4
    assert made.source_line("html", 1) == 0
    assert made.source_line("subject", 1) == 1


def test_the_theme_is_written_in_and_without_one_it_is_the_brands() -> None:
    body = content('{% include "button" with label="Go", url="https://x.example" %}')
    assert 'bgcolor="#F44336"' in html_of(body, theme="#F44336")
    made = prepare(EMAIL, {"subject": "Hi", "html": body})["html"]
    assert 'bgcolor="{{ brand.color }}"' in made
    assert 'bgcolor="#3f51b5"' in html_of(body)
    assert "{{ theme" not in made


@pytest.mark.parametrize(
    ("call", "locale", "recipient", "code", "direction", "word"),
    [
        ('"base" with lang="fr"', "", "en", "fr", "ltr", "Prix"),
        ('"base"', "fr-CA", "en", "fr-CA", "ltr", "Prix"),
        ('"base" with lang="en"', "fr", "fr", "en", "ltr", "Price"),
        ('"base"', "ar", "en", "ar", "rtl", "السعر"),
        ('"base"', "", "ar-EG", "ar-EG", "rtl", "Price"),
        ('"base"', "", "sw-KE", "sw-KE", "ltr", "Price"),
        ('"base"', "xx", "en", "xx", "ltr", "Price"),
    ],
)
def test_language_and_direction_follow_the_call_then_the_content_then_the_recipient(
    call: str, locale: str, recipient: str, code: str, direction: str, word: str
) -> None:
    body = content('{% include "order_table" with items=[{"name": "Mug", "price": 1}] %}', call)
    html = html_of(body, {"locale": recipient}, locale=locale)
    assert f'<html lang="{code}" dir="{direction}"' in html
    assert f">{word}</th>" in html
    assert f'align="{"left" if direction == "rtl" else "right"}"' in html


def test_unsubscribe_and_preferences_are_linked_where_they_exist() -> None:
    assert "unsubscribe" not in html_of(content("x")).lower()
    html = html_of(content("x"), {"unsubscribe_url": "https://x.example/u", "preferences_url": "https://x.example/p"})
    assert 'href="https://x.example/u">Unsubscribe</a>' in html
    assert 'href="https://x.example/p">Notification settings</a>' in html


def test_the_footer_says_who_writes_and_where_to_ask() -> None:
    html = html_of(content("x"))
    for words in ("Shop</strong><br>1 Street<br>Town", 'href="mailto:help@example.com"', "Questions?"):
        assert words in html


def test_a_logo_has_its_text() -> None:
    brand = Brand(name="Shop", logo_url="https://x.example/logo.png", color="#3f51b5").as_context()
    assert 'src="https://x.example/logo.png" alt="Shop"' in html_of(content("x"), {"brand": brand})


def test_the_layout_works_where_style_sheets_do_not() -> None:
    html = html_of(content('{% include "button" with label="Go", url="https://x.example" %}'), theme="#4CAF50")
    head, _, body = html.partition("</head>")
    assert "<!--[if mso]>" in body
    assert 'width="600"' in body
    assert "mso-padding-alt" in body
    assert "prefers-color-scheme:dark" in head
    assert "[data-ogsc]" in head
    assert 'name="color-scheme" content="light dark"' in head
    assert 'class="cl-button-link' in body
    assert "display:inline-block;padding:13px 28px" in body


def test_a_text_alternative_is_made_where_none_is_written() -> None:
    source = content(
        '<p>Hi <b>{{ name }}</b> &amp; co</p>{% if url %}\n<a href="{{ url }}">Look</a>\n{% endif %}'
        '{% include "button" with label="Go", url=url %}<ul>{% for x in xs %}<li>{{ x }}</li>{% endfor %}</ul>'
    )
    made = prepare(EMAIL, {"subject": "Hi", "html": source + "{% block heading %}Big{% endblock %}"})
    text = compile_content(EMAIL, made).render({**CONTEXT, "name": "<A>", "url": "https://x.example", "xs": [1, 2]})[
        "text"
    ]
    assert text.startswith("Big\n\nHi <A> & co\n\n")
    assert "Look (https://x.example)" in text
    assert "Go: https://x.example\n" in text
    assert "- 1\n- 2" in text
    assert text.rstrip().endswith("Shop\n1 Street\nTown")


def test_a_text_that_is_written_is_kept_and_one_that_would_be_wrong_is_not_made() -> None:
    assert prepare(EMAIL, {"subject": "Hi", "html": content("x"), "text": "own"})["text"] == "own"
    assert "text" not in prepare(EMAIL, {"subject": "Hi", "html": content("&#123;{ x }}")})


def test_what_grows_too_large_is_refused() -> None:
    many = '{% include "tracking_box" with number=1 %}' * 190
    assert refused(content(many)).code is TemplateErrorCode.TOO_LARGE
    assert "too many partials" in refused(content('{% include "day" with value=1 %}' * 201)).message
    assert refused(content("x" * 100_001)).code is TemplateErrorCode.TOO_LARGE
    assert "3000 tags" in refused(content("<b>" * 6000)).message


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 2_900,
        "<style>" + "a b c d e f g " * 1_100 + "{color:red}</style>" + "<a><b><c>" * 900,
        "<style>" + ".x{color:red}" * 1_200 + "</style>" + '<b class="x">' * 2_800,
        "<" * 90_000,
        '<a "' * 20_000,
        "<!--" * 20_000,
        "<style>" * 2_500,
        "{{ x }}" * 12_000,
        "&" * 90_000,
    ],
    ids=["deep", "selectors", "rules", "brackets", "quotes", "comments", "styles", "expressions", "ampersands"],
)
def test_preparing_hostile_markup_ends_soon(body: str) -> None:
    began = time.process_time()
    with contextlib.suppress(TemplateError):
        prepare(EMAIL, {"subject": "Hi", "html": content(body)})
    assert time.process_time() - began < 2.0


def test_every_language_has_every_word_and_every_word_is_used() -> None:
    places = (*partials().values(), *layouts().values())
    pieces = [piece for place in places for form in (place.html, place.text) for piece in form or ()]
    used = {piece.inside.removeprefix("word.") for piece in pieces if piece.inside.startswith("word.")}
    assert {frozenset(words) for words in WORDS.values()} == {frozenset(used)}
    assert all(said.strip() for words in WORDS.values() for said in words.values())
