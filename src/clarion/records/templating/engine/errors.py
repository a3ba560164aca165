"""The one error of the engine."""

from enum import StrEnum


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
    path), `line` the line in that field's source, 0 when unknown. The message repeats no value of the context."""

    def __init__(self, code: TemplateErrorCode, message: str, *, field: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.line = line

    def within(self, field: str) -> "TemplateError":
        """The same error, naming the content field it belongs to unless it already names one."""
        if not self.field:
            self.field = field
        return self
