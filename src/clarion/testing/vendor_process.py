"""Quick stand-ins for every vendor in a process of their own, for `clarion bench providers`: they take whatever comes
and answer as the vendor does when all is well. Checking is what the simulators are for; these must not be the brake.

`python -m clarion.testing.vendor_process`: prints where they listen as one line of JSON, and ends with its stdin.
"""

import sys
from collections.abc import Mapping

import msgspec

from clarion.testing.simulators.apns import ApnsSimulator
from clarion.testing.simulators.fcm import FcmSimulator
from clarion.testing.simulators.webpush import WebPushSimulator
from clarion.testing.smtp_sink import SmtpSink
from clarion.testing.webhook_sink import Answer, Request, WebhookSink

SES_ENTRIES = 50
_BULK = {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": f"m{n}"} for n in range(SES_ENTRIES)]}
ANSWERS: Mapping[str, Answer] = {
    "/v3/mail/send": Answer(status=202, headers={"X-Message-Id": "m1"}, body=b""),
    "/v2/email/outbound-emails": Answer(body=b'{"MessageId":"m1"}'),
    "/v2/email/outbound-bulk-emails": Answer(body=msgspec.json.encode(_BULK)),
    "/Messages.json": Answer(status=201, body=b'{"sid":"SM1","status":"queued","num_segments":"1","price":null}'),
    "/v1/send": Answer(body=b'{"successful":true,"request_id":1,"code":100,"valid":500,"invalid":0,"duplicates":0}'),
    "/v1/messages": Answer(status=202, body=b'{"id":"m1"}'),
    "/token": Answer(body=b'{"access_token":"t1","expires_in":3600,"token_type":"Bearer"}'),
    "/messages:send": Answer(body=b'{"name":"projects/p/messages/m1"}'),
    "/chat.postMessage": Answer(body=b'{"ok":true,"channel":"C0123456789","ts":"1.1"}'),
    "/push": Answer(status=201, headers={"Location": "/message/m1"}, body=b""),
}


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where they listen on 127.0.0.1, and the key files that go with them. `subscription`: a browser's."""

    http: str
    smtp_port: int
    apns: str
    apns_key: str
    fcm_key: str
    webpush_key: str
    subscription: str


class _Forgetful(list[Request]):
    """A list of requests that keeps none: a benchmark sends many."""

    def append(self, item: Request) -> None:
        """Not kept."""


class _Vendors(WebhookSink):
    """Answers by how the path ends."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = _Forgetful()

    def answer(self, path: str) -> Answer:
        found = (answer for end, answer in ANSWERS.items() if path.endswith(end))
        return next(found, Answer())


def main() -> None:
    """Serve until stdin ends."""
    with _Vendors() as http, SmtpSink(keep=False) as mails, ApnsSimulator() as apns:
        fcm, webpush = FcmSimulator(), WebPushSimulator()
        where = Listening(
            http=http.url(""),
            smtp_port=mails.port,
            apns=apns.url,
            apns_key=apns.credentials,
            fcm_key=fcm.credentials,
            webpush_key=webpush.credentials,
            subscription=webpush.subscribe().written(),
        )
        sys.stdout.buffer.write(msgspec.json.encode(where) + b"\n")
        sys.stdout.buffer.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
