"""The context of one rendering: variables plus the budget. Reachable by the compiled code, not by a template."""

from collections.abc import Iterable

from jinja2 import Environment
from jinja2.runtime import Context

from clarion.records.templating.engine.limits import Budget


class RenderContext(Context):
    """Jinja's context with the budget of this rendering."""

    budget: Budget
    language: str

    @classmethod
    def start(
        cls, environment: Environment, variables: dict[str, object], budget: Budget, language: str = ""
    ) -> "RenderContext":
        """A fresh context; `variables` are read, never written. `language` is that of the words, empty: the
        recipient's."""
        context = cls(environment, variables, None, {})
        context.budget = budget
        context.language = language
        return context


class CountedBuffer(list[str]):
    """The pieces of a `set` block, counted as they come: they are in memory long before they are output."""

    __slots__ = ("_budget",)

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget

    def append(self, piece: str) -> None:
        self._budget.work(len(piece) + 1)
        super().append(piece)

    def extend(self, pieces: Iterable[str]) -> None:
        for piece in pieces:
            self.append(piece)
