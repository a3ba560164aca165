import io

import pytest

from clarion.embedded.display import Display, LineBuffer
from clarion.embedded.supervisor import describe_exit


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_are_prefixed_plainly_when_stdout_is_no_terminal() -> None:
    stream = io.StringIO()
    display = Display(stream)
    display.line("web", "started")
    display.line("worker12345", "started")
    assert stream.getvalue() == "web      | started\nworker12345 | started\n"


def test_a_terminal_gets_one_colour_a_child_unless_no_color_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    display = Display(stream)
    for name in ("web", "beat", "web"):
        display.line(name, "x")
    assert stream.getvalue().splitlines() == [
        "\x1b[36mweb      | \x1b[0mx",
        "\x1b[33mbeat     | \x1b[0mx",
        "\x1b[36mweb      | \x1b[0mx",
    ]
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    Display(plain).line("web", "x")
    assert plain.getvalue() == "web      | x\n"


def test_a_reader_who_left_does_not_end_us() -> None:
    stream = io.StringIO()
    display = Display(stream)
    stream.close()
    display.line("web", "nobody hears this")


def test_lines_are_cut_from_pieces_and_the_rest_comes_at_the_end() -> None:
    buffer = LineBuffer()
    assert buffer.feed(b"on") == []
    assert buffer.feed(b"e\r\ntw\xc3") == ["one"]
    assert buffer.feed(b"\xb6\nthree") == ["twö"]
    assert buffer.rest() == ["three"]
    assert buffer.rest() == []


def test_a_line_without_end_is_cut() -> None:
    buffer = LineBuffer()
    assert [len(line) for line in buffer.feed(b"x" * 70_000)] == [70_000]
    assert buffer.rest() == []


@pytest.mark.parametrize(("code", "text"), [(0, "exit code 0"), (3, "exit code 3"), (-9, "killed by SIGKILL")])
def test_exits_are_described_in_words(code: int, text: str) -> None:
    assert describe_exit(code) == text
