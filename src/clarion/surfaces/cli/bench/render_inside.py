"""Run as a process of its own, as a worker is: renders mails with Clarion's engine and with plain Jinja2, in turns, and
writes the times to standard output. `render.py` starts it."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import jinja2
import msgspec
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.compile import compile_content
from clarion.records.templating.engine.plain import PlainContext
from clarion.surfaces.cli.bench.measured import percentile
from clarion.surfaces.cli.bench.render_mail import FIELDS, context

TURN = 250
LANGUAGE = Locale.parse("en")
Context = PlainContext
Render = Callable[[Context], Mapping[str, str]]


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of one rendering of all fields of a mail, by the clock and by the processor: on a busy machine the
    first holds the turns of others."""

    median_ms: float
    p99_ms: float
    p99_cpu_ms: float


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """What the process found. `same`: both engines wrote the very same mails. `built`: with what the channel then makes
    and checks of it."""

    clarion: Times
    jinja: Times
    built: Times
    source_bytes: int
    mail_bytes: int
    same: bool


@lru_cache(maxsize=20_000)
def _money(amount: Decimal, code: str) -> str:
    return format_currency(amount, code, locale=LANGUAGE)


def _plain_jinja() -> Render:
    """Jinja2 as it comes, escaping HTML, without a sandbox; the filters call Babel, amounts remembered as ours are."""

    def currency(value: float | Decimal, code: str) -> str:
        return _money(Decimal(repr(value)), code)

    def date(value: str, style: str) -> str:
        from datetime import datetime

        return format_date(datetime.fromisoformat(value), format=style, locale=LANGUAGE)

    def plural(value: int, **forms: str) -> str:
        return forms[LANGUAGE.plural_form(value)]

    templates: dict[str, jinja2.Template] = {}
    for name, source in FIELDS.items():
        environment = jinja2.Environment(autoescape=name == "html")  # noqa: S701 - escapes where it must
        environment.filters |= {"currency": currency, "date": date, "plural": plural}
        templates[name] = environment.from_string(source)
    return lambda given: {name: template.render(given) for name, template in templates.items()}


def _timed(work: Callable[[Context], object], contexts: Sequence[Context], times: list[tuple[int, int]]) -> None:
    for given in contexts:
        cpu, clock = time.thread_time_ns(), time.perf_counter_ns()
        work(given)
        times.append((time.perf_counter_ns() - clock, time.thread_time_ns() - cpu))


def _times(values: list[tuple[int, int]]) -> Times:
    clock, cpu = ([value / 1e6 for value in kind] for kind in zip(*values, strict=True))
    return Times(median_ms=percentile(clock, 0.5), p99_ms=percentile(clock, 0.99), p99_cpu_ms=percentile(cpu, 0.99))


def measure(number: int) -> Inside:
    """Render `number` different mails each way, TURN at a time, after a turn that does not count."""
    content = compile_content(ChannelKey.EMAIL, FIELDS, language="en")
    build = channel_of(ChannelKey.EMAIL).build
    plain = _plain_jinja()
    works: tuple[tuple[Callable[[Context], object], list[tuple[int, int]]], ...] = (
        (content.render, []),
        (plain, []),
        (lambda given: build(content.render(given), {}), []),
    )
    same = True
    for start in range(-TURN, number, TURN):
        # mails of their own for each, or the second would find the first's amounts remembered
        for at, (work, times) in enumerate(works):
            contexts = [PlainContext(context(abs(start) * len(works) + at * TURN + each)) for each in range(TURN)]
            _timed(work, contexts, times if start >= 0 else [])
        same = same and plain(contexts[0])["html"] == content.render(contexts[0])["html"]
    return Inside(
        clarion=_times(works[0][1]),
        jinja=_times(works[1][1]),
        built=_times(works[2][1]),
        source_bytes=len(FIELDS["html"].encode()),
        mail_bytes=len(content.render(PlainContext(context(1)))["html"].encode()),
        same=same,
    )


def main() -> None:
    """`python -m clarion.surfaces.cli.bench.render_inside NUMBER`"""
    sys.stdout.buffer.write(msgspec.json.encode(measure(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
