"""The one error of this storey."""


class InvalidValue(ValueError):
    """An address or a content field is not acceptable. `code` is stable, `field` names the part, the text says
    what to do and never repeats the value."""

    def __init__(self, code: str, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field
