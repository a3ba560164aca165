"""Who may enter: a session, CSRF, a permission for each page. The API's shell is not involved and pays nothing."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Caller, CallerKind, Permission, parse_permissions
from clarion.records.people.models import User
from clarion.surfaces.api.problems import Refusal, problem_response
from clarion.surfaces.console.policy import page_policy
from clarion.surfaces.pages.doors import LOG_IN, signed_in

View = Callable[..., HttpResponse]
ENTER = (Permission.STAFF, *LOG_IN)
"""Who has any business in the console."""


def caller_of(request: HttpRequest) -> Caller | None:
    """Who is signed in, with the same permissions that a token of theirs would have."""
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return None
    held = parse_permissions(user.permissions) | ({Permission.STAFF} if user.is_staff else frozenset())
    return Caller(kind=CallerKind.USER, id=user.id, user_id=user.id, permissions=frozenset(held))


def present(request: HttpRequest) -> Caller:
    """The caller of a request that passed a door."""
    caller = caller_of(request)
    if caller is None:
        raise Refusal(401, "not_authenticated", "log in at /login/")
    return caller


def console_page(permission: Permission | None) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """A page: to the login without a session, 403 without the permission (None: any of the console's); its answer has
    the console's policy."""

    def wrap(view: View) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            caller = caller_of(request)
            if caller is None:
                return redirect_to_login(request.get_full_path())
            may = any(map(caller.may, ENTER)) if permission is None else caller.may(permission)
            response = view(request, *args, **kwargs) if may else _forbidden(request, permission)
            response["Content-Security-Policy"] = page_policy(request)
            return response

        return signed_in(guarded)

    return wrap


def console_data(permission: Permission) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """What a page's program calls: every refusal is problem+json."""

    def wrap(view: View) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            caller = caller_of(request)
            try:
                if caller is None:
                    raise Refusal(401, "not_authenticated", "your session has ended; log in at /login/")
                if not caller.may(permission):
                    raise Refusal(403, "permission_denied", f"this needs the permission '{permission}'")
                return view(request, *args, **kwargs)
            except Refusal as refusal:
                return problem_response(request, refusal)
            except InputError as error:
                return problem_response(request, Refusal(error.status, error.code, error.message))

        return signed_in(guarded)

    return wrap


def _forbidden(request: HttpRequest, permission: Permission | None) -> HttpResponse:
    return render(request, "console/forbidden.html", {"permission": permission}, status=403)
