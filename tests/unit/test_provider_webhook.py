"""The webhook provider over real sockets: signatures, answers, retries, forbidden targets, many at once."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import WebhookContent
from clarion.contract.faults import Misconfigured
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.providers.webhook import ENTRY
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.messages import SECRET, message, webhook
from clarion.testing.webhook_sink import Answer, Trick, WebhookSink

OTHER_SECRET = "whsec_" + "QUJD" * 8


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as server:
        yield server


def open_provider(url: str = "webhook://?timeout=0.5", *, allow_private: bool = True) -> Provider:
    return ENTRY.open(parse_account_url(url), ChannelKey.WEBHOOK, MemoryHost().host(allow_private=allow_private))


def deliver(*batch: Message, url: str = "webhook://?timeout=0.5", allow_private: bool = True) -> dict[str, Outcome]:
    with closing(open_provider(url, allow_private=allow_private)) as provider:
        return dict(provider.send(batch))


def test_the_request_is_what_standard_webhooks_asks_for(sink: WebhookSink) -> None:
    assert deliver(webhook("one", to=sink.url("/hook?a=b"))) == {"one": Sent(detail="HTTP 200")}
    (request,) = sink.requests
    assert (request.method, request.path) == ("POST", "/hook?a=b")
    event = {"type": "order.shipped", "timestamp": "2026-11-20T09:00:00Z", "data": {"key": "one"}}
    assert sink.verify(request, SECRET) == event == json.loads(request.body)
    assert request.headers["webhook-id"] == "one"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "Clarion-Webhook/1"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 5


def test_another_secret_does_not_verify_and_neither_does_another_body(sink: WebhookSink) -> None:
    deliver(webhook("one", to=sink.url()))
    (request,) = sink.requests
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER_SECRET).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body + b" ", dict(request.headers))


def test_two_secrets_make_two_signatures_and_each_verifies(sink: WebhookSink) -> None:
    deliver(webhook("one", to=sink.url(), secret=f"{OTHER_SECRET} {SECRET}"))
    (request,) = sink.requests
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, OTHER_SECRET):
        assert sink.verify(request, secret)


def test_the_id_and_the_body_stay_the_same_over_retries(sink: WebhookSink) -> None:
    sink.script("/", Answer(status=500), Answer())
    for _ in range(2):
        deliver(webhook("one", to=sink.url()))
    first, second = sink.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_the_account_may_carry_a_secret_for_targets_without_one(sink: WebhookSink) -> None:
    deliver(webhook("one", to=sink.url(), secret=""), url=f"webhook://:{SECRET}@")
    assert sink.verify(sink.requests[0], SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_ä", "   "])
def test_nothing_is_sent_without_a_proper_secret(secret: str, sink: WebhookSink) -> None:
    outcome = deliver(webhook("one", to=sink.url(), secret=secret))["one"]
    assert isinstance(outcome, Rejected)
    assert outcome.why is Reason.INVALID_ADDRESS
    assert sink.requests == []


ANSWERS: list[tuple[Answer, Outcome]] = [
    (Answer(status=202), Sent(detail="HTTP 202")),
    (Answer(status=204, body=b""), Sent(detail="HTTP 204")),
    (Answer(status=410), Rejected(why=Reason.ENDPOINT_GONE, suppress=True, detail="HTTP 410")),
    (Answer(status=404), Rejected(why=Reason.ADDRESS_UNREACHABLE, detail="HTTP 404")),
    (Answer(status=401), Rejected(why=Reason.POLICY_REFUSED, detail="HTTP 401")),
    (Answer(status=413), Rejected(why=Reason.TOO_LARGE, detail="HTTP 413")),
    (Answer(status=400), Rejected(why=Reason.CONTENT_REFUSED, detail="HTTP 400")),
    (Answer(status=408), Retry(why=Reason.TIMEOUT, detail="HTTP 408")),
    (Answer(status=425), Retry(why=Reason.TEMPORARY, detail="HTTP 425")),
    (Answer(status=429), Retry(why=Reason.THROTTLED, detail="HTTP 429")),
    (
        Answer(status=429, headers={"Retry-After": "30"}),
        Retry(why=Reason.THROTTLED, after=timedelta(seconds=30), detail="HTTP 429"),
    ),
    (
        Answer(status=503, headers={"Retry-After": "0"}),
        Retry(why=Reason.TEMPORARY, after=timedelta(0), detail="HTTP 503"),
    ),
    (Answer(status=503, headers={"Retry-After": "-5"}), Retry(why=Reason.TEMPORARY, detail="HTTP 503")),
    (
        Answer(status=502, headers={"Retry-After": "99999999"}),
        Retry(why=Reason.TEMPORARY, after=timedelta(hours=24), detail="HTTP 502"),
    ),
    (Answer(status=500), Retry(why=Reason.TEMPORARY, detail="HTTP 500")),
    (Answer(status=301), Rejected(why=Reason.REDIRECT_REFUSED, detail="HTTP 301")),
    (
        Answer(status=307, headers={"Location": "http://169.254.169.254/"}),
        Rejected(why=Reason.REDIRECT_REFUSED, detail="HTTP 307"),
    ),
    (Answer(body=b"<html>not json"), Sent(detail="HTTP 200")),
    (Answer(trick=Trick.FLOOD), Sent(detail="HTTP 200")),
    (Answer(trick=Trick.DRIP), Sent(detail="HTTP 200")),
    (Answer(status=500, trick=Trick.DRIP), Retry(why=Reason.TEMPORARY, detail="HTTP 500")),
    (Answer(trick=Trick.HANG), Unclear(why=Reason.TIMEOUT, detail="no answer in time")),
    (Answer(trick=Trick.RESET), Unclear(why=Reason.CONNECTION_LOST, detail="the connection broke")),
    (Answer(trick=Trick.GARBAGE), Unclear(why=Reason.CONNECTION_LOST, detail="the connection broke")),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS)
def test_an_answer_has_one_meaning(answer: Answer, outcome: Outcome, sink: WebhookSink) -> None:
    sink.script("/hook", answer)
    assert deliver(webhook("one", to=sink.url("/hook"))) == {"one": outcome}
    assert [request.path for request in sink.requests] == ["/hook"]


def test_a_retry_after_date_is_a_wait(sink: WebhookSink) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    sink.script("/", Answer(status=429, headers={"Retry-After": moment}))
    outcome = deliver(webhook("one", to=sink.url()))["one"]
    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert timedelta(seconds=95) < outcome.after <= timedelta(seconds=100)


def test_a_closed_port_is_a_retry_of_that_endpoint_alone(sink: WebhookSink) -> None:
    outcomes = deliver(webhook("away", to=f"http://127.0.0.1:{free_port()}/"), webhook("there", to=sink.url("/")))
    assert outcomes == {
        "away": Retry(why=Reason.ADDRESS_UNREACHABLE, detail="no connection to the server"),
        "there": Sent(detail="HTTP 200"),
    }


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/",
        "https://localhost:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://user:pass@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/",
        "ftp://127.0.0.1:{port}/",
        "https://127.0.0.1:99999/",
        "not a url",
        "",
    ],
)
@pytest.mark.parametrize("options", ["", "?plain_http=yes"])
def test_a_private_target_is_rejected_and_hears_nothing(url: str, options: str, sink: WebhookSink) -> None:
    target = url.format(port=sink.port)
    outcome = deliver(webhook("one", to=target), url=f"webhook://{options}", allow_private=False)["one"]
    assert isinstance(outcome, Rejected)
    assert outcome.why is Reason.FORBIDDEN_TARGET
    assert not outcome.suppress
    assert sink.connections == 0


def test_the_guard_stops_loopback_on_an_allowed_port_too() -> None:
    for url in ("https://127.0.0.1/", "https://localhost:8443/", "http://localhost/"):
        outcome = deliver(webhook("one", to=url), url="webhook://?plain_http=yes", allow_private=False)["one"]
        assert outcome == Rejected(why=Reason.FORBIDDEN_TARGET, detail="the target's address is private or reserved")


def test_data_that_is_no_json_and_data_that_is_too_large_are_rejected_unsent(sink: WebhookSink) -> None:
    odd = message("odd", to=sink.url(), content=WebhookContent(event="e", data={"x": object()}), secret=SECRET)
    big = message("big", to=sink.url(), content=WebhookContent(event="e", data={"x": "y" * 300_000}), secret=SECRET)
    outcomes = deliver(odd, big)
    assert isinstance(outcomes["odd"], Rejected)
    assert outcomes["big"] == Rejected(why=Reason.TOO_LARGE, detail="above 262144 bytes")
    assert sink.requests == []


def test_many_are_in_flight_at_once(sink: WebhookSink) -> None:
    sink.script("/slow", Answer(trick=Trick.HANG))
    batch = [webhook(f"m{number}", to=sink.url("/slow")) for number in range(32)]
    begun = time.monotonic()
    outcomes = deliver(*batch)
    assert time.monotonic() - begun < 2.5
    assert len(outcomes) == len(sink.requests) == 32


def test_a_slow_endpoint_does_not_hold_the_others_outcomes_back(sink: WebhookSink) -> None:
    sink.script("/slow", Answer(trick=Trick.HANG))
    with closing(open_provider()) as provider:
        results = provider.send([webhook("slow", to=sink.url("/slow")), webhook("fast", to=sink.url("/"))])
        assert [key for key, _ in results] == ["fast", "slow"]


def test_connections_are_kept_between_batches(sink: WebhookSink) -> None:
    with closing(open_provider()) as provider:
        for number in range(3):
            list(provider.send([webhook(f"m{number}", to=sink.url())]))
    assert sink.connections == 1


@pytest.mark.parametrize("options", ["timeout=0", "timeout=x", "concurrency=0", "colour=blue"])
def test_an_option_that_cannot_work_is_misconfigured(options: str) -> None:
    with pytest.raises(Misconfigured):
        open_provider(f"webhook://?{options}")
