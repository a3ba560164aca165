"""Both sinks in a process of their own, so that a benchmark's receivers do not share an interpreter with its sender.

`python -m clarion.testing.sink_process`: prints where it listens as one line of JSON, then answers each line on stdin:
`receipts` with what came since the last `forget` (which is answered with `[]`). Ends with its stdin.
"""

import sys
import time
from email.parser import BytesHeaderParser

import msgspec

from clarion.testing.smtp_sink import SmtpSink
from clarion.testing.webhook_sink import Answer, Request, WebhookSink

BULK_EMAIL = "/v2/email/outbound-bulk-emails"
ID_TAG = "clarion_id"


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sinks listen, on 127.0.0.1."""

    smtp_port: int
    http_port: int


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One mail or call as it was taken: the sender's id of it (Message-ID, webhook-id), when (Unix time), its bytes."""

    door: str
    id: str
    at: float
    size: int


class _Mails(SmtpSink):
    """Notes when each mail ended."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def scripted(self, stage: str, recipient: str = "") -> str:
        if stage == "END":
            self.times.append(time.time())
        return ""

    def receipts(self) -> list[Receipt]:
        parser = BytesHeaderParser()
        return [
            Receipt(door="email", id=parser.parsebytes(mail.source).get("Message-ID", ""), at=at, size=len(mail.source))
            for mail, at in zip(self.taken, self.times, strict=True)
        ]

    def forget(self) -> None:
        for kept in (self.taken, self.times, self.commands, self.writes):
            kept.clear()


class _Tag(msgspec.Struct, frozen=True):
    Name: str
    Value: str


class _Entry(msgspec.Struct, frozen=True):
    ReplacementTags: list[_Tag]
    ReplacementEmailContent: msgspec.Raw


class _BulkEmail(msgspec.Struct, frozen=True):
    BulkEmailEntries: list[_Entry]


class _Calls(WebhookSink):
    """Notes when each call came. A call of SES's SendBulkEmail is taken apart into its mails, and answered so."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []
        self.mails: list[Receipt] = []

    def answer(self, path: str) -> Answer:
        if path == BULK_EMAIL:
            return self._take_mails(self.requests.pop())
        self.times.append(time.time())
        return super().answer(path)

    def _take_mails(self, request: Request) -> Answer:
        entries = msgspec.json.decode(request.body, type=_BulkEmail).BulkEmailEntries
        now = time.time()
        for entry in entries:
            name = next((tag.Value for tag in entry.ReplacementTags if tag.Name == ID_TAG), "")
            self.mails.append(Receipt(door="batch", id=name, at=now, size=len(bytes(entry.ReplacementEmailContent))))
        results = [{"Status": "SUCCESS", "MessageId": "m1"}] * len(entries)
        return Answer(body=msgspec.json.encode({"BulkEmailEntryResults": results}))

    def receipts(self) -> list[Receipt]:
        calls = [
            Receipt(door="webhook", id=request.headers.get("webhook-id", ""), at=at, size=len(request.body))
            for request, at in zip(self.requests, self.times, strict=True)
        ]
        return [*calls, *self.mails]

    def forget(self) -> None:
        self.requests.clear()
        self.mails.clear()
        self.times.clear()


def _say(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Serve until stdin ends."""
    with _Mails() as mails, _Calls() as calls:
        _say(Listening(smtp_port=mails.port, http_port=calls.port))
        for line in sys.stdin:
            if line.strip() == "receipts":
                _say([*mails.receipts(), *calls.receipts()])
                continue
            mails.forget()
            calls.forget()
            _say([])


if __name__ == "__main__":
    main()
