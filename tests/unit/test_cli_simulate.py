"""`clarion simulate`: every stand can be stood up, says how to use it, and ends with 0."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from clarion.contract.account import parse_account_url
from clarion.surfaces.cli.main import app
from clarion.surfaces.cli.simulate import STANDS, open_simulator, shown_url
from clarion.testing.loopback import LoopbackServer


@pytest.mark.parametrize("name", sorted(STANDS))
def test_every_stand_listens_and_its_provider_url_can_be_read(name: str) -> None:
    simulator = open_simulator(STANDS[name])
    try:
        simulator.start(0)
        url = shown_url(STANDS[name], simulator.url)
    finally:
        simulator.stop()
    assert simulator.url.startswith("http")
    assert " " not in url
    assert "'" not in url
    assert parse_account_url(url).scheme
    assert STANDS[name].setting.startswith("CLARION_")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_says_how_to_use_it_and_ends_with_0(end: signal.Signals) -> None:
    command = [sys.executable, "-m", "clarion.surfaces.cli.main", "simulate", "twilio"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        process.send_signal(end)
        assert process.wait(timeout=20) == 0
    assert first.startswith("twilio is simulated on http://127.0.0.1:")
    assert second.strip().startswith("CLARION_SMS='twilio://AC")


def test_an_unknown_vendor_and_a_port_in_use_are_told() -> None:
    unknown = CliRunner().invoke(app, ["simulate", "carrier-pigeon"])
    assert unknown.exit_code == 2
    assert "twilio" in unknown.output.replace("\n", " ")
    with LoopbackServer(asyncio.Protocol) as taken:
        used = CliRunner().invoke(app, ["simulate", "twilio", "--port", str(taken.port)])
    assert used.exit_code == 3
    assert str(taken.port) in used.output
