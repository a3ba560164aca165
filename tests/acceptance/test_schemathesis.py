"""Schemathesis against the production HTTP server: what it makes of the document is answered as documented.

SCHEMATHESIS_SECONDS gives it longer than the few seconds it has in the suite.
"""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.testing.loopback import free_port
from tests.conftest import make_user

SECONDS = int(os.environ.get("SCHEMATHESIS_SECONDS", "0"))
EXAMPLES = "200" if SECONDS else "3"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
]
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429"]

# no token that is made up is ours, and a look is sent on to the page for people
[[operations]]
include-path = "/api/v1/preferences/unsubscribe"
checks.positive_data_acceptance.expected-statuses = ["200", "303", "400"]
checks.negative_data_rejection.expected-statuses = ["303", "400", "405", "422"]
"""


@pytest.fixture
def server(real_ground: None) -> Iterator[str]:
    """The production HTTP server on the test's database; its address."""
    port = free_port()
    database = urlsplit(os.environ["CLARION_DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {**os.environ, "CLARION_DATABASE_URL": urlunsplit(database)}
    command = [sys.executable, "-P", "-m", "clarion.surfaces.cli.main", "web", "--http-only", "--port", str(port)]
    process = subprocess.Popen(command, env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{base}/livez")
        yield base
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait_for(url: str) -> None:
    until = time.monotonic() + 15
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert time.monotonic() < until, f"{url} does not answer"
            time.sleep(0.1)


def _run(base: str, directory: Path, *more: str) -> None:
    config = directory / "schemathesis.toml"
    config.write_text(CONFIG, encoding="utf-8")
    # one worker: Hypothesis parses sources, which two threads of CPython 3.11 must not do at once ("AST constructor
    # recursion depth mismatch")
    limits = ["--max-examples", EXAMPLES, "--seed", "20261120", *(["--max-time", str(SECONDS)] if SECONDS else [])]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
            *("run", f"{base}/api/v1/schema?format=json", "--url", base),
            # lines of JSON, which schemathesis cannot write; test_preferences_stored has their bad inputs
            *("--exclude-path", "/api/v1/preferences/import"),
            *("--checks", ",".join(CHECKS), "--continue-on-failure", "--workers", "1"),
            *(*limits, "--no-shrink", "--generation-database", "none", "--warnings", "off"),
            *more,
        ],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if SECONDS:
        print(done.stdout)
    said = re.sub(r"(.)\1{99,}", r"\1…", done.stdout)  # bodies too long on purpose would hide the finding
    assert done.returncode == 0, said[-20_000:] + done.stderr[-2_000:]
    assert "generated" in done.stdout


def test_every_operation_keeps_to_the_document_for_one_who_may_do_all(server: str, tmp_path: Path) -> None:
    boss = make_user(email="boss@example.com", is_staff=True)
    secret = keys.mint(boss, "schemathesis", list(Permission)).secret
    _run(server, tmp_path, "--header", f"Authorization: ApiKey {secret}", "--phases", "examples,coverage,fuzzing")


def test_every_operation_keeps_to_the_document_for_nobody(server: str, tmp_path: Path) -> None:
    _run(server, tmp_path, "--phases", "examples,fuzzing")
