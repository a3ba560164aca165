"""`clarion vapid`, and the push simulators of `clarion simulate`."""

import re
from contextlib import closing

import pytest
from typer.testing import CliRunner

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.registry import Registry
from clarion.providers import apns, fcm, webpush
from clarion.surfaces.cli.main import app
from clarion.surfaces.cli.simulate import STANDS, open_simulator, shown_url
from clarion.testing.host import MemoryHost

REGISTRY = Registry([fcm.ENTRY, apns.ENTRY, webpush.ENTRY])


def test_a_pair_of_keys_is_printed_as_a_url_that_works_and_is_new_each_time() -> None:
    first, second = (CliRunner().invoke(app, ["vapid", "--subject", "mailto:me@example.com"]) for _ in range(2))
    assert first.exit_code == 0
    assert first.output != second.output
    url = re.search(r"CLARION_PUSH='(.+)'", first.output)
    assert url is not None
    with closing(REGISTRY.open(parse_account_url(url[1]), ChannelKey.PUSH, MemoryHost().host())) as provider:
        assert f"\n  {provider.declaration.public_key}\n" in first.output


@pytest.mark.parametrize("name", ["fcm", "apns", "webpush"])
def test_what_simulate_prints_leads_to_the_simulator(name: str) -> None:
    stand = STANDS[name]
    assert stand.setting == "CLARION_PUSH"
    simulator = open_simulator(stand)
    simulator.start()
    try:
        credentials = str(simulator.credentials)  # type: ignore[attr-defined]
        url = parse_account_url(shown_url(stand, simulator.url, credentials))
        with closing(REGISTRY.open(url, ChannelKey.PUSH, MemoryHost().host(allow_private=False))) as provider:
            provider.probe()
    finally:
        simulator.stop()
