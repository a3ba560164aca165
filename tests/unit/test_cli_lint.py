"""`clarion lint`: its three forms, its exit codes, and that it needs neither server nor settings."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clarion.surfaces.cli.lint import parse_price
from clarion.surfaces.cli.main import app

PLANTED = Path(__file__).resolve().parents[1] / "planted"


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("CLARION_SMS_PRICES", raising=False)


def _lint(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["lint", *map(str, arguments)])


@pytest.mark.parametrize(
    ("case", "options", "code"),
    [
        ("link_broken", (), 1),
        ("link_broken", ("--fail-on", "never"), 0),
        ("link_insecure", (), 0),
        ("link_insecure", ("--fail-on", "warning"), 1),
        ("link_vague", ("--fail-on", "warning"), 0),
    ],
)
def test_the_exit_code_says_whether_the_bar_is_reached(case: str, options: tuple[str, ...], code: int) -> None:
    assert _lint(PLANTED / case, *options).exit_code == code


def test_text_names_place_message_code_and_what_to_do(tmp_path: Path) -> None:
    done = _lint(PLANTED / "sms_unicode", "--sms-price", "0.05 USD")

    assert done.output == (
        "order.placed  Order placed  SMS default 41/1 0.05 USD\n"
        "  warning sms.default.txt:2:4  ’ (U+2019 RIGHT SINGLE QUOTATION MARK) makes it UCS-2: 70 characters instead of"
        " 160; ' instead would do [sms_unicode]\n"
        "          → replace the character by one of the GSM alphabet\n"
        "\n"
        "1 template: 1 warning.\n"
    )


def test_json_holds_everything(tmp_path: Path) -> None:
    done = _lint(PLANTED / "link_broken", PLANTED / "sms_segments", "--json", "--sms-price", "USD TZ=0.02 *=0.08")

    report = json.loads(done.output)
    assert done.exit_code == 1
    assert (report["errors"], report["warnings"], report["notes"], report["faults"]) == (1, 1, 0, [])
    (found,) = report["templates"][0]["findings"]
    assert found == {
        "severity": "error",
        "code": "link_broken",
        "message": "https://exa mple.org/o: blanks are not allowed",
        "hint": "write it as https://host/path",
        "channel": "email",
        "locale": "default",
        "field": "html",
        "file": f"{PLANTED}/link_broken/order.placed/email.default.html",
        "line": 12,
        "column": 33,
    }
    assert report["templates"][1]["sms"] == [
        {
            "locale": "default", "encoding": "gsm-7", "characters": 181, "segments": 2, "worst_characters": 181,
            "worst_segments": 2, "unlimited": [], "cost": "0.16 USD", "worst_cost": "0.16 USD",
        }
    ]  # fmt: skip


def test_annotations_of_github_escape_what_would_break_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PLANTED / "contrast_low")

    done = _lint("--format", "github")

    assert done.output == (
        '::warning file=order.placed/email.default.html,line=15,col=3,title=contrast_low::"Thank you": #999999 on'
        " #ffffff is 2.8:1, not 4.5:1. Make the text darker or its background lighter, or the other way round.\n"
    )


def test_a_folder_that_cannot_be_read_is_exit_code_2_and_the_others_are_checked(tmp_path: Path) -> None:
    done = _lint(tmp_path / "nowhere", PLANTED / "link_insecure")

    assert done.exit_code == 2
    assert f"cannot read {tmp_path}/nowhere: there is no such folder" in done.output.replace("\n", "")
    assert "[link_insecure]" in done.output


def test_one_templates_folder_may_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PLANTED / "link_broken" / "order.placed")

    done = _lint("--json")

    assert json.loads(done.output)["templates"][0]["findings"][0]["file"] == "email.default.html"


def test_notes_can_be_left_out() -> None:
    assert "1 note" in _lint(PLANTED / "link_vague").output
    assert _lint(PLANTED / "link_vague", "-q").output == "1 template: nothing found.\n"


def test_a_price_that_is_none_is_wrong_usage() -> None:
    done = _lint(PLANTED / "link_broken", "--sms-price", "cheap")

    assert done.exit_code == 2
    assert "--sms-price takes" in done.output


@pytest.mark.parametrize("text", ["0.08 USD", "USD 0.08", "USD TZ=0.02 *=0.08"])
def test_the_price_may_be_written_as_people_and_as_the_settings_do(text: str) -> None:
    price = parse_price(text)

    assert price is not None
    assert (float(price.amount), price.currency) == (0.08, "USD")


def test_it_needs_no_settings_no_database_and_no_server(tmp_path: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("CLARION_", "DJANGO_"))}
    words = [sys.executable, "-m", "clarion.surfaces.cli.main", "lint", str(PLANTED / "designed_contrast_low")]

    done = subprocess.run(words, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "[contrast_low]" in done.stdout
