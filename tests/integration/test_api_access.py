"""Who calls: registering, logging in, tokens of ours and of the platform."""

import base64
import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings

from clarion.records import clock, volatile
from clarion.records.access import throttle, tokens
from clarion.records.access.models import RefreshToken
from clarion.records.people.models import User
from clarion.surfaces.api.authentication import memory
from tests.conftest import Api, make_user
from tests.integration.api_document import refused, watch

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _register(api: Api, **more: Any) -> Any:
    body = {"email": "new@example.com", "password": PASSWORD, "password_confirm": PASSWORD, **more}
    return api.post("auth/register", body)


def _me(token: str) -> Any:
    return Api(f"Bearer {token}").get("me")


def _claims(user: User, **more: Any) -> dict[str, Any]:
    exp = int((clock.now() + timedelta(minutes=5)).timestamp())
    claims = {"user_id": str(user.id), "token_type": "access", "epoch": 0, "exp": exp, **more}
    return {name: value for name, value in claims.items() if value is not None}


def _signed(claims: dict[str, Any], key: str = "", algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key or settings.JWT_KEY, algorithm=algorithm)


# --- register


def test_who_registers_is_signed_in_and_may_send_to_oneself_only(anonymous: Api) -> None:
    answer = _register(anonymous, username="newbie", first_name="New", phone="+255712345678", timezone="Africa/Nairobi")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["email"], body["username"]) == ("new@example.com", "newbie")
    me = _me(body["access"]).json()
    assert (me["id"], me["email"], me["phone"]) == (body["id"], "new@example.com", "+255712345678")
    assert (me["permissions"], me["is_staff"], me["timezone"]) == (["send"], False, "Africa/Nairobi")


def test_the_password_is_stored_as_an_argon2_hash(anonymous: Api) -> None:
    _register(anonymous)
    stored = User.objects.get().password
    assert stored.startswith("argon2$")
    assert PASSWORD not in stored


@pytest.mark.parametrize(
    ("more", "status", "code", "pointer"),
    [
        ({"password_confirm": "something else"}, 422, "passwords_differ", "/password_confirm"),
        ({"password": "short", "password_confirm": "short"}, 422, "weak_password", "/password"),
        ({"password": "password1234", "password_confirm": "password1234"}, 422, "weak_password", "/password"),
        ({"password": "8264950173", "password_confirm": "8264950173"}, 422, "weak_password", "/password"),
        ({"password": "x" * 1025}, 422, "invalid_input", "/password"),
        ({"email": "no address"}, 422, "invalid_email", "/email"),
        ({"email": ""}, 422, "invalid_input", "/email"),
        ({"email": None}, 422, "invalid_input", "/email"),
        ({"phone": "0712"}, 422, "invalid_phone", "/phone"),
        ({"timezone": "Mars/Olympus"}, 422, "invalid_timezone", "/timezone"),
        ({"locale": "xx-YY"}, 422, "invalid_locale", "/locale"),
        ({"first_name": "Ann\r\nBcc: x@example.com"}, 422, "line_break", "/first_name"),
        ({"is_staff": True}, 422, "invalid_input", "/is_staff"),
        ({"permissions": ["staff"]}, 422, "invalid_input", "/permissions"),
    ],
)
def test_a_refused_registration_leaves_no_account(
    anonymous: Api, more: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    refused(_register(anonymous, **more), status, code, pointer)
    assert User.objects.count() == 0
    assert RefreshToken.objects.count() == 0
    assert _register(anonymous).status_code == 201


def test_where_registration_is_closed_nobody_registers_and_staff_still_make_accounts(
    anonymous: Api, as_staff: Api, settings: Any
) -> None:
    settings.REGISTRATION_OPEN = False
    before = User.objects.count()
    problem = refused(_register(anonymous), 403, "registration_closed")
    assert problem["detail"] == "accounts are made by staff here; ask them for one"
    assert (User.objects.count(), RefreshToken.objects.count()) == (before, 0)
    assert as_staff.post("users", {"email": "new@example.com"}).status_code == 201


@pytest.mark.parametrize(
    ("environ", "open_"),
    [
        ({}, False),
        ({"CLARION_EMBEDDED": "1"}, True),
        ({"CLARION_DEBUG": "1"}, True),
        ({"CLARION_REGISTRATION": "open"}, True),
        ({"CLARION_REGISTRATION": "closed", "CLARION_EMBEDDED": "1"}, False),
    ],
)
def test_registration_is_open_on_a_trial_deployment_only_unless_told(environ: dict[str, str], open_: bool) -> None:
    code = "from clarion.config import settings; print(settings.REGISTRATION_OPEN)"
    rest = {name: value for name, value in os.environ.items() if not name.startswith("CLARION_")}
    said = subprocess.run([sys.executable, "-c", code], env={**rest, **environ}, capture_output=True, check=True)
    assert said.stdout == f"{open_}\n".encode()


@pytest.mark.parametrize("email", ["new@example.com", "NEW@example.com", " new@EXAMPLE.com "])
def test_an_email_address_registers_once_however_it_is_written(anonymous: Api, email: str) -> None:
    _register(anonymous)
    refused(_register(anonymous, email=email), 409, "email_taken", "/email")
    assert User.objects.count() == 1


# --- log in


@pytest.mark.parametrize("email", ["new@example.com", "New@Example.com", " new@example.com "])
def test_login_answers_working_tokens(anonymous: Api, email: str) -> None:
    _register(anonymous)
    answer = anonymous.post("auth/login", {"email": email, "password": PASSWORD})
    assert answer.status_code == 200
    assert _me(answer.json()["access"]).json()["email"] == "new@example.com"


@pytest.mark.parametrize(
    "body",
    [
        {"email": "new@example.com", "password": "wrong horse battery"},
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": "", "password": PASSWORD},
        {"email": "not an address", "password": PASSWORD},
    ],
)
def test_a_wrong_password_and_an_unknown_address_are_answered_alike(anonymous: Api, body: dict[str, str]) -> None:
    _register(anonymous)
    problem = refused(anonymous.post("auth/login", body), 401, "wrong_credentials")
    assert problem["detail"] == "email or password is wrong"


def test_the_inactive_and_those_without_a_password_cannot_log_in(anonymous: Api) -> None:
    _register(anonymous)
    User.objects.update(is_active=False)
    make_user(email="plain@example.com")
    for email in ("new@example.com", "plain@example.com"):
        for password in (PASSWORD, "!", " "):
            refused(anonymous.post("auth/login", {"email": email, "password": password}), 401, "wrong_credentials")


def _login_from(client: str, api: Api, password: str, email: str = "new@example.com") -> Any:
    given = {"email": email, "password": password}
    return api._client.post("/api/v1/auth/login", given, content_type="application/json", REMOTE_ADDR=client)


def test_guessing_from_one_place_is_slowed_down_and_does_not_lock_the_owner_out(anonymous: Api) -> None:
    _register(anonymous)
    answers = [_login_from("192.0.2.1", anonymous, "guess") for _ in range(31)]
    assert {a.status_code for a in answers[:30]} == {401}
    refused(answers[30], 429, "too_many_attempts")
    assert answers[30].headers["Retry-After"] == "300"
    refused(_login_from("192.0.2.1", anonymous, PASSWORD), 429, "too_many_attempts")
    assert _login_from("198.51.100.9", anonymous, PASSWORD).status_code == 200


def test_guessing_from_many_places_is_slowed_down_for_one_address_however_it_is_written(anonymous: Api) -> None:
    for n in range(throttle.ADDRESS_LIMIT - 1):
        throttle.too_many_logins(volatile.connection(), f"{' ' * (n % 3)}Ann@Example.com", f"192.0.2.{n}")
    refused(_login_from("198.51.100.1", anonymous, "guess", "ann@EXAMPLE.com "), 401, "wrong_credentials")
    refused(_login_from("198.51.100.2", anonymous, "guess", "Ann@example.com"), 429, "too_many_attempts")
    assert throttle.ADDRESS_LIMIT == 300


def test_one_who_registers_often_does_not_lock_others_out(anonymous: Api) -> None:
    def register(n: int, client: str) -> Any:
        return anonymous._client.post(
            "/api/v1/auth/register",
            {"email": f"p{n}@example.com", "password": "short"},
            content_type="application/json",
            REMOTE_ADDR=client,
        )

    assert [register(n, "192.0.2.1").status_code for n in range(31)][-1] == 429
    assert register(99, "192.0.2.2").status_code == 422


# --- refresh


def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_family(anonymous: Api) -> None:
    first = _register(anonymous).json()
    second = anonymous.post("auth/refresh", {"refresh": first["refresh"]})
    assert second.status_code == 200
    assert _me(second.json()["access"]).status_code == 200
    refused(anonymous.post("auth/refresh", {"refresh": first["refresh"]}), 401, "invalid_token")
    refused(anonymous.post("auth/refresh", {"refresh": second.json()["refresh"]}), 401, "invalid_token")
    assert RefreshToken.objects.count() == 0


def test_another_login_is_another_family(anonymous: Api) -> None:
    first = _register(anonymous).json()
    other = anonymous.post("auth/login", {"email": "new@example.com", "password": PASSWORD}).json()
    for _ in range(2):
        anonymous.post("auth/refresh", {"refresh": first["refresh"]})
    assert anonymous.post("auth/refresh", {"refresh": other["refresh"]}).status_code == 200


def test_what_is_no_refresh_token_is_refused(anonymous: Api) -> None:
    pair = _register(anonymous).json()
    user = User.objects.get()
    for token in (
        pair["access"],
        "nonsense",
        "",
        "a.b.c",
        _signed(_claims(user, token_type="refresh")),
        _signed(_claims(user, token_type="refresh", jti="no id")),
        _signed(_claims(user, token_type="refresh", jti=str(uuid4()))),
        _signed(_claims(user, token_type="refresh", jti=str(uuid4())), key="x" * 40),
    ):
        refused(anonymous.post("auth/refresh", {"refresh": token}), 401, "invalid_token")


def test_refreshing_stops_for_the_inactive_and_after_a_revocation(anonymous: Api) -> None:
    pair = _register(anonymous).json()
    User.objects.update(is_active=False)
    refused(anonymous.post("auth/refresh", {"refresh": pair["refresh"]}), 401, "invalid_token")
    User.objects.update(is_active=True)
    again = anonymous.post("auth/login", {"email": "new@example.com", "password": PASSWORD}).json()
    tokens.revoke_all(User.objects.get())
    refused(anonymous.post("auth/refresh", {"refresh": again["refresh"]}), 401, "invalid_token")
    refused(_me(again["access"]), 401, "invalid_token")


# --- change the password


def test_a_new_password_ends_every_token_given_out_before(anonymous: Api) -> None:
    pair = _register(anonymous).json()
    other = anonymous.post("auth/login", {"email": "new@example.com", "password": PASSWORD}).json()
    body = {"current_password": PASSWORD, "new_password": "another horse battery"}
    fresh = Api(f"Bearer {pair['access']}").post("auth/password", body)
    assert fresh.status_code == 200
    for old in (pair, other):
        refused(_me(old["access"]), 401, "invalid_token")
        refused(anonymous.post("auth/refresh", {"refresh": old["refresh"]}), 401, "invalid_token")
    assert _me(fresh.json()["access"]).status_code == 200
    login = {"email": "new@example.com", "password": PASSWORD}
    refused(anonymous.post("auth/login", login), 401, "wrong_credentials")
    assert anonymous.post("auth/login", {**login, "password": "another horse battery"}).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "code", "pointer"),
    [
        ("wrong horse battery", "another horse battery", "wrong_password", "/current_password"),
        (PASSWORD, "short", "weak_password", "/new_password"),
    ],
)
def test_a_refused_change_of_password_ends_nothing(
    anonymous: Api, current: str, new: str, code: str, pointer: str
) -> None:
    pair = _register(anonymous).json()
    api = Api(f"Bearer {pair['access']}")
    refused(api.post("auth/password", {"current_password": current, "new_password": new}), 422, code, pointer)
    memory.clear()
    assert api.get("me").status_code == 200
    assert anonymous.post("auth/login", {"email": "new@example.com", "password": PASSWORD}).status_code == 200


def test_an_api_key_changes_no_password(as_service: Api) -> None:
    body = {"current_password": PASSWORD, "new_password": "another horse battery"}
    refused(as_service.post("auth/password", body), 403, "users_only")


# --- access tokens


def _unsigned(user: User) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(_claims(user))}."


def test_forged_expired_and_foreign_tokens_are_refused(ann: User) -> None:
    past = int((clock.now() - timedelta(minutes=1)).timestamp())
    for token in (
        _unsigned(ann),
        _signed(_claims(ann), key="y" * 64),
        _signed(_claims(ann), algorithm="HS384"),
        _signed(_claims(ann, exp=past)),
        _signed(_claims(ann, exp=None)),
        _signed(_claims(ann, exp="soon")),
        _signed(_claims(ann, user_id=None)),
        _signed(_claims(ann, user_id=str(uuid4()))),
        _signed(_claims(ann, user_id="nobody")),
        _signed(_claims(ann, user_id="")),
        _signed(_claims(ann, user_id={"$ne": ""})),
        _signed(_claims(ann, token_type="refresh")),
        _signed(_claims(ann, token_type=7)),
        _signed(_claims(ann, epoch=1)),
        _signed(_claims(ann)) + "x",
        _signed(_claims(ann))[:-20],
        "x" * 10_000,
        "é" * 20,
    ):
        answer = _me(token)
        refused(answer, 401, "invalid_token")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="clarion", ApiKey realm="clarion"'
    assert _me(_signed(_claims(ann))).json()["id"] == str(ann.id)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "not_authenticated"),
        ("Basic YTpi", "unknown_scheme"),
        ("Bearer", "invalid_token"),
        ("Token abc", "unknown_scheme"),
        ("ApiKey", "invalid_api_key"),
        ("ApiKey clrn_abc", "invalid_api_key"),
        ("ApiKey clrn_abcdefabcdef_" + "x" * 43, "invalid_api_key"),
        (" ", "unknown_scheme"),
        ("\x00", "unknown_scheme"),
        ("ApiKey clrn_\x00_x", "invalid_api_key"),
    ],
)
def test_what_is_no_credential_is_refused(ann: User, header: str, code: str) -> None:
    refused(Api(header).get("me"), 401, code)


def test_the_platforms_own_tokens_find_the_person_by_external_id(ann: User) -> None:
    exp = int((clock.now() + timedelta(minutes=5)).timestamp())
    assert _me(_signed({"user_id": "ann", "exp": exp, "aud": "shop", "iss": "platform"})).json()["id"] == str(ann.id)
    assert _me(_signed({"user_id": str(ann.id), "exp": exp})).json()["id"] == str(ann.id)


def test_a_person_who_becomes_inactive_is_shut_out_within_seconds(ann: User) -> None:
    token = _signed(_claims(ann))
    assert _me(token).status_code == 200
    User.objects.filter(pk=ann.id).update(is_active=False)
    memory.clear()  # what REMEMBER_SECONDS would do
    refused(_me(token), 401, "invalid_token")


# --- a deployment that only verifies


@pytest.fixture
def platform_key(settings: Any) -> tuple[str, str]:
    """The platform's key pair in PEM; Clarion knows the public half."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    settings.JWT_KEY, settings.JWT_ALGORITHM = public, "RS256"
    return private, public


def test_with_a_public_key_the_platforms_tokens_work(ann: User, platform_key: tuple[str, str]) -> None:
    assert _me(_signed(_claims(ann), key=platform_key[0], algorithm="RS256")).json()["id"] == str(ann.id)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    refused(_me(_signed(_claims(ann), key=forged, algorithm="RS256")), 401, "invalid_token")


def test_the_public_key_is_no_shared_secret(ann: User, platform_key: tuple[str, str]) -> None:
    import hashlib
    import hmac

    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(_claims(ann)).encode()).rstrip(b"=")
    mark = hmac.new(platform_key[1].encode(), head + b"." + body, hashlib.sha256).digest()
    token = (head + b"." + body + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()
    refused(_me(token), 401, "invalid_token")
    refused(_me(_unsigned(ann)), 401, "invalid_token")


def test_with_a_public_key_nothing_is_issued_and_nothing_stored(anonymous: Api, settings: Any) -> None:
    _register(anonymous)
    settings.JWT_ALGORITHM = "RS256"
    before = RefreshToken.objects.count()
    login = {"email": "new@example.com", "password": PASSWORD}
    refused(anonymous.post("auth/login", login), 403, "tokens_issued_elsewhere")
    refused(_register(anonymous, email="next@example.com"), 403, "tokens_issued_elsewhere")
    assert (User.objects.count(), RefreshToken.objects.count()) == (1, before)
