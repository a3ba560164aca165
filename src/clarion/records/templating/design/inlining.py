"""CSS rules written into the tags they are for, since many mail programs read no style sheet.

css-inline finds out which rules are for which tag, on a skeleton of the mail; only the styles it found are taken over.
So nothing that a person wrote is read and written again: Jinja, odd markup and line breaks stay as they are. Rules that
a style attribute cannot hold (media queries, `:hover`) need their `<style>`, which stays where it is.
"""

import re
from collections.abc import Sequence

import css_inline

from clarion.records.templating.design.nesting import MOST_TAGS, MOST_UNCLOSED, count_starts, most_unclosed
from clarion.records.templating.design.pieces import Kind, Piece
from clarion.records.templating.design.sealing import Sealed, seal
from clarion.records.templating.design.tags import Tag, start_tags
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode

MOST_CSS = 24_000
KEPT = 'data-css-inline="ignore"'
"""What a `<style>` says whose rules are for the head alone."""
_NUMBER = "data-clarion-n"
_STYLE = re.compile(r"""(?i)(\sstyle\s*=\s*)(["'])""")
_NUMBERED = re.compile(rf'\s{_NUMBER}="([0-9]+)"')
_FOUND = re.compile(r'\sstyle="([^"]*)"')
_NO_ANGLES = str.maketrans("<>", "  ")
_SILENT = frozenset({"link", "base", "script"})
"""Elements that css-inline must not see: it would follow the address in them."""


def inlined(pieces: Sequence[Piece], sheet: Sequence[Piece]) -> str:
    """The HTML with the rules of `sheet`, and of its own `<style>` elements, written into the tags; line breaks are
    where they were. Raises TemplateError when it is too large or its CSS cannot be read."""
    sealed = seal(pieces, sheet)
    html, css = sealed.texts
    tags = list(start_tags(html))
    own = [
        html[tag.end : tag.inside_end] for tag in tags if tag.name == "style" and KEPT not in html[tag.start : tag.end]
    ]
    css = "\n".join([css, *(rules for rules in own if not _is_conditional(rules, sealed))])
    if len(tags) > MOST_TAGS or len(css) > MOST_CSS:
        message = f"an email may have {MOST_TAGS} tags and {MOST_CSS} characters of CSS"
        raise TemplateError(TemplateErrorCode.TOO_LARGE, message)
    skeleton = _skeleton(html, tags, sealed)
    _refuse_wild(skeleton)
    return sealed.opened(_styled(html, tags, _styles(skeleton, css)))


_ANY_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")


def _refuse_wild(skeleton: str) -> None:
    """What would cost the inliner its stack, or gigabytes. All its tags are ours: no quote of it holds an angle."""
    if count_starts(skeleton) > MOST_TAGS:
        raise TemplateError(TemplateErrorCode.TOO_LARGE, f"an email may have {MOST_TAGS} tags")
    if most_unclosed((found[2].lower(), bool(found[1])) for found in _ANY_TAG.finditer(skeleton)) > MOST_UNCLOSED:
        message = f"more than {MOST_UNCLOSED} elements such as <b> and <a> are not closed: close each before its block"
        raise TemplateError(TemplateErrorCode.TOO_LARGE, message)


def _is_conditional(rules: str, sealed: Sealed) -> bool:
    """Whether an `if` or a loop decides about the rules: that is not known when the template is saved."""
    return any(sealed.piece(found).kind is Kind.STATEMENT for found in sealed.seal.finditer(rules))


def _skeleton(html: str, tags: Sequence[Tag], sealed: Sealed) -> str:
    """The tags alone, numbered, without their styles; of the text only whether there is any."""
    parts: list[str] = []
    at = 0
    for number, tag in enumerate(tags):
        parts.append(_between(html[at : tag.start]))
        attributes = _outside_quotes(html[tag.name_end : tag.end - 1], sealed)
        name = "wbr" if tag.name in _SILENT else tag.name
        parts.append(f'<{name} {_NUMBER}="{number}"{attributes}>')
        at = tag.inside_end
    return "".join(parts) + _between(html[at:])


_BETWEEN = re.compile(r"<!--.*?(?:-->|\Z)|(</[a-zA-Z][^>]*>)|(<!doctype[^>]*>)", re.DOTALL | re.IGNORECASE)


def _between(text: str) -> str:
    """The end tags between two start tags."""
    return "".join(found[1] or found[2] or "" for found in _BETWEEN.finditer(text)) or ("x" if text.strip() else "")


def _outside_quotes(attributes: str, sealed: Sealed) -> str:
    """The attributes without style, without the statements that stand between them, and without angles in their values:
    a reader of HTML that takes a stray quote for no quote would find tags there."""
    either = re.compile(rf"""(?i)\sstyle\s*=\s*(?:"[^"]*"|'[^']*')|("[^"]*"|'[^']*')|{sealed.seal.pattern}""")
    return either.sub(lambda found: (found[1] or " ").translate(_NO_ANGLES), attributes)


def _styles(skeleton: str, css: str) -> dict[int, str]:
    """Number of a tag → the declarations for it, escaped for double quotes."""
    inliner = css_inline.CSSInliner(
        inline_style_tags=False, load_remote_stylesheets=False, minify_css=True, extra_css=css, keep_link_tags=True
    )
    try:
        done = inliner.inline(skeleton)
    except (css_inline.InlineError, ValueError) as error:
        raise TemplateError(TemplateErrorCode.SYNTAX, f"the CSS cannot be read: {error}"[:300]) from None
    found: dict[int, str] = {}
    for tag in start_tags(done):
        words = done[tag.name_end : tag.end]
        number, style = _NUMBERED.search(words), _FOUND.search(words)
        if number and style:
            found[int(number[1])] = style[1]
    return found


def _styled(html: str, tags: Sequence[Tag], styles: dict[int, str]) -> str:
    parts: list[str] = []
    at = 0
    for number, tag in enumerate(tags):
        if number in styles:
            parts += [html[at : tag.name_end], _with_style(html[tag.name_end : tag.end], styles[number])]
            at = tag.end
    return "".join(parts) + html[at:]


def _with_style(attributes: str, style: str) -> str:
    """The rest of a tag with the declarations in front of its own, which so prevail."""
    done, count = _STYLE.subn(lambda found: found[0] + _for_quote(style, found[2]) + ";", attributes)
    return done if count else f' style="{style}"{attributes}'


def _for_quote(style: str, quote: str) -> str:
    return style.replace("'", "&#39;") if quote == "'" else style
