"""The caller's fault: one error type from every storey, translated to problem+json at the door."""


class InputError(Exception):
    """`code` is stable; `pointer` is the JSON pointer of the field at fault; `status` the 4xx to answer with.

    The message says what to do and never repeats personal data.
    """

    def __init__(self, code: str, message: str, *, pointer: str = "", status: int = 422) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.pointer = pointer
        self.status = status
