"""The SMTP provider over real sockets: pipelining, refusals, lost connections, TLS, credentials, smuggling."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as AioSmtp
from aiosmtpd.smtp import Envelope, Session
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent
from clarion.contract.faults import Misconfigured, ProviderFault, Unreachable
from clarion.contract.message import Message, Target
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.providers.smtp import ENTRY
from clarion.providers.smtp.connection import Connection, ConnectionLost, Reply
from clarion.providers.smtp.envelope import stuff
from clarion.providers.smtp.replies import Stage, accepted, classify
from clarion.testing.certificates import make_certificate, server_context
from clarion.testing.host import MemoryHost
from clarion.testing.loopback import free_port
from clarion.testing.messages import email
from clarion.testing.smtp_sink import FEATURES, HANG, RESET, SmtpSink


@pytest.fixture(params=["pipelined", "stepwise"])
def sink(request: pytest.FixtureRequest) -> Iterator[SmtpSink]:
    features = FEATURES if request.param == "pipelined" else FEATURES[1:]
    with SmtpSink(features=features) as server:
        yield server


@pytest.fixture
def pipelined() -> Iterator[SmtpSink]:
    with SmtpSink() as server:
        yield server


def open_provider(port: int, options: str = "", *, user: str = "", host: str = "127.0.0.1") -> Provider:
    at = f"{user}@" if user else ""
    url = parse_account_url(f"smtp://{at}{host}:{port}?timeout=0.5&concurrency=1&{options}")
    return ENTRY.open(url, ChannelKey.EMAIL, MemoryHost().host())


def mails(*names: str) -> list[Message]:
    return [email(name, to=f"{name}@example.com") for name in names]


def deliver(
    port: int, batch: list[Message], options: str = "", *, user: str = "", host: str = "127.0.0.1"
) -> tuple[dict[str, Outcome], ProviderFault | None]:
    outcomes: dict[str, Outcome] = {}
    with closing(open_provider(port, options, user=user, host=host)) as provider:
        try:
            for key, outcome in provider.send(batch):
                assert key not in outcomes
                outcomes[key] = outcome
        except ProviderFault as fault:
            return outcomes, fault
    return outcomes, None


def test_a_mail_arrives_as_it_was_written(sink: SmtpSink) -> None:
    outcomes, fault = deliver(sink.port, mails("ann"))
    assert fault is None
    assert outcomes == {"ann": Sent(remote_id="Q000001", detail="250 2.0.0")}
    (taken,) = sink.taken
    assert (taken.sender, taken.recipients) == ("no-reply@example.com", ("ann@example.com",))
    parsed = message_from_bytes(taken.source, policy=default)
    assert (parsed["Subject"], parsed["Message-ID"]) == ("Subject ann", "<ann@example.com>")


def test_a_pipelined_mail_costs_one_write_for_the_next_envelope_and_its_source(pipelined: SmtpSink) -> None:
    deliver(pipelined.port, mails("a", "b", "c", "d"))
    assert pipelined.recipients() == ["a@example.com", "b@example.com", "c@example.com", "d@example.com"]
    # EHLO; envelope of a; source + envelope three times; last source
    assert len(pipelined.writes) == 1 + 1 + 3 + 1


def test_the_switch_turns_pipelining_off(pipelined: SmtpSink) -> None:
    deliver(pipelined.port, mails("a", "b"), "pipelining=no")
    assert len(pipelined.writes) == 1 + 2 * 4


def test_a_refused_recipient_is_reset_and_the_next_goes_through(sink: SmtpSink) -> None:
    sink.replies[("RCPT", "b@example.com")] = "550 5.1.1 <b@example.com> unknown"
    outcomes, fault = deliver(sink.port, mails("a", "b", "c"))
    assert fault is None
    assert outcomes["b"] == Rejected(why=Reason.ADDRESS_UNREACHABLE, suppress=True, detail="550 5.1.1 at RCPT")
    assert sink.recipients() == ["a@example.com", "c@example.com"]
    assert sink.commands.count("RSET") == 1
    assert sink.connections == 1


def test_every_recipient_refused_leaves_nothing_taken(sink: SmtpSink) -> None:
    for name in "abc":
        sink.replies[("RCPT", f"{name}@example.com")] = "550 5.1.1 unknown"
    outcomes, fault = deliver(sink.port, mails("a", "b", "c"))
    assert fault is None
    assert {type(outcome) for outcome in outcomes.values()} == {Rejected}
    assert sink.taken == []


def test_a_server_that_says_354_to_nobody_gets_an_empty_mail_and_takes_none() -> None:
    with SmtpSink(says_354_to_nobody=True) as sink:
        sink.replies[("RCPT", "b@example.com")] = "550 5.1.1 unknown"
        outcomes, _ = deliver(sink.port, mails("a", "b", "c"))
        assert isinstance(outcomes["b"], Rejected)
        assert sink.recipients() == ["a@example.com", "c@example.com"]


@pytest.mark.parametrize(
    ("stage", "reply", "outcome"),
    [
        ("RCPT", "450 4.2.0 greylisted", Retry(why=Reason.TEMPORARY, detail="450 4.2.0 at RCPT")),
        ("DATA", "451 4.3.0 later", Retry(why=Reason.TEMPORARY, detail="451 4.3.0 at DATA")),
        ("END", "552 5.3.4 too big", Rejected(why=Reason.TOO_LARGE, detail="552 5.3.4 at DATA")),
        ("END", "554 5.6.0 spam", Rejected(why=Reason.CONTENT_REFUSED, detail="554 5.6.0 at DATA")),
        ("END", "452 4.2.2 full", Retry(why=Reason.MAILBOX_FULL, detail="452 4.2.2 at DATA")),
    ],
)
def test_a_refusal_at_any_stage_spoils_no_neighbour(sink: SmtpSink, stage: str, reply: str, outcome: Outcome) -> None:
    sink.replies[(stage, "b@example.com")] = reply
    outcomes, fault = deliver(sink.port, mails("a", "b", "c"))
    assert fault is None
    assert outcomes["b"] == outcome
    assert sink.recipients() == ["a@example.com", "c@example.com"]


@pytest.mark.parametrize(("trick", "why"), [(RESET, Reason.CONNECTION_LOST), (HANG, Reason.TIMEOUT)])
def test_lost_after_the_final_dot_is_unclear_and_not_sent_again(sink: SmtpSink, trick: str, why: Reason) -> None:
    sink.replies[("END", "b@example.com")] = trick
    outcomes, fault = deliver(sink.port, mails("a", "b", "c"))
    assert fault is None
    assert outcomes["b"] == Unclear(why=why, detail="no reply after the final dot")
    assert isinstance(outcomes["a"], Sent)
    assert isinstance(outcomes["c"], Sent)
    assert sink.recipients() == ["a@example.com", "b@example.com", "c@example.com"]


@pytest.mark.parametrize("trick", [RESET, HANG, "421 4.7.0 slow down"])
@pytest.mark.parametrize("stage", ["RCPT", "DATA"])
def test_lost_before_the_final_dot_goes_over_a_new_connection_once(sink: SmtpSink, stage: str, trick: str) -> None:
    sink.replies[(stage, "b@example.com")] = [trick]
    outcomes, fault = deliver(sink.port, mails("a", "b", "c"))
    assert fault is None
    assert {type(outcome) for outcome in outcomes.values()} == {Sent}
    assert sorted(sink.recipients()) == ["a@example.com", "b@example.com", "c@example.com"]
    assert sink.connections == 2


def test_a_mail_that_always_loses_its_connection_is_retried_later_and_holds_nobody_up(sink: SmtpSink) -> None:
    sink.replies[("RCPT", "b@example.com")] = RESET
    outcomes, fault = deliver(sink.port, mails("a", "b", "c"))
    assert fault is None
    assert isinstance(outcomes["b"], Retry)
    assert sorted(sink.recipients()) == ["a@example.com", "c@example.com"]


def test_a_server_that_always_says_421_throttles_the_whole_account(sink: SmtpSink) -> None:
    sink.replies[("MAIL", "")] = "421 4.7.0 too much"
    outcomes, fault = deliver(sink.port, mails("a"))
    assert fault is None
    outcome = outcomes["a"]
    assert isinstance(outcome, Retry)
    assert (outcome.why, outcome.whole_account) == (Reason.THROTTLED, True)
    assert sink.taken == []


def test_421_after_the_source_is_a_retry_and_the_next_goes_on(sink: SmtpSink) -> None:
    sink.replies[("END", "a@example.com")] = ["421 4.3.2 closing"]
    outcomes, fault = deliver(sink.port, mails("a", "b"))
    assert fault is None
    assert outcomes["a"] == Retry(why=Reason.TEMPORARY, whole_account=True, detail="421 4.3.2 at DATA")
    assert isinstance(outcomes["b"], Sent)
    assert sink.recipients() == ["b@example.com"]


def test_a_pooled_connection_that_died_is_replaced(sink: SmtpSink) -> None:
    with closing(open_provider(sink.port)) as provider:
        assert len(list(provider.send(mails("a")))) == 1
        sink.drop_connections()
        (pair,) = provider.send(mails("b"))
        assert isinstance(pair[1], Sent)
    assert sink.recipients() == ["a@example.com", "b@example.com"]


def test_connections_are_kept_between_batches_and_closed_when_idle(sink: SmtpSink) -> None:
    with closing(open_provider(sink.port, "idle=0.1")) as provider:
        list(provider.send(mails("a")))
        list(provider.send(mails("b")))
        assert sink.connections == 1
        deadline = time.monotonic() + 3
        while sink.open and time.monotonic() < deadline:
            time.sleep(0.02)
        assert sink.open == set()


def test_a_connection_carries_no_more_than_its_share(sink: SmtpSink) -> None:
    outcomes, _ = deliver(sink.port, mails(*"abcde"), "max_messages=2")
    assert len(outcomes) == 5
    assert sink.connections == 3


def test_a_batch_uses_several_connections(pipelined: SmtpSink) -> None:
    batch = [email(f"m{number}") for number in range(64)]
    outcomes, _ = deliver(pipelined.port, batch, "concurrency=4")
    assert len(outcomes) == 64
    assert pipelined.connections == 4


@pytest.mark.parametrize("greeting", ["554 5.3.2 no", "421 4.3.2 busy", "HTTP/1.1 200 OK", HANG, RESET])
def test_a_server_that_will_not_greet_is_unreachable(greeting: str) -> None:
    with SmtpSink() as sink:
        sink.replies[("GREETING", "")] = greeting
        outcomes, fault = deliver(sink.port, mails("a"))
        assert (outcomes, type(fault)) == ({}, Unreachable)
        assert sink.taken == []


def test_a_reply_without_end_is_cut_off() -> None:
    with SmtpSink() as sink:
        sink.replies[("EHLO", "")] = "250-" + "x" * 200_000
        assert isinstance(deliver(sink.port, mails("a"))[1], Unreachable)


def test_nobody_listening_is_unreachable() -> None:
    outcomes, fault = deliver(free_port(), mails("a", "b"))
    assert (outcomes, type(fault)) == ({}, Unreachable)


def test_a_refused_sender_is_misconfigured_and_nothing_is_told(sink: SmtpSink) -> None:
    sink.replies[("MAIL", "")] = "550 5.7.1 not yours to send as"
    outcomes, fault = deliver(sink.port, mails("a", "b"))
    assert (outcomes, type(fault)) == ({}, Misconfigured)
    assert sink.taken == []


# TLS and credentials


def test_required_starttls_that_is_not_offered_is_misconfigured(pipelined: SmtpSink) -> None:
    assert isinstance(deliver(pipelined.port, mails("a"), "tls=starttls")[1], Misconfigured)
    assert "MAIL" not in pipelined.commands


def test_a_password_never_goes_in_the_clear() -> None:
    with SmtpSink(credentials=("ann", "pw")) as sink:
        assert isinstance(deliver(sink.port, mails("a"), user="ann:pw")[1], Misconfigured)
        assert sink.commands == ["EHLO"]


@pytest.mark.parametrize("auth", ["PLAIN LOGIN", "LOGIN"])
def test_starttls_and_credentials(tmp_path: Path, auth: str) -> None:
    certificate = make_certificate(tmp_path)
    with SmtpSink(credentials=("ann", "pw"), starttls=server_context(certificate), auth=auth) as sink:
        for tls in ("starttls", "auto"):
            options = f"tls={tls}&ca={certificate}"
            outcomes, fault = deliver(sink.port, mails("a"), options, user="ann:pw", host="localhost")
            assert (fault, type(outcomes["a"])) == (None, Sent)
        assert sink.commands[:4] == ["EHLO", "STAR", "EHLO", "AUTH"]


def test_implicit_tls(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with SmtpSink(implicit_tls=server_context(certificate)) as sink:
        outcomes, fault = deliver(sink.port, mails("a", "b"), f"tls=implicit&ca={certificate}", host="localhost")
        assert fault is None
        assert len(outcomes) == 2


def test_an_unknown_certificate_is_misconfigured_unless_the_lab_says_so(tmp_path: Path) -> None:
    with SmtpSink(starttls=server_context(make_certificate(tmp_path))) as sink:
        outcomes, fault = deliver(sink.port, mails("a"), "tls=auto", host="localhost")
        assert (outcomes, type(fault), sink.taken) == ({}, Misconfigured, [])
        outcomes, fault = deliver(sink.port, mails("a"), "tls=starttls&verify=no", host="localhost")
        assert (fault, type(outcomes["a"])) == (None, Sent)


def test_a_server_that_cannot_check_passwords_now_is_unreachable() -> None:
    with SmtpSink(credentials=("ann", "pw")) as sink:
        sink.replies[("AUTH", "")] = "454 4.7.0 later"
        assert isinstance(deliver(sink.port, mails("a"), "auth_plaintext=yes", user="ann:pw")[1], Unreachable)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "smtp://h?tls=maybe",
        "smtp://h?verify=perhaps",
        "smtp://h?from=nobody",
        "smtp://h?timeout=-1",
        "smtp://h?concurrency=0",
        "smtp://h?colour=blue",
        "smtp://h?ca=/nowhere.pem",
        "smtp://h?endpoint=http://x",
    ],
)
def test_a_url_that_cannot_work_is_misconfigured(url: str) -> None:
    with pytest.raises(Misconfigured):
        ENTRY.open(parse_account_url(url), ChannelKey.EMAIL, MemoryHost().host())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_connections_of_its_own_and_leaves_the_parents_alone(pipelined: SmtpSink) -> None:
    with closing(open_provider(pipelined.port)) as provider:
        list(provider.send(mails("parent")))
        child = os.fork()
        if child == 0:
            (pair,) = provider.send(mails("child"))
            provider.close()
            os._exit(0 if isinstance(pair[1], Sent) else 1)
        assert os.waitpid(child, 0)[1] == 0
        list(provider.send(mails("again")))
    assert pipelined.recipients() == ["parent@example.com", "child@example.com", "again@example.com"]
    assert pipelined.connections == 2


# what a server says it can do


def test_a_mail_above_the_servers_size_is_not_begun() -> None:
    with SmtpSink(features=("PIPELINING", "SIZE 100")) as sink:
        outcomes, _ = deliver(sink.port, mails("a"))
        assert outcomes == {"a": Rejected(why=Reason.TOO_LARGE, detail="above the mail server's SIZE")}
        assert "MAIL" not in sink.commands


def test_an_address_outside_ascii_needs_a_server_that_takes_it() -> None:
    batch = [email("a", to="jürgen@example.com")]
    with SmtpSink() as sink:
        assert isinstance(deliver(sink.port, batch)[0]["a"], Sent)
        assert sink.recipients() == ["jürgen@example.com"]
    with SmtpSink(features=("PIPELINING",)) as sink:
        assert isinstance(deliver(sink.port, batch)[0]["a"], Rejected)
        assert "MAIL" not in sink.commands


# injection and smuggling


def written(text: str, subject: str = "Hi", to: str = "ann@example.com") -> Message:
    content = EmailContent(subject=subject, text=text)
    now = datetime.now(UTC)
    return Message(
        id="one", notification_id="one", user_id="u", target=Target(value=to), content=content, created_at=now
    )


@pytest.mark.parametrize("to", ["a@example.com>\r\nRCPT TO:<evil@example.net", "a@example.com> SIZE=1", "a b@c.d", ""])
def test_an_address_cannot_carry_a_command(to: str, pipelined: SmtpSink) -> None:
    outcomes, _ = deliver(pipelined.port, [written("x", to=to), *mails("ok")])
    outcome = outcomes["one"]
    assert isinstance(outcome, Rejected)
    assert outcome.why is Reason.INVALID_ADDRESS
    assert pipelined.recipients() == ["ok@example.com"]


def test_a_subject_cannot_carry_a_header(pipelined: SmtpSink) -> None:
    outcomes, _ = deliver(pipelined.port, [written("x", subject="Hi\r\nBcc: evil@example.net")])
    outcome = outcomes["one"]
    assert isinstance(outcome, Rejected)
    assert outcome.why is Reason.CONTENT_REFUSED
    assert pipelined.taken == []


class Keeper:
    """A handler for aiosmtpd that keeps what it gets."""

    def __init__(self) -> None:
        self.sources: list[bytes] = []

    async def handle_DATA(self, server: AioSmtp, session: Session, envelope: Envelope) -> str:
        self.sources.append(envelope.content or b"")  # type: ignore[arg-type]
        return "250 OK"


SECOND = "MAIL FROM:<evil@example.net>\r\nRCPT TO:<v@example.net>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"


@pytest.mark.parametrize(
    "end", ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r\n", "\r\n.\n", "\r\n.\r", "\n\n.\r\n", "\0.\r\n"]
)
def test_no_end_of_mail_can_be_smuggled_in(end: str) -> None:
    keeper = Keeper()
    port = free_port()
    controller = Controller(keeper, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        outcomes, fault = deliver(port, [written(f"hello{end}{SECOND}")])
    finally:
        controller.stop()
    assert (fault, type(outcomes["one"])) == (None, Sent)
    (source,) = keeper.sources
    assert message_from_bytes(source, policy=default)["Subject"] == "Hi"


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b"")), max_size=12))
def test_stuffing_can_be_undone_and_ends_only_at_the_end(lines: list[bytes]) -> None:
    source = b"".join(line + b"\r\n" for line in lines)
    wire = stuff(source)
    assert (b"\r\n" + wire).index(b"\r\n.\r\n") == len(wire) - 3
    undone = [line[1:] if line.startswith(b".") else line for line in wire.split(b"\r\n")[:-2]]
    assert b"".join(line + b"\r\n" for line in undone) == (source or b"\r\n")


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"250 ok\r\n", b"250-a\r\n", b"220"]), max_size=8))
def test_no_bytes_from_a_server_break_the_reading(chunks: list[bytes]) -> None:
    async def read() -> None:
        connection = Connection(timeout=1)
        for chunk in chunks:
            connection.data_received(chunk)
        connection.connection_lost(None)
        while True:
            try:
                reply = await connection.reply()
            except ConnectionLost:
                return
            assert 0 <= reply.code <= 999

    asyncio.run(read())


def test_a_host_that_is_no_name_is_misconfigured() -> None:
    assert isinstance(deliver(25, mails("a"), host="a..b")[1], Misconfigured)


def test_a_generator_closed_half_way_hands_nothing_more_over(pipelined: SmtpSink) -> None:
    with closing(open_provider(pipelined.port)) as provider:
        results = provider.send([email(f"m{number}") for number in range(400)])
        next(results)
        results.close()  # type: ignore[attr-defined]
        taken = len(pipelined.taken)
        time.sleep(0.1)
        assert len(pipelined.taken) - taken <= 1
        assert pipelined.open == set()


# the table of codes

CODES: list[tuple[Stage, int, str, Outcome]] = [
    (Stage.RCPT, 550, "5.1.1 x", Rejected(why=Reason.ADDRESS_UNREACHABLE, suppress=True, detail="550 5.1.1 at RCPT")),
    (Stage.RCPT, 550, "no such user", Rejected(why=Reason.ADDRESS_UNREACHABLE, detail="550 at RCPT")),
    (Stage.RCPT, 550, "5.7.1 x", Rejected(why=Reason.POLICY_REFUSED, detail="550 5.7.1 at RCPT")),
    (Stage.RCPT, 552, "5.2.2 x", Rejected(why=Reason.MAILBOX_FULL, detail="552 5.2.2 at RCPT")),
    (Stage.RCPT, 553, "x", Rejected(why=Reason.INVALID_ADDRESS, detail="553 at RCPT")),
    (Stage.RCPT, 599, "x", Rejected(why=Reason.UNRECOGNISED, detail="599 at RCPT")),
    (Stage.RCPT, 452, "4.5.3 x", Retry(why=Reason.THROTTLED, detail="452 4.5.3 at RCPT")),
    (Stage.RCPT, 451, "4.7.1 x", Retry(why=Reason.THROTTLED, detail="451 4.7.1 at RCPT")),
    (Stage.RCPT, 451, "x", Retry(why=Reason.TEMPORARY, detail="451 at RCPT")),
    (Stage.MAIL, 451, "x", Retry(why=Reason.TEMPORARY, whole_account=True, detail="451 at MAIL")),
    (Stage.MAIL, 552, "5.3.4 x", Rejected(why=Reason.TOO_LARGE, detail="552 5.3.4 at MAIL")),
    (Stage.DATA, 554, "x", Rejected(why=Reason.CONTENT_REFUSED, detail="554 at DATA")),
    (Stage.DATA, 550, "5.4.5 x", Retry(why=Reason.THROTTLED, whole_account=True, detail="550 5.4.5 at DATA")),
]


@pytest.mark.parametrize(("stage", "code", "text", "outcome"), CODES)
def test_a_reply_has_one_meaning(stage: Stage, code: int, text: str, outcome: Outcome) -> None:
    assert classify(stage, Reply(code=code, lines=(text,))) == outcome


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        (Stage.MAIL, 530, "5.7.0 auth required"),
        (Stage.RCPT, 530, "auth required"),
        (Stage.MAIL, 550, "no"),
        (Stage.DATA, 554, "5.7.60 not as this sender"),
    ],
)
def test_a_reply_about_the_account_is_misconfigured(stage: Stage, code: int, text: str) -> None:
    with pytest.raises(Misconfigured):
        classify(stage, Reply(code=code, lines=(text,)))


@pytest.mark.parametrize(
    ("text", "remote_id"),
    [
        ("2.0.0 Ok: queued as 4XyZ123abc", "4XyZ123abc"),
        ("OK id=1tDabc-0001", "1tDabc-0001"),
        ("2.0.0 OK 1700000000 abc - gsmtp", ""),
        ("", ""),
    ],
)
def test_the_queue_id_is_kept_where_the_server_names_one(text: str, remote_id: str) -> None:
    assert accepted(Reply(code=250, lines=(text,))).remote_id == remote_id
