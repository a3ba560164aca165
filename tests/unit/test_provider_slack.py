"""Slack: every documented answer, what cannot be smuggled into a message, and channels that are throttled."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.slack import ENTRY
from clarion.providers.slack.answers import CODES, HOOK_GONE, WRONG_ACCOUNT, judge, judge_hook
from clarion.providers.slack.blocks import MOST_BLOCKS, SECTION, message_of
from clarion.testing.host import MemoryHost
from clarion.testing.messages import message
from clarion.testing.simulators.simulator import Fault, Trick
from clarion.testing.simulators.slack import TOKEN, SlackSimulator

RECORDED = Path(__file__).parent.parent / "recorded" / "slack"
CHANNEL = "C0123456789"
HOOK = "https://hooks.slack.com/services/T000/B000/XXXX"


@pytest.fixture
def slack() -> Iterator[SlackSimulator]:
    with SlackSimulator() as simulator:
        yield simulator


def open_provider(slack: SlackSimulator, token: str = TOKEN) -> Provider:
    url = parse_account_url(f"slack://{token}@?endpoint={slack.url}&timeout=2")
    return ENTRY.open(url, ChannelKey.CHAT, MemoryHost().host())


def chat(key: str, *, to: str = CHANNEL, text: str = "Hello", title: str = "", **data: Any) -> Message:
    return message(key, to=to, content=ChatContent(text=text, title=title, data=data))


def send(slack: SlackSimulator, *batch: Message, token: str = TOKEN) -> dict[str, Outcome]:
    with closing(open_provider(slack, token)) as provider:
        return dict(provider.send(batch))


def answer(body: object, status: int = 200, **headers: str) -> Response:
    return Response(status=status, headers=headers, body=json.dumps(body).encode())


def recorded(name: str) -> Response:
    """An example of Slack's own documentation."""
    return Response(status=200, headers={}, body=(RECORDED / f"{name}.json").read_bytes())


def test_slacks_own_examples_are_read() -> None:
    assert judge(recorded("posted")) == Sent(remote_id="1503435956.000247")
    assert judge(recorded("refused")) == Rejected(why=Reason.TOO_LARGE, detail="too_many_attachments")
    with pytest.raises(Misconfigured, match="missing_scope"):
        judge(recorded("missing_scope"))


def test_a_message_is_a_header_and_a_section_and_carries_our_id(slack: SlackSimulator) -> None:
    outcome = send(slack, chat("n1", title="Order *42*", text="shipped & gone"))["n1"]
    assert outcome == Sent(remote_id="1503435956.000001")
    assert slack.posted == [
        {
            "text": "Order *42*\nshipped &amp; gone",
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": "Order *42*", "emoji": True}},
                {"type": "section", "text": {"type": "mrkdwn", "text": "shipped &amp; gone"}},
            ],
            "metadata": {"event_type": "clarion_notification", "event_payload": {"notification_id": "n1"}},
            "channel": CHANNEL,
        }
    ]


@pytest.mark.parametrize(
    "smuggled", ["<!channel>", "<!here|x>", "<@U0123456789>", "<https://evil.example|bank>", "&lt;"]
)
def test_no_value_can_call_a_channel_or_hide_a_link(smuggled: str) -> None:
    made = json.dumps(message_of(ChatContent(text=f"Hi {smuggled}", title=""), threads=True))
    assert smuggled.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in made
    assert "<" not in made
    assert ">" not in made


def test_a_long_text_is_parted_and_loses_nothing_not_even_an_entity() -> None:
    text = "&" * (SECTION // 2) + "word " * 700
    blocks: Any = message_of(ChatContent(text=text), threads=True)["blocks"]
    parts = [block["text"]["text"] for block in blocks]
    assert all(1 <= len(part) <= SECTION for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace("&", "&amp;").replace(" ", "")
    assert all(part.count("&") == part.count("&amp;") for part in parts)


def test_the_callers_own_blocks_and_thread_are_taken(slack: SlackSimulator) -> None:
    blocks = [{"type": "divider"}, {"type": "section", "text": {"type": "mrkdwn", "text": "*own*"}}]
    ours = chat("n1", blocks=blocks, thread_ts="1503435956.000247", reply_broadcast=True, unfurl_links=False)
    assert isinstance(send(slack, ours)["n1"], Sent)
    taken = slack.posted[0]
    assert (taken["blocks"], taken["thread_ts"], taken["reply_broadcast"], taken["unfurl_links"]) == (
        blocks,
        "1503435956.000247",
        True,
        False,
    )


@pytest.mark.parametrize(
    "data",
    [
        {"blocks": "no list"},
        {"blocks": []},
        {"blocks": [{"type": "divider"}] * (MOST_BLOCKS + 1)},
        {"blocks": [{"no": "type"}]},
        {"thread_ts": "yesterday"},
        {"thread_ts": 1503435956.000247},
    ],
)
def test_data_that_slack_cannot_take_is_rejected_unsent(data: dict[str, Any], slack: SlackSimulator) -> None:
    outcome = send(slack, chat("n1", **data))["n1"]
    assert isinstance(outcome, Rejected)
    assert outcome.why is Reason.CONTENT_REFUSED
    assert slack.calls == []


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_documented_error_has_its_outcome(code: str) -> None:
    outcome = judge(answer({"ok": False, "error": code}))
    if code in ("rate_limited", "ratelimited"):
        assert outcome == Retry(why=Reason.THROTTLED, after=timedelta(seconds=1), detail="rate limited")
        return
    expected = CODES[code]
    assert type(outcome) is type(expected)
    assert not isinstance(outcome, Sent)
    assert (outcome.why, outcome.detail) == (getattr(expected, "why", None), code)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("channel_not_found", Rejected(why=Reason.ADDRESS_UNREACHABLE, detail="channel_not_found")),
        ("is_archived", Rejected(why=Reason.ADDRESS_UNREACHABLE, suppress=True, detail="is_archived")),
        ("not_in_channel", Rejected(why=Reason.POLICY_REFUSED, detail="not_in_channel")),
        ("msg_too_long", Rejected(why=Reason.TOO_LARGE, detail="msg_too_long")),
        ("invalid_blocks", Rejected(why=Reason.CONTENT_REFUSED, detail="invalid_blocks")),
        ("service_unavailable", Retry(why=Reason.TEMPORARY, whole_account=True, detail="service_unavailable")),
        ("fatal_error", Unclear(why=Reason.TEMPORARY, detail="fatal_error")),
        ("what_is_this", Retry(why=Reason.UNRECOGNISED, detail="what_is_this")),
        ("<script>", Retry(why=Reason.UNRECOGNISED, detail="an unknown error")),
    ],
)
def test_some_outcomes_in_full(code: str, outcome: Outcome) -> None:
    assert judge(answer({"ok": False, "error": code})) == outcome


@pytest.mark.parametrize("code", sorted(WRONG_ACCOUNT))
def test_what_is_wrong_with_the_token_is_the_accounts_fault(code: str) -> None:
    with pytest.raises(Misconfigured, match=code):
        judge(answer({"ok": False, "error": code}))


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (
            Fault(status=429, headers={"Retry-After": "30"}),
            Retry(why=Reason.THROTTLED, after=timedelta(seconds=30), detail="rate limited"),
        ),
        (Fault(status=429), Retry(why=Reason.THROTTLED, after=timedelta(seconds=1), detail="rate limited")),
        (Fault(status=503, body=b"down"), Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503")),
        (Fault(trick=Trick.MALFORMED), Unclear(why=Reason.UNRECOGNISED, detail="the answer could not be read")),
        (Fault(trick=Trick.RESET_AFTER), Unclear(why=Reason.CONNECTION_LOST, detail="the connection broke")),
        (Fault(trick=Trick.SLOW, seconds=3), Unclear(why=Reason.TIMEOUT, detail="no answer in time")),
    ],
)
def test_a_misbehaving_slack_loses_and_doubles_nothing_in_silence(
    fault: Fault, outcome: Outcome, slack: SlackSimulator
) -> None:
    slack.script(fault)
    assert send(slack, chat("n1")) == {"n1": outcome}


def test_a_throttled_channel_waits_unasked_and_the_others_go_on(slack: SlackSimulator) -> None:
    slack.script(Fault(status=429, headers={"Retry-After": "30"}))
    with closing(open_provider(slack)) as provider:
        first = dict(provider.send([chat("n1")]))["n1"]
        rest = dict(provider.send([chat("n2"), chat("n3", to="C0987654321")]))
    assert isinstance(first, Retry)
    assert not first.untried
    waiting = rest["n2"]
    assert isinstance(waiting, Retry)
    assert waiting.untried
    assert waiting.after is not None
    assert timedelta(seconds=25) < waiting.after <= timedelta(seconds=30)
    assert isinstance(rest["n3"], Sent)
    assert len(slack.calls) == 2


def test_an_incoming_webhook_is_posted_to_without_token_or_channel(slack: SlackSimulator) -> None:
    assert send(slack, chat("n1", to=HOOK, title="T", thread_ts="1.2"), token="") == {"n1": Sent(detail="HTTP 200")}
    assert slack.calls[0].path == "/services/T000/B000/XXXX"
    assert "authorization" not in slack.calls[0].headers
    assert set(slack.posted[0]) == {"text", "blocks"}


@pytest.mark.parametrize(
    ("status", "word", "outcome"),
    [
        (400, "invalid_payload", Rejected(why=Reason.CONTENT_REFUSED, detail="invalid_payload")),
        (400, "user_not_found", Rejected(why=Reason.ADDRESS_UNREACHABLE, detail="user_not_found")),
        (403, "action_prohibited", Rejected(why=Reason.POLICY_REFUSED, detail="action_prohibited")),
        (
            403,
            "posting_to_general_channel_denied",
            Rejected(why=Reason.POLICY_REFUSED, detail="posting_to_general_channel_denied"),
        ),
        (404, "channel_not_found", Rejected(why=Reason.ADDRESS_UNREACHABLE, detail="channel_not_found")),
        *((404, word, Rejected(why=Reason.ENDPOINT_GONE, suppress=True, detail=word)) for word in sorted(HOOK_GONE)),
        (
            410,
            "channel_is_archived",
            Rejected(why=Reason.ADDRESS_UNREACHABLE, suppress=True, detail="channel_is_archived"),
        ),
        (500, "rollup_error", Unclear(why=Reason.TEMPORARY, detail="rollup_error")),
        (503, "", Retry(why=Reason.TEMPORARY, detail="HTTP 503")),
        (429, "rate_limited", Retry(why=Reason.THROTTLED, after=timedelta(seconds=1), detail="rate limited")),
        (401, "who knows", Retry(why=Reason.UNRECOGNISED, detail="HTTP 401")),
    ],
)
def test_every_documented_answer_of_a_webhook_has_its_outcome(status: int, word: str, outcome: Outcome) -> None:
    assert judge_hook(Response(status=status, headers={}, body=word.encode())) == outcome


@pytest.mark.parametrize(
    "target",
    [
        "https://hooks.slack.com.evil.example/services/T/B/X",
        "https://hooks.slack.com/services/../api/x",
        "https://hooks.slack.com/services/T/B/X?url=http://127.0.0.1",
        "https://example.com/services/T/B/X",
        "http://hooks.slack.com/services/T/B/X",
        "a channel",
    ],
)
def test_no_other_place_is_ever_called(target: str, slack: SlackSimulator) -> None:
    outcome = send(slack, chat("n1", to=target))["n1"]
    assert isinstance(outcome, Rejected)
    assert outcome.why is Reason.INVALID_ADDRESS
    assert slack.calls == []


def test_without_a_token_a_channel_is_no_address(slack: SlackSimulator) -> None:
    outcome = send(slack, chat("n1"), token="")["n1"]
    assert isinstance(outcome, Rejected)
    assert outcome.why is Reason.INVALID_ADDRESS
    assert slack.calls == []


@pytest.mark.parametrize(
    "url", ["slack://nonsense@", "slack://xoxb-1:secret@", "slack://xoxb-1@host", "slack://xoxb-1@?colour=blue"]
)
def test_a_url_that_cannot_work_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        ENTRY.open(parse_account_url(url), ChannelKey.CHAT, MemoryHost().host())
    assert "secret" not in str(caught.value)
    assert "nonsense" not in str(caught.value)


def test_the_probe_asks_whether_the_token_works(slack: SlackSimulator) -> None:
    with closing(open_provider(slack)) as provider:
        provider.probe()
        slack.script(Fault(status=500, body=b"oops"))
        with pytest.raises(Unreachable):
            provider.probe()
    with closing(open_provider(slack, "xoxb-wrong")) as provider, pytest.raises(Misconfigured, match="invalid_auth"):
        provider.probe()
    assert [call.path for call in slack.calls] == ["/auth.test"] * 3
