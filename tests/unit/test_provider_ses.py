"""SES: signing against botocore, every documented answer, bulk semantics, faults. Shapes are botocore's own."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.server import ThreadedMotoServer

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent
from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.message import Message, Target
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.ses import ENTRY, answers
from clarion.providers.ses.signing import Signer
from clarion.testing import messages
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.simulators.ses import KEY_ID, SECRET, SesSimulator
from clarion.testing.simulators.simulator import Fault, Trick

MODEL = botocore.session.get_session().get_service_model("sesv2")
SENDER = "no-reply@example.com"
CREDENTIALS = f"{KEY_ID}:{SECRET.replace('/', '%2F')}"


def open_ses(endpoint: str, options: str = "rate=100/s", credentials: str = CREDENTIALS) -> Provider:
    url = f"ses://{credentials}@eu-west-1?endpoint={endpoint}&{options}"
    return ENTRY.open(parse_account_url(url), ChannelKey.EMAIL, MemoryHost().host())


def send(provider: Provider, *batch: Message) -> dict[str, Outcome]:
    with closing(provider):
        return dict(provider.send(batch))


def rich(key: str, *, to: str = "ann@example.com", **content: Any) -> Message:
    return Message(
        id=key,
        notification_id=key,
        user_id="u",
        target=Target(value=to),
        content=EmailContent(**{"subject": "S", "text": "T", **content}),
        category="orders",
        tags=("campaign:spring", "vip"),
        created_at=messages.CREATED_AT,
    )


@pytest.fixture
def ses() -> Iterator[SesSimulator]:
    with SesSimulator() as simulator:
        yield simulator


# signing


@pytest.mark.parametrize("token", ["", "FwoGZXIvYXdzEXAMPLE=="])
@pytest.mark.parametrize(
    "base", ["https://email.eu-west-1.amazonaws.com", "http://127.0.0.1:4566", "https://proxy.example.com/ses"]
)
def test_the_signature_is_the_one_botocore_makes(base: str, token: str) -> None:
    path, body = "/v2/email/outbound-emails", '{"a": "ü"}'.encode()
    signer = Signer(key_id=KEY_ID, secret=SECRET, session_token=token, region="eu-west-1", base=base)
    request = AWSRequest(method="POST", url=base + path, data=body, headers={"content-type": "application/json"})
    SigV4Auth(Credentials(KEY_ID, SECRET, token or None), "ses", "eu-west-1").add_auth(request)
    signed_at = datetime.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = signer.headers("POST", path, body, now=signed_at)
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]
    assert ours.get("x-amz-security-token", "") == token


def test_the_key_of_the_day_changes_at_midnight() -> None:
    signer = Signer(key_id=KEY_ID, secret=SECRET, region="eu-west-1", base="https://email.eu-west-1.amazonaws.com")
    night = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
    fresh = Signer(key_id=KEY_ID, secret=SECRET, region="eu-west-1", base="https://email.eu-west-1.amazonaws.com")
    signer.headers("GET", "/", b"", now=night)
    after = night + timedelta(seconds=1)
    assert signer.headers("GET", "/", b"", now=after) == fresh.headers("GET", "/", b"", now=after)


# what is sent


def test_bulk_entries_carry_each_recipients_own_content_unchanged(ses: SesSimulator) -> None:
    batch = [
        rich(
            f"m-{number}",
            to=f"u{number}@example.com",
            subject=f"Grüße {number} {{{{s}}}}",
            text=f'"quoted" \\ back {{{{t}}}} {number}\n',
            html=f'<p class="x">{{{{h}}}} <b>{number}</b> &amp; ünï</p>',
            headers={"List-Unsubscribe": "<https://example.com/u>"},
        )
        for number in range(120)
    ]
    outcomes = send(open_ses(ses.url), *batch)
    assert all(isinstance(outcome, Sent) and outcome.remote_id for outcome in outcomes.values())
    assert len(ses.calls) == 3  # 50 + 50 + 20
    taken = {mail.tags["clarion_id"]: mail for mail in ses.taken}
    for message in batch:
        content, mail = message.content, taken[message.id]
        assert isinstance(content, EmailContent)
        assert (mail.recipient, mail.subject) == (message.target.value, content.subject)
        assert (mail.text, mail.html) == (content.text, content.html)
        assert mail.headers == {"List-Unsubscribe": "<https://example.com/u>", "Auto-Submitted": "auto-generated"}
        assert mail.tags == {"clarion_id": message.id, "category": "orders", "campaign": "spring", "vip": "yes"}


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4))
def test_any_text_survives_the_template(texts: list[str]) -> None:
    from clarion.providers.ses.account import read_account
    from clarion.providers.ses.requests import Prepared, bulk_body, prepare
    from clarion.testing.simulators.ses import _Bulk, _fill, msgspec

    account = read_account(parse_account_url(f"ses://{CREDENTIALS}@eu-west-1?rate=100/s"), MemoryHost().host())
    ready = [prepare(rich(f"m-{at}", text=text or "-", html=text or "-"), account) for at, text in enumerate(texts)]
    call = [one for one in ready if isinstance(one, Prepared) and one.entry]
    if not call:
        return
    sent = msgspec.json.decode(bulk_body(call, account), type=_Bulk)
    for one, entry in zip(call, sent.BulkEmailEntries, strict=True):
        data = msgspec.json.decode(entry.ReplacementEmailContent.ReplacementTemplate.ReplacementTemplateData)
        assert _fill(sent.DefaultContent.Template.TemplateContent.Html, data) == one.content.html


def test_both_kinds_of_call_have_the_shape_that_botocore_demands(ses: SesSimulator) -> None:
    send(
        open_ses(ses.url, "rate=100/s&configuration_set=main&tags=team:shop"),
        rich("a"),
        rich("b"),
        rich("c", text="é" * 10),
    )
    send(open_ses(ses.url, "bulk=no&configuration_set=main"), rich("d"))
    seen = set()
    for call in ses.calls:
        operation = "SendBulkEmail" if "bulk" in call.path else "SendEmail"
        body = __import__("json").loads(call.body)
        if operation == "SendEmail":
            body["Content"]["Raw"]["Data"] = body["Content"]["Raw"]["Data"].encode()
        report = ParamValidator().validate(body, MODEL.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()
        assert body["ConfigurationSetName"] == "main"
        seen.add(operation)
    assert seen == {"SendBulkEmail", "SendEmail"}


def test_a_single_call_carries_our_own_mime(ses: SesSimulator) -> None:
    send(open_ses(ses.url, "bulk=no"), rich("m-1", subject="Grüße", html="<p>x</p>", reply_to="help@example.com"))
    [mail] = ses.taken
    parsed = message_from_bytes(mail.raw)
    assert parsed["Message-ID"] == "<m-1@example.com>"
    assert parsed["Reply-To"] == "help@example.com"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert mail.tags["clarion_id"] == "m-1"


def test_mails_with_different_reply_addresses_or_bodies_share_no_bulk_call(ses: SesSimulator) -> None:
    batch = [rich(f"a-{n}", reply_to="a@example.com") for n in range(3)]
    batch += [rich(f"b-{n}", reply_to="b@example.com") for n in range(3)]
    batch += [rich(f"c-{n}", reply_to="b@example.com", html="<p>") for n in range(3)]
    assert all(isinstance(outcome, Sent) for outcome in send(open_ses(ses.url), *batch).values())
    assert len(ses.calls) == 3
    assert {mail.reply_to for mail in ses.taken} == {"a@example.com", "b@example.com"}
    assert [mail.html for mail in ses.taken if mail.tags["clarion_id"].startswith("c")] == ["<p>"] * 3


def test_what_a_bulk_call_cannot_carry_goes_alone(ses: SesSimulator) -> None:
    long = rich("long", text="x" * 262_200)
    foreign = rich("foreign", headers={"X-Note": "ü"})
    outcomes = send(open_ses(ses.url), rich("a"), rich("b"), long, foreign)
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert (
        sorted(call.path for call in ses.calls)
        == ["/v2/email/outbound-bulk-emails"] + ["/v2/email/outbound-emails"] * 2
    )


def test_a_bulk_call_stays_below_a_megabyte(ses: SesSimulator) -> None:
    batch = [rich(f"m-{n}", html='<a href="x">' * 5_000) for n in range(30)]
    assert all(isinstance(outcome, Sent) for outcome in send(open_ses(ses.url), *batch).values())
    assert max(len(call.body) for call in ses.calls) < 1_000_000
    assert len(ses.calls) == 4


def test_a_bulk_call_names_no_more_recipients_than_the_account_may_send_in_a_second(ses: SesSimulator) -> None:
    send(open_ses(ses.url, "rate=10/s"), *[rich(f"m-{n}") for n in range(30)])
    assert len(ses.calls) == 3


def test_one_bad_address_in_a_bulk_call_spoils_no_other(ses: SesSimulator) -> None:
    batch = [rich(f"m-{n}") for n in range(5)]
    batch[2] = rich("bad", to="ann@-example.com")
    outcomes = send(open_ses(ses.url), *batch)
    assert outcomes.pop("bad") == Rejected(why=Reason.INVALID_ADDRESS, detail="BadRequestException")
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert set(ses.accepted.values()) == {1}


def test_a_fault_half_way_through_a_call_sent_one_by_one_hides_nothing_that_was_taken(ses: SesSimulator) -> None:
    spoiled = Fault(status=400, body=b'{"__type": "BadRequestException", "message": "Illegal address"}')
    ses.script(spoiled, *[Fault(status=200, body=b'{"MessageId": "r"}')] * 3, Fault(status=403))
    told: dict[str, Outcome] = {}
    batch = [rich(f"m-{n}", to=f"u{n}@example.com") for n in range(9)]
    with closing(open_ses(ses.url, "concurrency=1")) as provider, pytest.raises(Misconfigured):
        told.update(one for one in provider.send(batch))
    assert told == {f"m-{n}": Sent(remote_id="r") for n in range(3)}
    assert len(ses.calls) == 5


def test_what_is_sent_one_by_one_has_many_calls_in_flight(ses: SesSimulator) -> None:
    spoiled = Fault(status=400, body=b'{"__type": "BadRequestException", "message": "Illegal address"}')
    ses.script(spoiled, *[Fault(trick=Trick.SLOW, seconds=0.4)] * 16)
    begun = time.monotonic()
    outcomes = send(open_ses(ses.url), *[rich(f"m-{n}") for n in range(16)])
    assert all(isinstance(outcome, Sent) for outcome in outcomes.values())
    assert len(outcomes) == 16
    assert time.monotonic() - begun < 3.2  # one after the other takes 6.4


def test_an_address_ses_cannot_write_down_is_refused_without_a_call(ses: SesSimulator) -> None:
    outcomes = send(open_ses(ses.url), rich("m-1", to="jörg@example.com"))
    assert outcomes == {"m-1": Rejected(why=Reason.INVALID_ADDRESS, detail="SES takes ASCII before the @ only")}
    assert ses.calls == []


# partial bulk answers


def test_entries_have_outcomes_of_their_own(ses: SesSimulator) -> None:
    ses.entry_status = {
        "u1@example.com": "ACCOUNT_THROTTLED",
        "u2@example.com": "ACCOUNT_DAILY_QUOTA_EXCEEDED",
        "u3@example.com": "MESSAGE_REJECTED",
        "u4@example.com": "TRANSIENT_FAILURE",
        "u5@example.com": "FAILED",
        "u6@example.com": "INVALID_PARAMETER",
        "u7@example.com": "SOMETHING_NEW",
    }
    outcomes = send(open_ses(ses.url), *[rich(f"m-{n}", to=f"u{n}@example.com") for n in range(8)])
    assert isinstance(outcomes["m-0"], Sent)
    assert outcomes["m-1"] == Retry(why=Reason.THROTTLED, whole_account=True, detail="ACCOUNT_THROTTLED")
    assert outcomes["m-2"] == Retry(
        why=Reason.THROTTLED,
        whole_account=True,
        after=timedelta(minutes=15),
        detail="ACCOUNT_DAILY_QUOTA_EXCEEDED",
    )
    assert outcomes["m-3"] == Rejected(why=Reason.CONTENT_REFUSED, detail="MessageRejected")
    assert outcomes["m-4"] == Retry(why=Reason.TEMPORARY, detail="TRANSIENT_FAILURE")
    assert outcomes["m-5"] == Retry(why=Reason.TEMPORARY, detail="FAILED")
    assert outcomes["m-6"] == Rejected(why=Reason.CONTENT_REFUSED, detail="BadRequestException")
    assert outcomes["m-7"] == Retry(why=Reason.UNRECOGNISED, detail="an entry status that is not known")


@pytest.mark.parametrize("status", sorted(answers.ENTRY_ACCOUNT))
def test_an_entry_that_blames_the_account_is_a_fault_after_what_was_taken_is_told(
    ses: SesSimulator, status: str
) -> None:
    ses.entry_status = {"u1@example.com": status}
    told: dict[str, Outcome] = {}
    batch = [rich(f"m-{n}", to=f"u{n}@example.com") for n in range(3)]
    with closing(open_ses(ses.url)) as provider, pytest.raises(Misconfigured, match=status):
        told.update(one for one in provider.send(batch))
    assert set(told) == {"m-0", "m-2"}
    assert all(isinstance(outcome, Sent) for outcome in told.values())


def test_every_entry_status_of_the_model_is_in_a_table() -> None:
    documented = set(MODEL.shape_for("BulkEmailStatus").enum)
    known = {"SUCCESS", *answers.ENTRY_ACCOUNT, *answers.ENTRIES, *answers.ENTRY_REJECTED}
    assert documented - known == set()


def test_an_answer_with_fewer_entries_leaves_the_rest_unclear() -> None:
    body = b'{"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "x"}]}'
    outcomes = answers.judge_bulk(Response(status=200, headers={}, body=body), count=2, sender=SENDER)
    assert outcomes is not None
    assert [type(outcome) for outcome in outcomes] == [Sent, Unclear]


# answers


def answer(code: str, message: str = "", status: int = 400) -> Outcome:
    body = f'{{"message": "{message}"}}'.encode()
    return answers.judge(Response(status=status, headers={"x-amzn-ErrorType": code}, body=body), sender=SENDER)


def test_every_documented_error_of_sending_is_in_a_table() -> None:
    documented = {
        shape.name
        for operation in ("SendEmail", "SendBulkEmail", "GetAccount")
        for shape in MODEL.operation_model(operation).error_shapes
    }
    assert documented - {*answers.ACCOUNT, *answers.RETRY, *answers.REJECTED} == set()


@pytest.mark.parametrize("code", sorted(answers.ACCOUNT))
def test_refusals_of_the_account_are_misconfigured(code: str) -> None:
    with pytest.raises(Misconfigured, match=code):
        answer(code)


@pytest.mark.parametrize("code", sorted(answers.RETRY))
def test_what_may_pass_is_retried_and_throttling_told_apart(code: str) -> None:
    reason, whole_account = answers.RETRY[code]
    assert answer(code) == Retry(why=reason, whole_account=whole_account, detail=code)
    assert (reason is Reason.THROTTLED) == (
        code in {"TooManyRequestsException", "LimitExceededException"} or "Thrott" in code
    )


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("MessageRejected", "Email contains a virus", Rejected(why=Reason.CONTENT_REFUSED, detail="MessageRejected")),
        (
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region EU-WEST-1: bob@x.com",
            Rejected(why=Reason.POLICY_REFUSED, detail="the account is in the SES sandbox: recipient not verified"),
        ),
        (
            "BadRequestException",
            "Missing final '@domain'",
            Rejected(why=Reason.INVALID_ADDRESS, detail="BadRequestException"),
        ),
        (
            "BadRequestException",
            "Message length is more than 41943040 bytes long: '41943041'.",
            Rejected(why=Reason.TOO_LARGE, detail="BadRequestException"),
        ),
        ("ValidationException", "odd", Rejected(why=Reason.CONTENT_REFUSED, detail="ValidationException")),
        ("RequestEntityTooLargeException", "", Rejected(why=Reason.TOO_LARGE, detail="RequestEntityTooLargeException")),
        ("NeverHeardOf", "odd", Retry(why=Reason.UNRECOGNISED, detail="HTTP 400 NeverHeardOf")),
        (
            "TooManyRequestsException",
            "Daily message quota exceeded.",
            Retry(
                why=Reason.THROTTLED,
                after=timedelta(minutes=15),
                whole_account=True,
                detail="TooManyRequestsException",
            ),
        ),
        (
            "TooManyRequestsException",
            "Maximum sending rate exceeded.",
            Retry(why=Reason.THROTTLED, whole_account=True, detail="TooManyRequestsException"),
        ),
    ],
)
def test_texts_refine_the_codes(code: str, message: str, expected: Outcome) -> None:
    assert answer(code, message) == expected


@pytest.mark.parametrize("identity", [SENDER, "example.com"])
def test_a_sender_that_is_not_verified_is_the_accounts_fault(identity: str) -> None:
    text = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
    with pytest.raises(Misconfigured, match="verified the sender"):
        answer("MessageRejected", text + identity)


def test_the_error_code_is_also_found_in_the_body() -> None:
    body = b'{"__type": "com.amazonaws.sesv2#TooManyRequestsException:http://x", "Message": "slow"}'
    outcome = answers.judge(Response(status=429, headers={}, body=body), sender=SENDER)
    assert outcome == Retry(why=Reason.THROTTLED, whole_account=True, detail="TooManyRequestsException")


# faults on the wire


THROTTLED = Retry(why=Reason.THROTTLED, whole_account=True, detail="HTTP 429")
UNREADABLE = "SES answered 200 with a body that cannot be read"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=429, headers={"Retry-After": "7"}), replace(THROTTLED, after=timedelta(seconds=7))),
        (Fault(status=429), THROTTLED),
        (Fault(status=503), Retry(why=Reason.TEMPORARY, whole_account=True, detail="HTTP 503")),
        (Fault(trick=Trick.RESET_AFTER), Unclear(why=Reason.CONNECTION_LOST, detail="the connection broke")),
        (Fault(trick=Trick.MALFORMED), Unclear(why=Reason.UNRECOGNISED, detail=UNREADABLE)),
        (Fault(trick=Trick.SLOW, seconds=1.5), Unclear(why=Reason.TIMEOUT, detail="no answer in time")),
    ],
)
@pytest.mark.parametrize("count", [1, 3])
def test_faults_of_the_wire(ses: SesSimulator, fault: Fault, expected: Outcome, count: int) -> None:
    ses.script(fault)
    options = "rate=100/s&timeout=1" if fault.trick is Trick.SLOW else "rate=100/s&timeout=20"
    assert send(open_ses(ses.url, options), *[rich(f"m-{n}") for n in range(count)]) == {
        f"m-{n}": expected for n in range(count)
    }


def test_a_probe_says_when_the_account_may_not_send(ses: SesSimulator) -> None:
    ses.sending_enabled = False
    with closing(open_ses(ses.url)) as provider, pytest.raises(Misconfigured, match="switched off sending"):
        provider.probe()
    ses.script(Fault(status=503))
    with closing(open_ses(ses.url)) as provider, pytest.raises(Unreachable):
        provider.probe()


# the account


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ses://@eu-west-1", "access key"),
        ("ses://KEY@eu-west-1", "access key"),
        ("ses://KEY:SECRET@nowhere", "region"),
        ("ses://KEY:SECRET@eu-west-1?from=nobody", "from="),
        ("ses://KEY:SECRET@eu-west-1?from=j%C3%B6rg@example.com", "ASCII"),
        ("ses://KEY:SECRET@eu-west-1?tags=a", "tags="),
        ("ses://KEY:SECRET@eu-west-1?topic=mine", "topic="),
        ("ses://KEY:SECRET@eu-west-1?bulk=maybe", "bulk="),
        ("ses://KEY:SECRET@eu-west-1?colour=red", "unknown option colour"),
    ],
)
def test_bad_urls_are_refused_with_what_to_write(url: str, expected: str) -> None:
    with pytest.raises(Misconfigured, match=expected) as caught:
        ENTRY.open(parse_account_url(url), ChannelKey.EMAIL, MemoryHost().host())
    assert "SECRET@" not in str(caught.value).replace("KEY_ID:SECRET@eu-west-1", "")


def test_regions_in_china_have_their_own_host() -> None:
    from clarion.providers.ses.account import read_account

    def home(region: str) -> str:
        return read_account(parse_account_url(f"ses://K:S@{region}"), MemoryHost().host()).home

    assert home("eu-west-1") == "https://email.eu-west-1.amazonaws.com"
    assert home("us-gov-west-1") == "https://email.us-gov-west-1.amazonaws.com"
    assert home("cn-north-1") == "https://email.cn-north-1.amazonaws.com.cn"


def test_nobody_listens() -> None:
    with closing(open_ses(f"http://127.0.0.1:{free_port()}")) as provider, pytest.raises(Unreachable):
        list(provider.send([rich("m-1")]))


# moto: what others think SES is


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with mock_aws():
        server = ThreadedMotoServer(port=0, verbose=False)
        server.start()
        yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        server.stop()


def test_moto_takes_a_mail_of_ours_and_refuses_a_sender_it_has_not_verified(moto: str) -> None:
    import boto3

    refused = send(open_ses(moto, "bulk=no&from=shop@unverified.example"), rich("m-0"))  # in words SES does not use
    assert refused == {"m-0": Rejected(why=Reason.CONTENT_REFUSED, detail="MessageRejected")}
    client = boto3.client(
        "sesv2", region_name="eu-west-1", endpoint_url=moto, aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET
    )
    client.create_email_identity(EmailIdentity=SENDER)
    client.close()
    outcomes = send(open_ses(moto, "bulk=no"), rich("m-1", subject="Grüße", html="<p>x</p>"))
    assert isinstance(outcomes["m-1"], Sent)
    assert outcomes["m-1"].remote_id
