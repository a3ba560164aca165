"""Changing one's password: every token given out before ends."""

import msgspec
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from clarion.contract.input_error import InputError
from clarion.records import clock, volatile
from clarion.records.access import throttle, tokens
from clarion.records.access.permissions import CallerKind
from clarion.records.people.models import User
from clarion.surfaces.api.auth import Tokens
from clarion.surfaces.api.authentication import memory
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Password
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.users import find_user


class PasswordIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The present password and the new one."""

    current_password: Password
    new_password: Password


class PasswordView(Endpoint):
    tag = "access"

    @operation(permission=Open.SIGNED_IN, body=PasswordIn, answers={200: Tokens}, problems=(401, 403, 404, 429))
    def post(self, call: Call) -> Answer:
        """Change my password.

        Ends all tokens given out before and answers with a fresh pair. Needs a JWT: an API key cannot do it.
        """
        if call.caller.kind is not CallerKind.USER:
            raise Refusal(403, "users_only", "log in as the user; an API key cannot change a password")
        if throttle.too_many(volatile.connection(), f"password {call.caller.user_id}"):
            seconds = str(throttle.WINDOW_SECONDS)
            raise Refusal(429, "too_many_attempts", "too many attempts; wait a while", headers={"Retry-After": seconds})
        if not tokens.may_issue():
            raise Refusal(403, "tokens_issued_elsewhere", "passwords and tokens are your platform's here")
        user = find_user(call.caller.user_id)
        if not check_password(call.body.current_password, user.password):
            raise InputError("wrong_password", "the present password is wrong", pointer="/current_password")
        try:
            validate_password(call.body.new_password, user)
        except ValidationError as error:
            raise InputError("weak_password", " ".join(error.messages), pointer="/new_password") from error
        checked = user.password
        user.set_password(call.body.new_password)
        with transaction.atomic():
            # not over a password, nor a lock-out, that came while this one was looked at
            rows = User.objects.filter(pk=user.pk, password=checked, is_active=True)
            if not rows.update(password=user.password):
                raise InputError("wrong_password", "the present password is wrong", pointer="/current_password")
            tokens.revoke_all(user)
            pair = tokens.issue(user, clock.now())
        memory.clear()
        return Answer(value=Tokens(access=pair.access, refresh=pair.refresh))
