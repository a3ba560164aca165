"""Texts with placeholders, each value written so that it cannot break out of the place it stands in.

Pure. `{to}` in a JSON body becomes a JSON string with its quotes, in a form or a URL it is percent-encoded, in XML its
angle brackets are escaped; other braces stay as they are, so that JSON can be written as JSON.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import msgspec

from clarion.contract.faults import Misconfigured

PLACES = frozenset(
    {"to", "to_digits", "text", "id", "from", "username", "password", "callback", "encoding", "segments"}
)
_PLACE = re.compile(r"\{([a-z_]+)\}")
# What XML 1.0 cannot hold at all, not even escaped.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAKS = re.compile(r"[\r\n\0]")


class Form(StrEnum):
    """How values are written into a text."""

    JSON = "json"
    FORM = "form"
    XML = "xml"
    URL = "url"
    HEADER = "header"


def _json(value: str) -> str:
    return msgspec.json.encode(value).decode()


def _xml(value: str) -> str:
    return escape(_NOT_XML.sub("", value), {'"': "&quot;", "'": "&apos;"})


def _header(value: str) -> str:
    return _BREAKS.sub("", value)


def _url(value: str) -> str:
    return quote(value, safe="")


_WRITERS: Mapping[Form, Callable[[str], str]] = {
    Form.JSON: _json,
    Form.FORM: quote_plus,
    Form.XML: _xml,
    Form.URL: _url,
    Form.HEADER: _header,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text cut at its placeholders: `pieces` are plain texts and names of places in turn, a text first."""

    form: Form
    pieces: tuple[str, ...] = field(repr=False)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with every placeholder written in the template's form."""
        write = _WRITERS[self.form]
        return "".join(write(values[piece]) if place % 2 else piece for place, piece in enumerate(self.pieces))

    @property
    def names(self) -> frozenset[str]:
        """The places it fills."""
        return frozenset(self.pieces[1::2])


def compile_template(text: str, form: Form, *, option: str) -> Template:
    """Cut a text at its placeholders; raises Misconfigured for a name that does not exist."""
    pieces = tuple(_PLACE.split(text))
    unknown = sorted(set(pieces[1::2]) - PLACES)
    if unknown:
        raise Misconfigured(f"httpsms: {option}= has no place {{{unknown[0]}}}; there are {', '.join(sorted(PLACES))}")
    return Template(form=form, pieces=pieces)
