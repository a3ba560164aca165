"""The one error of the engine."""

from enum import StrEnum

from clarion.records.templating.engine.places import column_of


class TemplateErrorCode(StrEnum):
    """Stable codes; they appear in the API and in the docs."""

    SYNTAX = "template_syntax"
    FORBIDDEN = "template_forbidden"
    FIELD = "template_field"
    TOO_LARGE = "template_too_large"
    OUTPUT_TOO_LARGE = "output_too_large"
    TIMEOUT = "template_timeout"
    BUDGET = "template_budget"
    UNDEFINED = "undefined_variable"
    VALUE = "template_value"


class TemplateError(ValueError):
    """A template cannot be used or could not be rendered. `field` is the content field (or, for a context value, its
    path), `line` and `column` the place in that field's source, from 1, 0 when unknown; `near` is the word of the
    source that stands there. The message repeats no value of the context."""

    def __init__(
        self,
        code: TemplateErrorCode,
        message: str,
        *,
        field: str = "",
        line: int = 0,
        column: int = 0,
        near: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.line = line
        self.column = column
        self.near = near

    def within(self, field: str) -> "TemplateError":
        """The same error, naming the content field it belongs to unless it already names one."""
        if not self.field:
            self.field = field
        return self

    def placed(self, source: str) -> "TemplateError":
        """The same error with its column in the field's source."""
        if self.line and not self.column:
            self.column = column_of(source, self.line, self.near)
        return self
