"""What a provider may raise: faults of the connection or the account. One bad recipient never raises."""

from datetime import timedelta


class ProviderFault(Exception):
    """Something is wrong with the connection or the account; the messages are not to blame.

    The text must be free of addresses, bodies and secrets: it is stored and shown to operators.
    """


class Unreachable(ProviderFault):
    """No connection could be made; nothing of the batch was handed over. Safe to try again."""

    def __init__(self, detail: str, *, after: timedelta | None = None) -> None:
        super().__init__(detail)
        self.after = after


class Interrupted(ProviderFault):
    """The connection broke half-way. Messages without a yielded outcome may or may not have been taken."""


class Misconfigured(ProviderFault):
    """Wrong credentials or settings: nothing will work until a person changes them."""
