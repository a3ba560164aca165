"""The guard against server-side request forgery: addresses, spellings, rebinding. The canary hears nothing."""
# ruff: noqa: SIM905  a corpus reads better as text

import asyncio
import socket
from collections.abc import Iterator, Mapping

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.egress import loop
from clarion.egress.errors import Blocked, EgressError
from clarion.egress.guard import Guard, is_forbidden
from clarion.egress.http import HttpClient, Limits, Response
from clarion.testing.webhook_sink import WebhookSink

FORBIDDEN = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.1.2.3 127.255.255.255
169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1 192.88.99.1
192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255
240.0.0.1 255.255.255.255 168.63.129.16
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::8.8.8.8
64:ff9b:1::a00:1 100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1
2001:db8::1 2002:7f00:1:: 2002:a00:1:: 2620:4f:8000::1 3fff::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1
fe80::1%eth0 febf::1 fec0::1 ff02::1 ff0e::1 4000::1
""".split()
PUBLIC = "1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 198.17.0.1 \
198.20.0.1 223.255.255.255 2606:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 2003::1".split()

SPELLINGS = """
http://127.0.0.1 http://127.1 http://127.0.1 http://0 http://0.0.0.0 http://2130706433 http://0x7f000001
http://0x7f.0.0.1 http://0x7f.1 http://0177.0.0.1 http://017700000001 http://0177.1 http://127.0.0.1.
http://127.000.000.001 http://[::1] http://[::] http://[0:0:0:0:0:0:0:1] http://[0000::1] http://[::ffff:127.0.0.1]
http://[::ffff:7f00:1] http://[0:0:0:0:0:ffff:127.0.0.1] http://[::127.0.0.1] http://[64:ff9b::127.0.0.1]
http://[64:ff9b:1::7f00:1] http://[2002:7f00:1::] http://[2001:0:7f00:1::] http://[fe80::1%25lo] http://[fe80::1]
http://[fd00::1] http://[fc00::1] http://[ff02::1] http://[fec0::1] http://[100::1] http://[::1%25lo]
http://10.0.0.1 http://172.16.0.1 http://192.168.0.1 http://169.254.169.254 http://100.64.0.1 http://198.18.0.1
http://192.0.2.1 http://224.0.0.1 http://255.255.255.255 http://2852039166 http://0xa9fea9fe
http://0xa9.0xfe.0xa9.0xfe http://0251.0376.0251.0376 http://localhost http://LOCALHOST http://localhost.
http://loop.example http://loop6.example http://mapped.example http://metadata.example http://private.example
http://both.example http://①②⑦.⓪.⓪.① http://127。0。0。1 http://127.0.0.1%2e http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ
http://user@127.0.0.1 http://user:pass@loop.example http://example.com@127.0.0.1 http://127.0.0.1\\@loop.example
http:/127.0.0.1 http:127.0.0.1 //127.0.0.1 ftp://127.0.0.1 file:///etc/passwd gopher://127.0.0.1 http://
http://[::ffff:169.254.169.254] http://[fd00:ec2::254] http://4294967296 http://-1 http://127.0.0.1:0
""".split()
NAMES: Mapping[str, tuple[str, ...]] = {
    "localhost": ("127.0.0.1", "::1"),
    "loop.example": ("127.0.0.1",),
    "loop6.example": ("::1",),
    "mapped.example": ("::ffff:127.0.0.1",),
    "metadata.example": ("169.254.169.254",),
    "private.example": ("10.1.2.3", "192.168.1.1"),
    "both.example": ("127.0.0.1", "10.0.0.1"),
}


class TableResolver(AbstractResolver):
    """Knows NAMES and every number spelling the C library knows; asks no server."""

    def __init__(self, *answers: Mapping[str, tuple[str, ...]]) -> None:
        self.answers = list(answers) or [NAMES]
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        table = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        found = table.get(host.rstrip(".").lower()) or self._numbers(host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in found
        ]

    @staticmethod
    def _numbers(host: str) -> tuple[str, ...]:
        try:
            return (socket.inet_ntoa(socket.inet_aton(host.rstrip("."))),)
        except OSError:
            raise OSError(None, "unknown name") from None

    async def close(self) -> None:
        return None


@pytest.fixture
def canary() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


def post(url: str, *, guard: Guard, resolver: AbstractResolver | None = None) -> Response:
    async def call() -> Response:
        client = HttpClient(guard=guard, limits=Limits(total=3), resolver=resolver)
        try:
            return await client.post(url, body=b"{}")
        finally:
            await client.close()

    return loop.run(call(), timeout=10)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_special_address_is_forbidden(address: str) -> None:
    assert is_forbidden(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not_forbidden(address: str) -> None:
    assert not is_forbidden(address)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_let_in_through_an_ipv6_disguise(address: object) -> None:
    for disguise in (f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}"):
        assert is_forbidden(disguise)


@given(st.ip_addresses())
def test_what_python_calls_private_is_forbidden_too(address: object) -> None:
    from ipaddress import ip_address

    parsed = ip_address(str(address))
    if parsed.is_private or parsed.is_loopback or parsed.is_link_local or parsed.is_multicast or parsed.is_reserved:
        assert is_forbidden(parsed)


@given(st.text(max_size=20))
def test_what_is_no_address_is_forbidden(text: str) -> None:
    if not any(char.isdigit() for char in text) and ":" not in text:
        assert is_forbidden(text)


def test_the_corpus_has_at_least_sixty_spellings() -> None:
    assert len(set(SPELLINGS)) >= 60


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_reaches_the_canary(spelling: str, canary: WebhookSink) -> None:
    url = spelling if spelling.endswith(":0") else f"{spelling}:{canary.port}/"
    with pytest.raises(EgressError) as caught:
        post(url, guard=Guard.strict(), resolver=TableResolver())
    assert canary.connections == 0
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_inside_is_blocked_not_just_failed(name: str, canary: WebhookSink) -> None:
    with pytest.raises(Blocked):
        post(f"http://{name}:{canary.port}/", guard=Guard.strict(), resolver=TableResolver())
    assert canary.connections == 0


class LoopbackResolver(TableResolver):
    """Every name leads to 127.0.0.1."""

    @staticmethod
    def _numbers(host: str) -> tuple[str, ...]:
        return ("127.0.0.1",) if host else ()


NO_DIGITS = st.text(st.characters(exclude_categories=["Nd", "Nl", "No", "Cs"]), max_size=40)


@settings(max_examples=150, deadline=None)
@given(scheme=st.sampled_from(["http://", "https://", "http:", ""]), rest=NO_DIGITS)
def test_any_text_as_a_url_ends_in_an_error_of_ours(scheme: str, rest: str) -> None:
    with pytest.raises(EgressError):
        post(scheme + rest, guard=Guard.strict(), resolver=LoopbackResolver())


def test_a_name_that_changes_its_answer_after_the_check_gains_nothing(canary: WebhookSink) -> None:
    resolver = TableResolver({"rebind.example": ("93.184.216.34",)}, {"rebind.example": ("127.0.0.1",)})
    guard = Guard.strict()

    async def check() -> list[ResolveResult]:
        return await resolver.resolve("rebind.example", canary.port)

    assert all(guard.permits(answer["host"]) for answer in asyncio.run(check()))
    with pytest.raises(Blocked):
        post(f"http://rebind.example:{canary.port}/", guard=guard, resolver=resolver)
    assert resolver.asked == ["rebind.example", "rebind.example"]
    assert canary.connections == 0


def test_private_targets_open_by_the_switch_and_metadata_stays_shut(canary: WebhookSink) -> None:
    assert post(canary.url("/"), guard=Guard.private_allowed()).status == 200
    assert canary.connections == 1
    assert not Guard.private_allowed().permits("169.254.169.254")


def test_an_allow_list_opens_its_networks_only() -> None:
    guard = Guard.allowing(["10.1.0.0/16"])
    assert guard.permits("10.1.2.3")
    assert not guard.permits("10.2.0.1")
    assert not guard.permits("127.0.0.1")
    assert guard.permits("8.8.8.8")
    assert not guard.permits("not an address")
