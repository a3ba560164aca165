"""Who may read `/metrics`: who holds `analytics`, and on a trial who sits at the machine. A refusal reads nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import OperationalError
from django.test import Client

from clarion.config.environment import ConfigurationError, read_environment
from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.surfaces.api.health import Remembered
from clarion.surfaces.metrics import door, snapshot
from tests.conftest import Api, api_as, make_user

LOOPBACK = "127.0.0.1"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    for remembered in (snapshot.current, snapshot.suppressed):
        remembered.clear()
    yield
    for remembered in (snapshot.current, snapshot.suppressed):
        remembered.clear()


def _set(settings: Any, mode: str, *, trial: bool = True) -> None:
    """As config/settings.py does."""
    settings.METRICS_ENABLED = mode != "off"
    settings.METRICS_OPEN = mode == "auto" and trial


def _ask(authorization: str = "", method: str = "get", **extra: str) -> Any:
    headers = {"Authorization": authorization} if authorization else {}
    sender = getattr(Client(raise_request_exception=False), method)
    return sender("/metrics", headers=headers, **{"REMOTE_ADDR": LOOPBACK, **extra})


def _refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content
    assert answer.json()["code"] == code
    assert snapshot.current._answer is None, "nothing was read"


def _key(*scopes: Permission) -> str:
    return f"ApiKey {keys.mint(make_user(is_staff=True), 'scraper', list(scopes)).secret}"


def _token(api: Api) -> str:
    return api._headers["Authorization"]


@pytest.mark.parametrize(("mode", "trial"), [("on", True), ("auto", False)])
def test_in_earnest_nobody_reads_them_without_credentials(ground: None, settings: Any, mode: str, trial: bool) -> None:
    _set(settings, mode, trial=trial)

    _refused(_ask(), 401, "not_authenticated")
    _refused(_ask("Basic YTpi"), 401, "unknown_scheme")
    _refused(_ask("ApiKey nonsense"), 401, "invalid_api_key")
    _refused(_ask("Bearer nonsense"), 401, "invalid_token")
    assert "ApiKey" in _ask()["WWW-Authenticate"]


def test_it_takes_the_permission_analytics(ground: None, settings: Any) -> None:
    _set(settings, "on")
    others = [each for each in Permission if each not in (Permission.ANALYTICS, Permission.STAFF)]

    _refused(_ask(_key(*others)), 403, "permission_denied")
    _refused(_ask(_token(api_as(make_user()))), 403, "permission_denied")
    for allowed in (
        _key(Permission.ANALYTICS),
        _key(Permission.STAFF),
        _token(api_as(make_user(permissions=["analytics"]))),
        _token(api_as(make_user(is_staff=True))),
    ):
        answer = _ask(allowed, REMOTE_ADDR="203.0.113.9")
        assert answer.status_code == 200, answer.content
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_on_a_trial_who_sits_at_the_machine_reads_them(ground: None, settings: Any, address: str) -> None:
    _set(settings, "auto")

    assert _ask(REMOTE_ADDR=address).status_code == 200


@pytest.mark.parametrize(
    "extra",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": "::ffff:10.0.0.1"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "localhost"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_on_a_trial_others_and_those_behind_a_proxy_need_credentials(
    ground: None, settings: Any, extra: dict[str, str]
) -> None:
    _set(settings, "auto")

    _refused(_ask(**extra), 401, "not_authenticated")
    assert _ask(_key(Permission.ANALYTICS), **extra).status_code == 200


def test_a_page_that_points_its_name_at_this_machine_reads_nothing(ground: None, settings: Any) -> None:
    _set(settings, "auto")

    _refused(_ask(HTTP_HOST="rebound.example"), 400, "host_not_served")


def test_off_they_are_not_there_for_anybody(ground: None, settings: Any) -> None:
    _set(settings, "off")

    for answer in (_ask(), _ask(_key(Permission.STAFF))):
        unknown = Client().get("/no-such-page")
        assert (answer.status_code, answer.content) == (404, unknown.content)
    assert snapshot.current._answer is None


def test_they_are_only_read(ground: None, settings: Any) -> None:
    _set(settings, "auto")

    assert [_ask(method=each).status_code for each in ("post", "put", "delete")] == [405, 405, 405]
    assert snapshot.current._answer is None
    head = _ask(method="head")
    assert (head.status_code, head.content) == (200, b"")


def test_without_the_database_the_scrape_fails_and_says_why(
    ground: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise OperationalError("gone")

    _set(settings, "auto")
    monkeypatch.setattr(door, "current", Remembered(away, lambda _: 1.0))

    _refused(_ask(), 503, "database_unavailable")


def test_they_are_no_part_of_the_apis_document(anonymous: Api) -> None:
    assert b"/metrics" not in anonymous.get("schema", headers={"Accept": "application/json"}).content


def test_the_setting_is_one_of_three_words() -> None:
    assert read_environment({}).metrics == "auto"
    assert configured.METRICS_OPEN is True, "the suite runs as embedded"
    with pytest.raises(ConfigurationError, match="CLARION_METRICS"):
        read_environment({"CLARION_METRICS": "open"})
