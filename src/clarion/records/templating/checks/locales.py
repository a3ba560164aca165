"""Translations: missing, left in the default's language, left behind, or with other variables."""

import re
from collections.abc import Iterator

from babel import Locale, UnknownLocaleError

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.declared import place_of
from clarion.records.templating.checks.finding import Finding, finding
from clarion.records.templating.checks.tags import MASK, masked, read_tags, visible
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.variables import used_variables
from clarion.records.templating.locales import chain

# no words in them: an address, a key, the name of an event
_WORDLESS = frozenset({"link", "image", "collapse", "event"})
_WORD = re.compile(r"[^\W\d_]{3,}")
_LITERAL = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")


def check_locales(case: Case) -> Iterator[Finding]:
    """Every channel's translations against its default."""
    content = case.draft.content
    everywhere = {locale for key, locales in content.items() if key != ChannelKey.WEBHOOK for locale in locales}
    wanted = sorted((everywhere | set(case.draft.locales)) - {""})
    for key, locales in content.items():
        if locales and "" not in locales:
            yield finding(Code.LOCALE_NO_DEFAULT, channel=key)
        for locale in wanted if key != ChannelKey.WEBHOOK else ():
            if not any(each in locales for each in chain(locale)[:-1]):
                yield finding(Code.LOCALE_MISSING, f"{key} has no content in {locale}", channel=key, locale=locale)
    for piece in case.pieces:
        if piece.locale:
            yield from _piece(case, piece)


def _piece(case: Case, piece: Piece) -> Iterator[Finding]:
    if not _exists(piece.locale):
        yield piece.say(Code.LOCALE_UNKNOWN, f"there is no locale {piece.locale[:20]!r}")
        return
    default = case.draft.content[piece.channel].get("", {})
    for name, source in default.items():
        own = piece.source.get(name)
        if own is None:
            if source.strip() and name not in _WORDLESS and has_words(source):
                yield piece.say(Code.LOCALE_FIELD_MISSING, f"{name} is not translated into {piece.locale}", field=name)
            continue
        if own == source and name not in _WORDLESS and has_words(source):
            yield piece.say(Code.LOCALE_UNTRANSLATED, f"{name} says the same as the default", field=name, place=(1, 1))
        elif piece.sound and own and source:
            yield from _variables(piece, name, source, own)
    yield from _stale(case, piece, default)


def _variables(piece: Piece, name: str, source: str, own: str) -> Iterator[Finding]:
    """The variables of the translation against those of the default."""
    prepared = piece.prepared.get(name, own)
    if prepared != own and "{%" in own:
        there, here = _written(source), _written(own)
    else:
        there, here = _used(source), _used(own)
    for path in sorted(there - here):
        yield piece.say(
            Code.LOCALE_VARIABLES_DIFFER,
            f"{path} is in the default and not in {piece.locale}",
            field=name,
            place=(1, 1),
        )
    for path in sorted(here - there):
        yield piece.say(
            Code.LOCALE_VARIABLES_DIFFER,
            f"{path} is in {piece.locale} and not in the default",
            field=name,
            place=place_of(own, path),
        )


def _used(source: str) -> set[str]:
    try:
        return {
            path.replace("[]", "") for path in used_variables(source) if path.partition(".")[0] not in _NOT_COMPARED
        }
    except TemplateError:
        return _written(source)


_NOT_COMPARED = frozenset({"locale", "timezone", "greeting", "loop"})
_PATH = re.compile(r"(?<![\w.'\"|])[a-z_][\w]*(?:\.[a-z_]\w*)*(?![\w(=])")
_KEYWORDS = frozenset(
    [
        "if",
        "else",
        "elif",
        "endif",
        "for",
        "endfor",
        "in",
        "is",
        "not",
        "and",
        "or",
        "set",
        "endset",
        "with",
        "endwith",
        "block",
        "endblock",
        "extends",
        "include",
        "none",
        "true",
        "false",
        "defined",
        "undefined",
        "number",
        "string",
        "mapping",
        "iterable",
    ]
)


def _written(source: str) -> set[str]:
    """The names in the tags of a source that only the design can read (it extends a layout)."""
    found: set[str] = set()
    for tag in re.findall(r"\{\{(.*?)\}\}|\{%(.*?)%\}", source, re.DOTALL):
        bare = _LITERAL.sub("", "".join(tag))
        bare = re.sub(r"\|\s*\w+", "", bare)
        if not re.match(r"-?\s*(block|endblock|extends)\b", bare):
            found |= {name for name in _PATH.findall(bare) if name not in _KEYWORDS}
    return {name for name in found if name.partition(".")[0] not in _NOT_COMPARED}


def has_words(source: str) -> bool:
    """Whether there is something to translate: words outside of tags, or in the quotes of an expression."""
    plain = masked(source)
    texts = " ".join(tag.text for tag in read_tags(plain) if tag.text).replace(MASK, " ")
    return bool(_WORD.search(visible(texts)))


def _stale(case: Case, piece: Piece, default: dict[str, str] | object) -> Iterator[Finding]:
    before = case.previous.get(piece.channel, {})
    old_default, old_own = before.get("", {}), before.get(piece.locale)
    if old_own is None or not isinstance(default, dict) or piece.locale in getattr(case.draft, "reviewed", ()):
        return
    for name in (spec.name for spec in channel_of(piece.channel).fields):
        own, changed = piece.source.get(name), default.get(name) != old_default.get(name)
        if changed and own is not None and own == old_own.get(name) and has_words(own):
            message = f"the default of {name} was changed, {piece.locale} was not"
            yield piece.say(Code.LOCALE_STALE, message, field=name, place=(1, 1))


def _exists(locale: str) -> bool:
    try:
        Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return False
    return True
