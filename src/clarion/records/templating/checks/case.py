"""A draft taken apart for the checks: each channel and locale with its source and its rendered sample."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.draft import Content, Draft, SmsPrice
from clarion.records.templating.checks.finding import Finding, finding
from clarion.records.templating.checks.places import NOWHERE, Where
from clarion.records.templating.checks.sample import from_schema, guessed, standard
from clarion.records.templating.design import prepare
from clarion.records.templating.engine.compile import CompiledContent, check_fields, compile_content, compile_source
from clarion.records.templating.engine.environment import environment
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.validation import STANDARD_NAMES
from clarion.records.templating.engine.variables import used_variables
from clarion.records.templating.locales import resolve

MOST_SECONDS = 10.0
"""Of processor time for all checks of a template; one with all channels in fifty languages takes about as long."""
_TOO_SLOW = "checking all channels and languages takes too long: make the contents smaller, or fewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One channel in one locale. `source` are the fields that stand there, `rendered` those with what falls back to
    other locales, as the sample comes out (empty when it does not). `sound`: the source can be used at all.
    `made_up`: neither sample nor schema give all the variables, so what comes out of an expression may be nonsense."""

    channel: ChannelKey
    locale: str
    source: Mapping[str, str] = field(repr=False)
    prepared: Mapping[str, str] = field(repr=False)
    rendered: Mapping[str, str] = field(repr=False)
    compiled: CompiledContent | None = field(default=None, repr=False)
    used: frozenset[str] = frozenset()
    faults: tuple[TemplateError, ...] = ()
    sound: bool = True
    made_up: bool = False

    def say(self, code: Code, message: str = "", *, field: str = "", place: Where = NOWHERE) -> Finding:
        """A finding about this piece."""
        return finding(code, message, channel=self.channel, locale=self.locale, field=field, place=place)

    def texts(self) -> Iterator[tuple[str, str, str]]:
        """(field, source, rendered) of the fields that stand here themselves."""
        for name, source in self.source.items():
            if self.rendered.get(name):
                yield name, source, self.rendered[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The draft with all its pieces, and what the caller knows beside it."""

    draft: Draft
    pieces: tuple[Piece, ...]
    marketing: bool
    sms_price: SmsPrice | None
    previous: Content
    until: float

    def of(self, *channels: ChannelKey) -> Iterator[Piece]:
        """The pieces of these channels whose sample came out, as long as there is time."""
        return (piece for piece in self.in_time() if piece.channel in channels and piece.rendered)

    def in_time(self) -> Iterator[Piece]:
        """The pieces, as long as there is time."""
        for piece in self.pieces:
            if self.is_late():
                return
            yield piece

    def is_late(self) -> bool:
        """Whether the checks have taken all the time that they have."""
        return time.thread_time() > self.until

    def late(self) -> Iterator[Finding]:
        """That not everything was checked, where this is so; asked last."""
        if self.is_late():
            yield finding(Code.TEMPLATE_TIMEOUT, _TOO_SLOW)


def make_case(draft: Draft, *, marketing: bool, sms_price: SmsPrice | None, previous: Content) -> Case:
    """Prepare, compile and render everything once."""
    until = time.thread_time() + MOST_SECONDS
    pieces = tuple(
        _piece(draft, key, locale) if time.thread_time() < until else _unread(draft, key, locale)
        for key, locales in draft.content.items()
        for locale in locales
    )
    return Case(draft=draft, pieces=pieces, marketing=marketing, sms_price=sms_price, previous=previous, until=until)


def variables(draft: Draft, used: frozenset[str]) -> tuple[dict[str, object], bool]:
    """The caller's variables as the sample, the schema or, for want of both, their names give them; and whether some
    are given by neither. What a sample leaves out though it is optional is left out on purpose."""
    described = from_schema(draft.schema) | dict(draft.sample)
    unknown = {path for path in used if _root(path) not in STANDARD_NAMES and _root(path) not in described}
    required = {_root(name) for name in draft.required}
    needed = {path for path in unknown if not draft.sample or _root(path) in required}
    return guessed(needed) | described, bool(unknown)


def _root(path: str) -> str:
    return path.partition(".")[0].replace("[]", "")


def _piece(draft: Draft, key: ChannelKey, locale: str) -> Piece:
    source = draft.content[key][locale]
    fields = resolve(draft.content[key], locale) or source
    try:
        check_fields({spec.name: spec for spec in channel_of(key).fields}, fields)
        prepared = prepare(key, fields, theme=draft.theme, locale=locale)
    except TemplateError as error:
        return _unsound(key, locale, source, (error,))
    try:
        compiled = compile_content(key, prepared)
    except TemplateError:
        return _unsound(key, locale, source, _faults(key, prepared, source))
    used = frozenset(path for text in prepared.values() for path in used_variables(text))
    own, made_up = variables(draft, used)
    faults: tuple[TemplateError, ...]
    rendered: dict[str, str]
    try:
        faults, rendered = (), compiled.render(standard(locale) | own)
    except TemplateError as error:
        # with made-up values an expression may well fail, which says nothing about the template
        error.line = error.line if prepared.get(error.field) == source.get(error.field) else 0
        faults, rendered = () if made_up else (error,), {}
    return Piece(
        channel=key,
        locale=locale,
        source=source,
        prepared=prepared,
        compiled=compiled,
        rendered=rendered,
        used=used,
        faults=faults,
        made_up=made_up,
    )


def _unread(draft: Draft, key: ChannelKey, locale: str) -> Piece:
    error = TemplateError(TemplateErrorCode.TIMEOUT, _TOO_SLOW)
    return _unsound(key, locale, draft.content[key][locale], (error,))


def _faults(key: ChannelKey, prepared: Mapping[str, str], source: Mapping[str, str]) -> tuple[TemplateError, ...]:
    """The faults of all fields, not of the first alone."""
    html = {spec.name: spec.html for spec in channel_of(key).fields}
    faults: list[TemplateError] = []
    for name, text in prepared.items():
        try:
            compile_source(environment(html=html[name], strict=False), text)
        except TemplateError as error:
            error.line = error.line if text == source.get(name) else 0
            faults.append(error.within(name))
    return tuple(faults)


def _unsound(key: ChannelKey, locale: str, source: Mapping[str, str], faults: tuple[TemplateError, ...]) -> Piece:
    return Piece(channel=key, locale=locale, source=source, prepared={}, rendered={}, faults=faults, sound=False)
