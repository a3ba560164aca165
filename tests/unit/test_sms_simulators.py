"""What the SMS simulators report over real sockets is believed and understood by the providers' ears."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.account import AccountUrl, parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import SmsContent
from clarion.contract.feedback import Callback, Kind, Reported
from clarion.contract.message import Message
from clarion.contract.outcome import Sent
from clarion.contract.registry import Entry
from clarion.providers import beem, httpsms, twilio
from clarion.providers.beem.calls import batches
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.beem import KEY, SECRET, BeemSimulator
from clarion.testing.simulators.http_sms import CALLBACK_SECRET, TOKEN, HttpSmsSimulator
from clarion.testing.simulators.twilio import SID, TwilioSimulator
from clarion.testing.webhook_sink import WebhookSink


def sms(key: str, to: str = "+255712345678") -> Message:
    return messages.message(key, to=to, content=SmsContent(body="Hello"))


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as server:
        yield server


def taken(entry: Entry, url: AccountUrl, hook: str) -> Sent:
    provider = entry.open(url, ChannelKey.SMS, replace(MemoryHost().host(), callback_url=hook))
    ((_, outcome),) = provider.send([sms("n-1")])
    provider.close()
    assert isinstance(outcome, Sent)
    return outcome


def heard(entry: Entry, url: AccountUrl, sink: WebhookSink) -> list[Reported]:
    """What the ear makes of the last request that the sink got; it must believe it."""
    assert entry.feedback is not None
    ear = entry.feedback(url, ChannelKey.SMS, MemoryHost().host())
    request = sink.requests[-1]
    callback = Callback(
        url=sink.url(request.path), headers=request.headers, body=request.body, received_at=datetime.now(UTC)
    )
    ear.verify(callback)
    ear.acknowledge(callback)
    return list(ear.parse(callback))


def test_twilios_status_and_replies(sink: WebhookSink) -> None:
    with TwilioSimulator(reports=False) as vendor:
        url = parse_account_url(f"twilio://{SID}:simulated-token@?from=%2B15005550006&endpoint={vendor.url}")
        sent = taken(twilio.ENTRY, url, sink.url("/hook"))
        assert vendor.report(sent.remote_id, "undelivered", 30003) == 200
        (status,) = heard(twilio.ENTRY, url, sink)
        assert (status.kind, status.message_id, status.remote_id) == (Kind.SOFT_BOUNCED, "n-1", sent.remote_id)
        assert vendor.reply(sink.url("/hook"), sender="+255712345678", text="acha", kind="STOP") == 200
        (reply,) = heard(twilio.ENTRY, url, sink)
        assert (reply.kind, reply.text, reply.address) == (Kind.REPLIED, "STOP", "+255712345678")


def test_twilio_reports_by_itself_when_it_is_to(sink: WebhookSink) -> None:
    with TwilioSimulator() as vendor:
        url = parse_account_url(f"twilio://{SID}:simulated-token@?from=%2B15005550006&endpoint={vendor.url}")
        taken(twilio.ENTRY, url, sink.url("/hook"))
        deadline = time.monotonic() + 5
        while len(vendor.answers) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert vendor.answers == [200, 200]
    assert [each.kind for each in heard(twilio.ENTRY, url, sink)] == [Kind.DELIVERED]


def test_beems_delivery_reports(sink: WebhookSink) -> None:
    with BeemSimulator() as vendor:
        vendor.report_url, vendor.report_token = sink.url("/hook"), "agreed"
        url = parse_account_url(f"beem://{KEY}:{SECRET}@?sender=INFO&callback_token=agreed&endpoint={vendor.url}")
        sent = taken(beem.ENTRY, url, "")
        request_id, place = sent.remote_id.split(":")
        assert vendor.report(request_id, place, "DELIVERED") == 200
    (report,) = heard(beem.ENTRY, url, sink)
    assert (report.kind, report.remote_id, report.address) == (Kind.DELIVERED, sent.remote_id, "+255712345678")


def test_a_gateways_reports(sink: WebhookSink) -> None:
    with HttpSmsSimulator() as vendor:
        url = parse_account_url(
            f"httpsms://:{TOKEN}@127.0.0.1:{vendor.port}/v1/messages?tls=no&id=id"
            "&headers=Authorization:Bearer%20{password}"
            '&body={"to":{to},"text":{text},"ref":{id},"callback":{callback}}'
            "&callback_id=id&callback_ref=ref&callback_status=status&callback_to=to"
            "&callback_statuses=DELIVRD:delivered"
            f"&callback_signature=X-Signature&callback_secret={CALLBACK_SECRET}"
        )
        sent = taken(httpsms.ENTRY, url, sink.url("/hook"))
        assert vendor.report(sent.remote_id, "DELIVRD") == 200
    (report,) = heard(httpsms.ENTRY, url, sink)
    assert (report.kind, report.message_id, report.remote_id) == (Kind.DELIVERED, "n-1", sent.remote_id)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4)), max_size=40), st.integers(1, 7))
def test_every_message_is_in_one_call_of_beems_and_no_number_twice(
    given_pairs: list[tuple[str, int]], most: int
) -> None:
    sent = [
        messages.message(f"m{place}", to=f"+2557000000{number}", content=SmsContent(body=text))
        for place, (text, number) in enumerate(given_pairs)
    ]
    calls = list(batches(sent, most))
    assert sorted(m.id for call in calls for m in call.messages) == sorted(m.id for m in sent)
    for call in calls:
        numbers = [m.target.value for m in call.messages]
        assert len(numbers) == len(set(numbers)) <= most
        assert all(isinstance(m.content, SmsContent) and m.content.body == call.text for m in call.messages)
