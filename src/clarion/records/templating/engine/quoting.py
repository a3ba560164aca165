"""Where values may stand in HTML: in text and inside quoted attributes, nowhere else.

Escaping makes `<` harmless in text, but `<a href={{ url }}>` or `<{{ tag }}>` would let a value add attributes or tags.
"""

import re
from dataclasses import dataclass, replace

from jinja2 import nodes

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode

_TAG = re.compile(r"<(?:!--|/?([a-zA-Z][a-zA-Z0-9]*)|[!?])")
MAX_ATTRIBUTE = 100
_NAME_BEFORE = re.compile(r"([a-zA-Z:-]+)\s*=\s*\Z")
# what is written there is run, or is a document of its own: escaping does not help
_RUNS = re.compile(r"on[a-z]+|srcdoc")
_IN_TAG = re.compile("[\"'>]")
_RAW = frozenset({"script", "style", "title", "textarea"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """`ends` is what ends the present stretch: "" in text, ">" in a tag, a quote, "-->" or "</script". `attribute` is
    the name before the quote."""

    ends: str = ""
    tag: str = ""
    attribute: str = ""
    after_bracket: bool = False


STYLE = "style value"
"""The filter of values in styles. It has a blank in its name, so no template can write it."""
_NO_STYLE = re.compile(r"[;:{}\\\\/@<>\"'\x00-\x1f]")


def style_value(value: object) -> str:
    """A colour, a size, a word; empty for what could end its declaration or fetch something."""
    text = str(value)
    return "" if _NO_STYLE.search(text) else text


def check_quoting(tree: nodes.Template) -> None:
    """Raise TemplateError where a value stands in a tag outside quotes, right after `<`, or in a script. Values in
    styles are put through `style_value`."""
    _block(tree.body, _Place())


def _block(body: list[nodes.Node], place: _Place) -> _Place:
    for node in body:
        if isinstance(node, nodes.Output):
            place = _output(node, place)
        elif isinstance(node, nodes.If):
            # Each branch starts where the `if` stands; well-formed mails leave all branches at the same place.
            after = _block(node.body, place)
            for branch in node.elif_:
                _block(branch.body, place)
            _block(node.else_, place)
            place = after
        elif isinstance(node, nodes.For):
            _block(node.else_, place)
            place = _block(node.body, place)
        elif isinstance(node, nodes.With):
            place = _block(node.body, place)
        elif isinstance(node, nodes.AssignBlock):
            _block(node.body, _Place())
    return place


def _output(node: nodes.Output, place: _Place) -> _Place:
    for at, child in enumerate(node.nodes):
        if isinstance(child, nodes.TemplateData):
            place = _text(child.data, place)
            continue
        place = _value(child, place)
        if place.attribute == "style" or place.ends == "</style":
            node.nodes[at] = nodes.Filter(child, STYLE, [], [], None, None, lineno=child.lineno)
    return place


def _value(node: nodes.Expr, place: _Place) -> _Place:
    if isinstance(node, nodes.Const) and isinstance(node.value, str | int):
        return place
    reason = ""
    if place.ends == ">":
        reason = 'put quotes around the attribute: name="{{ … }}"'
    elif place.after_bracket:
        reason = "a value cannot be the name of a tag: put a blank after <"
    elif place.ends == "</script" or (place.ends in ("'", '"') and _RUNS.fullmatch(place.attribute)):
        reason = "a value cannot stand in a script"
    if reason:
        name = node.find(nodes.Name) if not isinstance(node, nodes.Name) else node
        near = name.name if name is not None else ""
        raise TemplateError(TemplateErrorCode.FORBIDDEN, reason, line=node.lineno, near=near)
    return place


def _text(data: str, place: _Place) -> _Place:
    at = 0
    while at < len(data):
        if place.ends == "":
            found = _TAG.search(data, at)
            if not found:
                break
            place = _opened(found)
            at = found.end() - (2 if place.ends == "-->" else 0)  # `<!-->` is a whole comment
        elif place.ends == ">":
            found = _IN_TAG.search(data, at)
            if not found:
                break
            at = found.end()
            if found.group() == ">":
                place = _closed(place.tag)
            else:
                name = _NAME_BEFORE.search(data, max(at - 1 - MAX_ATTRIBUTE, 0), at - 1)
                place = replace(place, ends=found.group(), attribute=name[1].lower() if name else "")
        else:
            start = data.lower().find(place.ends, at) if place.ends.startswith("</") else data.find(place.ends, at)
            if start < 0:
                break
            at = start + len(place.ends)
            in_quote = place.ends in "\"'"
            place = replace(place, ends=">") if in_quote else _Place(ends=">" if place.ends[0] == "<" else "")
    bracket = place.ends == "" and data.endswith(("<", "</"))
    return replace(place, after_bracket=bracket) if data else place


def _opened(found: "re.Match[str]") -> _Place:
    if found.group() == "<!--":
        return _Place(ends="-->")
    closing = found.group().startswith("</")
    return _Place(ends=">", tag="" if closing else (found.group(1) or "").lower())


def _closed(tag: str) -> _Place:
    return _Place(ends="</" + tag if tag in _RAW else "")
