"""Who may see a page: sessions and CSRF for these views alone, so that the API pays for neither."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.people.models import User
from clarion.surfaces.api.problems import Refusal, problem_response

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

with_session = decorator_from_middleware(SessionMiddleware)
with_user = decorator_from_middleware(AuthenticationMiddleware)


def signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view with a session, a user and CSRF protection; its answers are not cached."""
    wrapped: Callable[..., HttpResponseBase] = with_session(with_user(csrf_protect(never_cache(view))))
    return wrapped


def outbox_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """A page of the outbox: not there when it is off, for everybody when open, else for staff (to the login)."""
    return _outbox(view, lambda request: redirect_to_login(request.get_full_path()))


def outbox_data(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """As `outbox_page` for what the page's program fetches: refusals are problem+json."""

    @wraps(view)
    def translated(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except InputError as error:
            return problem_response(request, Refusal(error.status, error.code, error.message))

    login = Refusal(401, "not_authenticated", "log in as staff at /login/")
    return _outbox(translated, lambda request: problem_response(request, login))


def _outbox(
    view: Callable[..., HttpResponse], refuse: Callable[[HttpRequest], HttpResponse]
) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not settings.OUTBOX_ENABLED:
            raise Http404
        if not settings.OUTBOX_OPEN and staff_of(request) is None:
            return refuse(request)
        return view(request, *args, **kwargs)

    return signed_in(guarded)


LOG_IN = (Permission.TEMPLATES,)
"""Permissions that a page of the console is there for; staff have them all."""


def may_log_in(user: User) -> bool:
    """Whether any page is for this person."""
    return user.is_staff or any(str(permission) in user.permissions for permission in LOG_IN)


def staff_of(request: HttpRequest) -> User | None:
    """The member of staff who is logged in."""
    user = request.user
    return user if isinstance(user, User) and user.is_active and user.is_staff else None
