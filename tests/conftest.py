"""Fixtures shared by all tests. Real PostgreSQL and Redis come from the plugin clarion.testing.pytest_servers."""

import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from clarion.config.wiring import configured
from clarion.flows.delivery import bell, flow
from clarion.flows.delivery.render import compiled
from clarion.records import clock, partitions, volatile
from clarion.records.access import keys, tokens
from clarion.records.access.permissions import Caller, CallerKind, Permission
from clarion.records.accounts import book
from clarion.records.categories.catalog import catalog as categories
from clarion.records.categories.models import Category
from clarion.records.ledger.lanes import lanes
from clarion.records.people import directory
from clarion.records.people.models import Device, Endpoint, User
from clarion.records.preferences.models import GlobalPreference
from clarion.records.templating import brand
from clarion.records.templating.catalog import catalog as templates
from clarion.surfaces.api import health
from clarion.surfaces.api.authentication import memory

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # a shell that starts the suite in the background makes it, and every process it starts, deaf to Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(autouse=True)
def _no_memory_between_tests() -> None:
    """What processes remember for a moment must not reach from one test into the next."""
    memory.clear()
    health.health.clear()
    health.readiness.clear()
    categories._read_at = float("-inf")
    templates._checked_at = float("-inf")
    templates._mark = None
    compiled._entries.clear()
    brand.forget()
    bell._silent_until = 0.0
    for slots in flow._slots.values():
        for slot in slots:
            slot.carriers.close()
            slot.carriers.forget()
            slot.carriers._accounts = []


@pytest.fixture
def redis_db() -> Iterator[Any]:
    """An empty Redis."""
    connection = volatile.connection()
    connection.flushdb()
    yield connection
    connection.flushdb()


def lay_ground() -> None:
    """The rows every deployment has: partitions, categories, accounts as configured (the sandbox)."""
    partitions.ensure(clock.now(), weeks_ahead=1)
    for key, kind, essential in [
        ("general", "transactional", False),
        ("orders", "transactional", False),
        ("security", "transactional", True),
        ("marketing", "marketing", False),
    ]:
        Category.objects.get_or_create(key=key, defaults={"name": key.title(), "kind": kind, "essential": essential})
    book.mirror(configured(settings.ENV))


@pytest.fixture
def ground(db: None, redis_db: Any) -> None:
    """A prepared database inside the test's transaction."""
    lay_ground()


@pytest.fixture
def real_ground(transactional_db: None, redis_db: Any) -> None:
    """A prepared database that really commits; for tests with several connections or processes."""
    lay_ground()


def make_user(**given: Any) -> User:
    """A person reachable on every channel, unless told otherwise (`reachable=False`)."""
    reachable = given.pop("reachable", True)
    permissions = given.pop("permissions", ["send"])
    staff = given.pop("is_staff", False)
    fields = {"first_name": "Ann", "last_name": "Abel", "timezone": "Africa/Nairobi", "locale": "en", **given}
    if reachable:
        fields.setdefault("email", f"ann.{User.objects.count()}@example.com")
        fields.setdefault("phone", "+255712345678")
    user = directory.create(fields)
    user.permissions, user.is_staff = permissions, staff
    user.save()
    if reachable:
        Device.objects.create(user=user, platform="ios", token_kind="apns", token=f"token-{user.id}")
        Endpoint.objects.create(
            user=user, channel="webhook", target="https://hooks.example.com/in", secret=WEBHOOK_SECRET
        )
        Endpoint.objects.create(user=user, channel="chat", target="C0123456789")
    return user


def agree_to_marketing(user: User) -> None:
    """The user has consented to marketing."""
    GlobalPreference.objects.update_or_create(pk=user.id, defaults={"consents": {"marketing": True}})


def caller_of(user: User, *permissions: Permission) -> Caller:
    """The user as a caller."""
    held = permissions or tuple(Permission(p) for p in user.permissions)
    return Caller(kind=CallerKind.USER, id=user.id, user_id=user.id, permissions=frozenset(held))


class Api:
    """Django's test client speaking JSON under /api/v1/ as one caller."""

    def __init__(self, authorization: str = "") -> None:
        self._client = Client(raise_request_exception=False)
        self._headers = {"Authorization": authorization} if authorization else {}

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        given = {} if body is None else {"data": body, "content_type": "application/json"}
        sender = getattr(self._client, method)
        return sender(f"/api/v1/{path}", headers={**self._headers, **(headers or {})}, **given)

    def get(self, path: str, **kw: Any) -> Any:
        return self.call("get", path, **kw)

    def post(self, path: str, body: Any = None, **kw: Any) -> Any:
        return self.call("post", path, {} if body is None else body, **kw)

    def put(self, path: str, body: Any = None, **kw: Any) -> Any:
        return self.call("put", path, {} if body is None else body, **kw)

    def patch(self, path: str, body: Any = None, **kw: Any) -> Any:
        return self.call("patch", path, {} if body is None else body, **kw)

    def delete(self, path: str, **kw: Any) -> Any:
        return self.call("delete", path, **kw)


def api_as(user: User) -> Api:
    """The API as this person, by JWT."""
    return Api(f"Bearer {tokens.access_token(user, clock.now(), timedelta(hours=1))}")


@pytest.fixture
def anonymous(ground: None) -> Api:
    return Api()


@pytest.fixture
def ann(ground: None) -> User:
    """An ordinary person."""
    return make_user(email="ann@example.com", external_id="ann")


@pytest.fixture
def staff(ground: None) -> User:
    return make_user(email="staff@example.com", is_staff=True)


@pytest.fixture
def as_ann(ann: User) -> Api:
    return api_as(ann)


@pytest.fixture
def as_staff(staff: User) -> Api:
    return api_as(staff)


@pytest.fixture
def as_service(staff: User) -> Api:
    """The API with a key that may do everything."""
    return Api(f"ApiKey {keys.mint(staff, 'tests', list(Permission)).secret}")


@pytest.fixture
def drain() -> Callable[[], int]:
    """Deliver everything due in all lanes, in this process."""

    def run() -> int:
        return sum(flow.drain(lane) for lane in lanes())

    return run
