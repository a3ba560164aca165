"""A receiver of webhooks that refuses, in a process of its own: for experiments that want failures of a receiver's.

`python -m clarion.testing.picky_sink_process`: prints its port as one line of JSON, then answers each line on stdin:
`receipts` with what it took since the last `forget` (which is answered with `[]`). Ends with its stdin. What is sent to
`/once` is refused with 503 the first time under its webhook-id, what is sent to `/never` with 404 always.
"""

import sys
import time

import msgspec

from clarion.testing.webhook_sink import Answer, WebhookSink


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One call that was taken: the sender's id of it, and when (Unix time)."""

    id: str
    at: float


class PickySink(WebhookSink):
    """Keeps what it took apart from what it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Receipt] = []
        self._refused: set[str] = set()

    def answer(self, path: str) -> Answer:
        identifier = self.requests[-1].headers.get("webhook-id", "")
        if path == "/never":
            return Answer(status=404)
        if path == "/once" and identifier not in self._refused:
            self._refused.add(identifier)
            return Answer(status=503)
        self.taken.append(Receipt(id=identifier, at=time.time()))
        return Answer()

    def forget(self) -> None:
        self.requests.clear()
        self.taken.clear()


def _say(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Serve until stdin ends."""
    with PickySink() as sink:
        _say(sink.port)
        for line in sys.stdin:
            if line.strip() == "receipts":
                _say(sink.taken)
            else:
                sink.forget()
                _say([])


if __name__ == "__main__":
    main()
