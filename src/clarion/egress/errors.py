"""What can go wrong on the way out. Texts carry no address, body or secret, so they may be stored and shown."""


class EgressError(Exception):
    """A call to the outside did not come back with an answer."""


class Blocked(EgressError):
    """The target may not be spoken to: a forbidden address, or a URL that names none. Nothing was sent."""


class ConnectFailed(EgressError):
    """No connection: name not found, refused, TLS not agreed. Nothing was sent."""


class TimedOut(EgressError):
    """No answer in time. `sent` tells whether the request may have reached the other side."""

    def __init__(self, detail: str, *, sent: bool) -> None:
        super().__init__(detail)
        self.sent = sent


class Broken(EgressError):
    """The connection broke or spoke nonsense. `sent` tells whether the request may have reached the other side."""

    def __init__(self, detail: str, *, sent: bool) -> None:
        super().__init__(detail)
        self.sent = sent
