"""Register, log in, refresh."""

from typing import Any

import msgspec
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from clarion.contract.input_error import InputError
from clarion.records import clock, volatile
from clarion.records.access import throttle, tokens
from clarion.records.access.permissions import DEFAULT_PERMISSIONS
from clarion.records.people import directory
from clarion.records.people.models import User
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Email, Locale, OwnEmail, Password, Phone, Text, Timezone
from clarion.surfaces.api.problems import Refusal

_NOBODY = make_password("a password that nobody has")


class Register(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new account. `password_confirm` must repeat the password when it is given."""

    email: OwnEmail
    password: Password
    password_confirm: Password | None = None
    username: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    phone: Phone = ""
    locale: Locale = "en"
    timezone: Timezone = "UTC"


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Email and password."""

    email: Email
    password: Password


class Refresh(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refresh token; it is good once."""

    refresh: str


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """`access` goes into `Authorization: Bearer …`; `refresh` gets the next pair."""

    access: str
    refresh: str


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """The new account and its tokens."""

    id: str
    email: str
    username: str
    access: str
    refresh: str


def _pair(user: User) -> tokens.TokenPair:
    try:
        return tokens.issue(user, clock.now())
    except tokens.CannotIssue as error:
        raise Refusal(403, "tokens_issued_elsewhere", str(error)) from error


class RegisterView(Endpoint):
    tag = "access"

    @operation(permission=Open.ANYONE, body=Register, answers={201: Registered}, problems=(403, 409, 429))
    def post(self, call: Call) -> Answer:
        """Register an account.

        It may send to itself; staff grant further permissions. 403 `registration_closed` where the server does not
        let anybody register (`CLARION_REGISTRATION`).
        """
        body: Register = call.body
        if not settings.REGISTRATION_OPEN:
            raise Refusal(403, "registration_closed", "accounts are made by staff here; ask them for one")
        _slow_down(call, body.email)
        if not tokens.may_issue():
            raise Refusal(403, "tokens_issued_elsewhere", "accounts and tokens come from your platform here")
        if body.password_confirm is not None and body.password_confirm != body.password:
            raise InputError("passwords_differ", "password and password_confirm differ", pointer="/password_confirm")
        try:
            validate_password(body.password)
        except ValidationError as error:
            raise InputError("weak_password", " ".join(error.messages), pointer="/password") from error
        user = User(permissions=[str(p) for p in DEFAULT_PERMISSIONS])
        given = msgspec.to_builtins(body)
        directory.apply(user, given)
        user.set_password(body.password)  # last, for it is slow
        directory.save(user)
        pair = _pair(user)
        value = Registered(
            id=str(user.id), email=user.email, username=user.username, access=pair.access, refresh=pair.refresh
        )
        return Answer(status=201, value=value)


class LoginView(Endpoint):
    tag = "access"

    @operation(permission=Open.ANYONE, body=Login, answers={200: Tokens}, problems=(401, 403, 429))
    def post(self, call: Call) -> Answer:
        """Log in with email and password."""
        body: Login = call.body
        _slow_down(call, body.email)
        user = User.objects.with_email(body.email.strip()).filter(is_active=True).first()
        # an unknown address costs as much time as a wrong password
        if not check_password(body.password, user.password if user else _NOBODY) or user is None:
            raise Refusal(401, "wrong_credentials", "email or password is wrong")
        pair = _pair(user)
        return Answer(value=Tokens(access=pair.access, refresh=pair.refresh))


class RefreshView(Endpoint):
    tag = "access"

    @operation(permission=Open.ANYONE, body=Refresh, answers={200: Tokens}, problems=(401, 403))
    def post(self, call: Call) -> Answer:
        """Exchange a refresh token for a new pair."""
        try:
            pair = tokens.refresh(call.body.refresh, clock.now())
        except tokens.InvalidToken as error:
            raise Refusal(401, "invalid_token", str(error)) from error
        return Answer(value=Tokens(access=pair.access, refresh=pair.refresh))


def _slow_down(call: Call, subject: str) -> None:
    client: Any = call.request.META.get("REMOTE_ADDR", "")
    if throttle.too_many_logins(volatile.connection(), subject, client):
        seconds = str(throttle.WINDOW_SECONDS)
        raise Refusal(429, "too_many_attempts", "too many attempts; wait a while", headers={"Retry-After": seconds})
