"""The Apprise bridge: which URLs it refuses, what it can tell of each service, and what it does with several."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from urllib.parse import quote

import pytest
from aiohttp import web

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent
from clarion.contract.faults import Misconfigured
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Provider
from clarion.contract.reasons import Reason
from clarion.providers.apprise import ENTRY
from clarion.providers.apprise.calls import Services
from clarion.providers.apprise.schemes import HOSTED, Refused, check_operators, check_persons
from clarion.testing.host import MemoryHost
from clarion.testing.messages import message
from clarion.testing.simulators.simulator import Fault, Simulator, Trick


class Service(Simulator):
    """Takes what `json://` posts; the path's last word may be a status to answer with."""

    def routes(self) -> Iterable[web.RouteDef]:
        async def take(request: web.Request) -> web.Response:
            said = await request.json()
            status = int(request.path.rpartition("/")[2] or "200")
            if status == 302:
                return web.Response(status=302, headers={"Location": "/elsewhere/200"})
            if status == 200:
                self.accepted[f"{said['title']}|{said['message']}"] += 1
            return web.Response(status=status)

        return [web.post("/{path:.*}", take)]

    def at(self, path: str) -> str:
        return f"json://127.0.0.1:{self.port}/{path}"


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as simulator:
        yield simulator


def open_provider(*urls: str, options: str = "") -> Provider:
    named = "%20".join(urls)
    url = parse_account_url(f"apprise://?url={named}{options}")
    return ENTRY.open(url, ChannelKey.CHAT, MemoryHost().host())


def chat(key: str, *, to: str = "default", text: str = "Hello", title: str = "") -> Message:
    return message(key, to=to, content=ChatContent(text=text, title=title))


def test_a_message_goes_to_every_service_of_the_account(service: Service) -> None:
    with closing(open_provider(service.at("a/200"), service.at("b/200"))) as provider:
        outcomes = dict(provider.send([chat("n1", title="T", text="a <b> & c")]))
    assert outcomes == {"n1": Sent(detail="JSON, JSON")}
    assert sorted(call.path for call in service.calls) == ["/a/200", "/b/200"]
    assert service.accepted == {"T|a <b> & c": 2}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Rejected(why=Reason.CONTENT_REFUSED, detail="JSON: HTTP 400")),
        (404, Rejected(why=Reason.ADDRESS_UNREACHABLE, detail="JSON: HTTP 404")),
        (410, Rejected(why=Reason.ENDPOINT_GONE, suppress=True, detail="JSON: HTTP 410")),
        (413, Rejected(why=Reason.TOO_LARGE, detail="JSON: HTTP 413")),
        (429, Retry(why=Reason.THROTTLED, detail="JSON: HTTP 429")),
        (500, Retry(why=Reason.TEMPORARY, detail="JSON: HTTP 500")),
        (418, Retry(why=Reason.UNRECOGNISED, detail="JSON: HTTP 418")),
    ],
)
def test_a_status_that_a_plugin_wrote_down_has_its_outcome(status: int, outcome: Outcome, service: Service) -> None:
    with closing(open_provider(service.at(f"a/{status}"))) as provider:
        assert dict(provider.send([chat("n1")])) == {"n1": outcome}


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_of_the_account_that_is_refused_is_the_accounts_fault_and_nobody_elses(
    status: int, service: Service
) -> None:
    batch = [chat(f"n{number}") for number in range(50)]
    with (
        closing(open_provider(service.at(f"a/{status}"), service.at("b/404"), options="&concurrency=1")) as provider,
        pytest.raises(Misconfigured, match=f"JSON: HTTP {status}: the service refuses its token"),
    ):
        list(provider.send(batch))
    assert len(service.calls) < 50  # of 100: the rest was not begun


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_of_a_persons_own_address_that_is_refused_is_the_addresss_fault(status: int, service: Service) -> None:
    services = Services()
    answer = services.call(services.of(service.at(f"a/{status}")), ChatContent(text="Hello"))
    assert answer.outcome == Rejected(why=Reason.ADDRESS_UNREACHABLE, detail=f"JSON: HTTP {status}")


def test_a_refused_token_beside_a_service_that_took_it_or_may_yet_is_no_fault(service: Service) -> None:
    with closing(open_provider(service.at("a/200"), service.at("b/401"))) as provider:
        assert dict(provider.send([chat("n1")])) == {"n1": Sent(detail="1 of 2 services took it; JSON: HTTP 401")}
    with closing(open_provider(service.at("a/503"), service.at("b/401"))) as provider:
        assert dict(provider.send([chat("n2")])) == {"n2": Retry(why=Reason.TEMPORARY, detail="JSON: HTTP 503")}


def test_what_was_begun_when_a_token_is_refused_keeps_its_outcome(service: Service) -> None:
    service.script(Fault(trick=Trick.SLOW, seconds=0.5), Fault(status=401))
    with closing(open_provider(service.at("a/200"), options="&concurrency=2")) as provider:
        outcomes = iter(provider.send([chat("n1"), chat("n2")]))
        assert next(outcomes)[1] == Sent(detail="JSON")
        with pytest.raises(Misconfigured):
            next(outcomes)


def test_a_redirect_is_not_followed(service: Service) -> None:
    with closing(open_provider(service.at("a/302"))) as provider:
        outcome = dict(provider.send([chat("n1")]))["n1"]
    assert isinstance(outcome, Retry)
    assert [call.path for call in service.calls] == ["/a/302"]


def test_a_service_that_is_away_is_tried_again(service: Service) -> None:
    url = service.at("a/200")
    service.stop()
    with closing(open_provider(url)) as provider:
        outcome = dict(provider.send([chat("n1")]))["n1"]
    assert outcome == Retry(why=Reason.UNRECOGNISED, detail="JSON did not take it; Apprise does not say why")


def test_on_a_repeat_the_services_that_took_it_are_passed_over(service: Service) -> None:
    with closing(open_provider(service.at("a/200"), service.at("b/503"))) as provider:
        first = dict(provider.send([chat("n1")]))["n1"]
        again = dict(provider.send([chat("n1")]))["n1"]
    assert first == Retry(why=Reason.TEMPORARY, detail="1 of 2 services took it; JSON: HTTP 503")
    assert again == first
    assert Counter(call.path for call in service.calls) == {"/a/200": 1, "/b/503": 2}


def test_what_one_service_will_never_take_is_not_sent_twice_to_the_other(service: Service) -> None:
    with closing(open_provider(service.at("a/200"), service.at("b/404"))) as provider:
        outcome = dict(provider.send([chat("n1")]))["n1"]
    assert outcome == Sent(detail="1 of 2 services took it; JSON: HTTP 404")


def test_a_service_that_does_not_answer_in_time_leaves_it_unclear_and_the_others_go_on(service: Service) -> None:
    service.script(Fault(trick=Trick.SLOW, seconds=1.5))
    provider = open_provider(service.at("a/200"), options="&timeout=0.3&concurrency=2")
    with closing(provider):
        begun = time.monotonic()
        first = dict(provider.send([chat("n1")]))
        assert first == {"n1": Unclear(why=Reason.TIMEOUT)}
        assert time.monotonic() - begun < 1.2
        assert dict(provider.send([chat("n2")])) == {"n2": Sent(detail="JSON")}
    for thread in threading.enumerate():
        if thread.name.startswith("apprise"):
            thread.join(timeout=5)


def test_a_text_cannot_wake_a_whole_server(service: Service) -> None:
    with closing(open_provider(service.at("a/200"))) as provider:
        list(provider.send([chat("n1", text="Hi @everyone and @here, ann@example.com")]))
    assert list(service.accepted) == ["|Hi @\u200beveryone and @\u200bhere, ann@example.com"]


REFUSED = [
    "json://127.0.0.1/x",
    "jsons://example.com/x",
    "xml://169.254.169.254/",
    "form://10.0.0.1/",
    "syslog://",
    "dbus://",
    "windows://",
    "macosx://",
    "gnome://",
    "file:///etc/passwd",
    "mailto://user:pass@example.com",
    "apprise://10.0.0.1/token",
    "gotify://10.0.0.1/token",
    "ntfy://10.0.0.1/topic",
    "matrix://10.0.0.1/",
    "mmost://10.0.0.1/token",
    "rocket://10.0.0.1/",
    "https://discord.com/api/webhooks/1/2",
    "workflows://10.0.0.1/workflow/signature",
    "workflows://logic.azure.com.evil.example/workflow/signature",
    "workflows://x.logic.azure.com:8080/workflow/signature",
    "workflows://user@x.logic.azure.com/workflow/signature",
    "discord://id/token?verify=no",
    "discord://id/token?template=/etc/passwd",
    "discord://id/token?avatar_url=http://10.0.0.1/",
    "discord://id/token?rto=3600",
    "tgram://123456789:abcdefg_hijklmnop/lead2gold/?attach=/etc/passwd",
    "discord://",
    "no scheme at all",
    "discord://id/token?tts=no;template=http://127.0.0.1:8000/internal",
    "discord://id/token?tts=no%3Btemplate=/etc/passwd",
    "discord://id/token?tts=no;verify=no",
    "discord://id/token#?verify=no&cto=500",
    "discord://id/token/#?verify=no",
    "discord://id/token%23?verify=no",
    "discord://id/token?tts=no#&verify=no",
    "discord://id/token;x?tts=no",
    "discord://id/token?tts=no&%20verify=no",
    "discord://id/token?tts=no&+verify=no",
    "discord://id/token?tts=no&:verify=no",
    "discord://id/token?tts=no&-verify=no",
    "discord://id/token?tts=no&%76erify=no",
    "discord://id/token?tts=no&ver\tify=no",
    "discord://id/token?&verify",
    "tgram://123456789:abcdefg_hijklmnop/1?topic=1;template=/proc/self/environ",
    "tgram://123456789:abcdefg_hijklmnop/1/#?template=/proc/self/environ",
    "workflows://x.logic.azure.com/workflow/signature?topic=x;template=/etc/passwd",
    "workflows://x.logic.azure.com/workflow/signature#?template=/etc/passwd",
]


@pytest.mark.parametrize("url", REFUSED)
def test_a_persons_url_that_could_name_a_host_a_file_or_this_machine_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        check_persons(url)


def test_an_option_of_an_own_address_never_reads_from_inside_the_house(service: Service) -> None:
    target = f"discord://123456789012345678/{'t' * 68}?tts=no;template={service.url}/internal"
    with closing(open_provider()) as provider:
        outcome = dict(provider.send([chat("n1", to=target)]))["n1"]
    assert isinstance(outcome, Rejected)
    assert outcome.why is Reason.INVALID_ADDRESS
    assert service.calls == []


def test_a_refused_address_is_an_outcome_and_nothing_is_called(service: Service) -> None:
    target = service.at("a/200")
    with closing(open_provider()) as provider:
        outcome = dict(provider.send([chat("n1", to=target)]))["n1"]
    assert outcome == Rejected(
        why=Reason.INVALID_ADDRESS,
        detail=f"json:// is not open to people's own addresses; {', '.join(sorted(HOSTED))} are",
    )
    assert service.calls == []


@pytest.mark.parametrize(
    "url",
    [
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?thread=123",
        "tgram://123456789:AAabcdefghijklmnopqrstuvwxyz_012345/987654321",
        "workflows://prod-20.uksouth.logic.azure.com:443/643e69f83c8944/signature",
    ],
)
def test_a_persons_url_of_a_hosted_service_is_taken(url: str) -> None:
    assert check_persons(url) == url.partition(":")[0]


@pytest.mark.parametrize("url", ["syslog://", "dbus://", "windows://", "file:///etc/passwd", "nonsense"])
def test_an_account_may_not_act_on_the_machine_either(url: str) -> None:
    with pytest.raises(Refused):
        check_operators(url)
    with pytest.raises(Misconfigured):
        open_provider(url)


@pytest.mark.parametrize(
    "url",
    [
        "json://169.254.169.254/latest/meta-data",
        "json://user:pass@169.254.169.254:80/",
        "json://2852039166/",
        "json://0xa9fea9fe/",
        "json://0251.0376.0251.0376/",
        "json://[::ffff:169.254.169.254]/",
        "json://[fe80::1]/",
        "mailto://user:pass@example.com?smtp=169.254.169.254",
        "discord://1234/token?template=http%3A%2F%2F169.254.169.254%2Flatest",
    ],
)
def test_link_local_addresses_stay_shut_for_an_account_too(url: str) -> None:
    with pytest.raises(Misconfigured, match="link-local") as caught:
        open_provider(quote(url, safe=""))
    assert "169.254" not in str(caught.value)


def test_a_name_that_stands_for_a_link_local_address_stays_shut_when_sending(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 0))]
    with closing(open_provider(service.at("a/200"), f"json://localhost:{service.port}/b/200")) as provider:
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *rest, **more: where if host == "localhost" else real(host, *rest, **more),
        )
        with pytest.raises(Misconfigured, match="link-local"):
            list(provider.send([chat("n1")]))
    assert service.calls == []


@pytest.mark.parametrize("url", ["apprise://?url=discord://secret-id", "apprise://?url=nothing://x", "apprise://?to=x"])
def test_an_account_that_apprise_cannot_use_is_misconfigured_and_not_repeated(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        ENTRY.open(parse_account_url(url), ChannelKey.CHAT, MemoryHost().host())
    assert "secret-id" not in str(caught.value)
