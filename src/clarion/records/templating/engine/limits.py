"""What one template and one rendering may use, and the budget that counts it."""

import time

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode

MAX_SOURCE = 100_000
MAX_OUTPUT = 262_144
MAX_STRING = 262_144
LONG = 10_000
"""Characters of a text from which on the clock is read before each use."""
MAX_ITEMS = 10_000
MAX_WEIGHT = 262_144
"""Items plus characters in one list or mapping that a template builds."""
MAX_INT = 10**30
MAX_FLOAT = 1e100
"""Numbers written in a template."""
MAX_RANGE = 1000
MAX_STEPS = 10_000
"""Iterations, operations, filter and method calls in one rendering; items looked at by a filter count a tenth."""
MAX_WORK = 2_000_000
"""Characters that operators, filters and `set` blocks may produce in one rendering, together."""
MAX_SECONDS = 0.5
UNTIMED_SECONDS = 0.05
MAX_NODES = 8_000
MAX_DEPTH = 60
MAX_LOOP_DEPTH = 8
MAX_SHORT_ARGUMENT = 200


class Budget:
    """What is left for one rendering (all fields of a message together). Raises TemplateError when it is used up.

    CPU time is that of the thread, so a busy machine does not make a template fail.
    """

    __slots__ = ("_began", "_deadline", "_steps", "_work")

    def __init__(self) -> None:
        self._steps = MAX_STEPS
        self._work = MAX_WORK
        self._began = 0.0
        self._deadline = 0.0

    def step(self) -> None:
        """One operation; the clock is read at every 64th, for reading it costs more than the rest."""
        self._steps -= 1
        if self._steps & 63 == 0 or self._steps < 0:
            self.check()

    def check(self) -> None:
        """Raise when the steps or the time are used up."""
        if self._steps < 0:
            raise TemplateError(
                TemplateErrorCode.BUDGET,
                f"the template does more than {MAX_STEPS} steps: loop over fewer items",
            )
        # reading a thread's CPU time costs as much as the rendering of a paragraph: only what takes long is timed so
        now = time.perf_counter()
        if not self._began:
            self._began = now
        elif now - self._began > UNTIMED_SECONDS:
            self._check_time()

    def _check_time(self) -> None:
        now = time.thread_time()
        if not self._deadline:
            self._deadline = now + MAX_SECONDS
        elif now > self._deadline:
            raise TemplateError(
                TemplateErrorCode.TIMEOUT,
                f"the template computes longer than {MAX_SECONDS} s",
            )

    def steps(self, count: int) -> None:
        """Several operations at once; the clock is read when a 64th is passed, as by `step`."""
        before = self._steps >> 6
        self._steps -= count
        if self._steps >> 6 != before or self._steps < 0:
            self.check()

    def work(self, characters: int) -> None:
        """Characters produced on the way to the output."""
        self._work -= characters
        if self._work < 0:
            raise TemplateError(
                TemplateErrorCode.BUDGET,
                f"the template builds more than {MAX_WORK} characters on its way",
            )
