"""Compiling the fields of one channel's content, and rendering them. The door to the engine."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType

import jinja2
from jinja2 import nodes

from clarion.channels.channel import FieldSpec
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.environment import TemplateEnvironment, environment
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import MAX_OUTPUT, MAX_SOURCE, Budget
from clarion.records.templating.engine.plain import plain_context
from clarion.records.templating.engine.rendering import RenderContext
from clarion.records.templating.engine.rewrite import rewrite
from clarion.records.templating.engine.syntax import check_syntax

_FILENAME = "<template>"
_FIRST_QUOTED = re.compile(r"'([^']+)'")
# "expected token 'end of print statement', got 'x'", "unknown tag 'y'": what was met stands last
_LAST_QUOTED = re.compile(r"'([^']+)'\.?$")

# What an expression of a template can raise. Nothing of ours is in there: a bug in the engine still shows.
_RENDER_ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    single_line: bool
    environment: TemplateEnvironment
    template: jinja2.Template
    language: str = ""

    def render(self, variables: dict[str, object], budget: Budget) -> str:
        context = RenderContext.start(self.environment, variables, budget, self.language)
        pieces: list[str] = []
        left = MAX_OUTPUT
        try:
            for piece in self.template.root_render_func(context):
                left -= len(piece)
                if left < 0:
                    raise TemplateError(
                        TemplateErrorCode.OUTPUT_TOO_LARGE, f"the text is longer than {MAX_OUTPUT} characters"
                    )
                pieces.append(piece)
        except TemplateError as error:
            error.line = error.line or self.line_of(error.__traceback__)
            raise error.within(self.name) from None
        except _RENDER_ERRORS as error:
            raise self.translated(error) from None
        text = "".join(pieces)
        return text.strip() if self.single_line else text

    def translated(self, error: Exception) -> TemplateError:
        line = self.line_of(error.__traceback__)
        if isinstance(error, jinja2.UndefinedError):
            word = _FIRST_QUOTED.match(str(error))
            near = word[1] if word else ""
            return TemplateError(TemplateErrorCode.UNDEFINED, str(error)[:200], field=self.name, line=line, near=near)
        if isinstance(error, MemoryError | RecursionError):
            return TemplateError(
                TemplateErrorCode.BUDGET, "the template needs too much memory", field=self.name, line=line
            )
        kind = type(error).__name__
        message = f"the expression fails ({kind}): check the types of the variables in it"
        return TemplateError(TemplateErrorCode.VALUE, message, field=self.name, line=line)

    def line_of(self, traceback: TracebackType | None) -> int:
        line = 0
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == _FILENAME:
                line = self.template.get_corresponding_lineno(traceback.tb_lineno)
            traceback = traceback.tb_next
        return line


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledContent:
    """The compiled fields of one channel. Safe to share between threads; keep it, compiling costs milliseconds.
    `names` is what they read of the context: `order`, `user.first_name`, or `user` where all of it may be read."""

    channel: ChannelKey
    fields: tuple[_Field, ...]
    names: frozenset[str]

    def render(self, context: Mapping[str, object]) -> dict[str, str]:
        """Every field as text; only HTML fields escape. One budget for all fields together.

        `context` is copied and checked unless it comes from `plain_context`. Raises TemplateError.
        """
        variables = plain_context(context)
        budget = Budget()
        return {field.name: field.render(variables, budget) for field in self.fields}


def compile_content(
    channel: ChannelKey,
    fields: Mapping[str, str],
    *,
    strict: bool = False,
    noted: bool = False,
    language: str | Mapping[str, str] = "",
) -> CompiledContent:
    """Compile the given fields of a channel. Raises TemplateError with field and place for the first fault found.

    An undefined variable is nothing at render (sending); `strict` makes it an error (validation), `noted` has it told
    of (undefined.py). `language` is the locale that the words are written in, of all fields or of each: its plural
    rules apply, not the recipient's.
    """
    specs = {spec.name: spec for spec in channel_of(channel).fields}
    check_fields(specs, fields)
    words = {} if isinstance(language, str) else language
    spoken = language if isinstance(language, str) else ""
    compiled = tuple(
        _compile_field(
            specs[name],
            source,
            environment(html=specs[name].html, strict=strict, noted=noted),
            words.get(name, spoken),
        )
        for name, source in fields.items()
    )
    names = frozenset[str]().union(*(names for _, names in compiled))
    return CompiledContent(channel=channel, fields=tuple(field for field, _ in compiled), names=names)


def _names_in(tree: nodes.Template) -> Iterator[str]:
    """Every name the source mentions, a key deep where no more than the key is taken of it."""
    partly = [node for node in tree.find_all(nodes.Getattr) if isinstance(node.node, nodes.Name)]
    inside = {id(node.node) for node in partly}
    yield from (f"{node.node.name}.{node.attr}" for node in partly if isinstance(node.node, nodes.Name))
    yield from (node.name for node in tree.find_all(nodes.Name) if id(node) not in inside)


def check_fields(specs: Mapping[str, FieldSpec], fields: Mapping[str, str]) -> None:
    """Raise TemplateError (`template_field`) for a field the channel has not, or a missing required one."""
    for name in fields:
        if name not in specs:
            known = ", ".join(specs)
            raise TemplateError(TemplateErrorCode.FIELD, f"this channel has the fields {known}", field=name[:50])
    for name, spec in specs.items():
        if spec.required and not fields.get(name, "").strip():
            raise TemplateError(TemplateErrorCode.FIELD, f"{name} is required", field=name)


def _compile_field(
    spec: FieldSpec, source: str, used: TemplateEnvironment, language: str
) -> tuple[_Field, frozenset[str]]:
    """The field, and the names it mentions."""
    try:
        tree = _checked_tree(used, source)
        names = frozenset(_names_in(tree))
        template = _generated(used, tree)
    except TemplateError as error:
        raise error.within(spec.name).placed(source) from None
    field = _Field(name=spec.name, single_line=spec.single_line, environment=used, template=template, language=language)
    return field, names


def parse_source(source: str) -> nodes.Template:
    """The syntax tree of a source. Raises TemplateError: too large, or not a template."""
    if len(source) > MAX_SOURCE:
        raise TemplateError(TemplateErrorCode.TOO_LARGE, f"the template is longer than {MAX_SOURCE} characters")
    if "\x00" in source:
        raise TemplateError(TemplateErrorCode.SYNTAX, "the template contains NUL: remove it")
    try:
        return environment(html=False, strict=False).parse(source)
    except jinja2.TemplateSyntaxError as error:
        raise _syntax_error(error) from None
    except (RecursionError, MemoryError):
        raise _too_deep() from None
    except ValueError:
        # Python refuses to read integers of thousands of digits.
        raise TemplateError(TemplateErrorCode.SYNTAX, "a number in the template is too long") from None


def compile_source(used: TemplateEnvironment, source: str) -> jinja2.Template:
    """Check, rewrite and compile one source. Raises TemplateError."""
    return _generated(used, _checked_tree(used, source))


def _checked_tree(used: TemplateEnvironment, source: str) -> nodes.Template:
    tree = parse_source(source)
    check_syntax(tree, html=bool(used.autoescape))
    return tree


def _generated(used: TemplateEnvironment, tree: nodes.Template) -> jinja2.Template:
    """The compiled tree, which is changed on the way."""
    try:
        tree = rewrite(tree)
        tree.set_environment(used)
        code = used.compile(tree, filename=_FILENAME)
    except jinja2.TemplateSyntaxError as error:
        raise _syntax_error(error) from None
    except (RecursionError, MemoryError, SyntaxError, OverflowError):
        raise _too_deep() from None
    return jinja2.Template.from_code(used, code, {})


def _syntax_error(error: jinja2.TemplateSyntaxError) -> TemplateError:
    message = (error.message or "not a valid template")[:300]
    word = _LAST_QUOTED.search(message)
    return TemplateError(TemplateErrorCode.SYNTAX, message, line=error.lineno, near=word[1] if word else "")


def _too_deep() -> TemplateError:
    return TemplateError(TemplateErrorCode.TOO_LARGE, "the template is nested too deeply: flatten it")
