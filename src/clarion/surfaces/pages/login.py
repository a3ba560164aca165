"""Login of staff, and of people who write templates; and logout. Guessing is slowed down as in the API."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest

from clarion.channels.email import parse_email
from clarion.channels.errors import InvalidValue
from clarion.records import volatile
from clarion.records.access.throttle import too_many_logins
from clarion.records.people.models import User
from clarion.surfaces.pages.doors import may_log_in, signed_in

# One text for every reason, so that nobody learns which addresses exist.
WRONG = "Email or password is wrong, or the account is for no page here."
TOO_OFTEN = "Too many attempts. Wait five minutes and try again."


class LoginForm(forms.Form):
    """Email and password of somebody for whom there is a page."""

    email = forms.CharField(
        max_length=254,
        widget=forms.EmailInput(
            attrs={"autocomplete": "username", "autofocus": True, "placeholder": "you@example.com"}
        ),
    )
    password = forms.CharField(
        max_length=1024, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self._request = request
        self._user: User | None = None
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Check the password; the user is then in `get_user`."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "email" not in cleaned or "password" not in cleaned:
            return cleaned
        email = _normalised(cleaned["email"])
        client = self._request.META.get("REMOTE_ADDR", "")
        if too_many_logins(volatile.connection(), email, client):
            raise forms.ValidationError(TOO_OFTEN, code="too_many_attempts")
        user = authenticate(self._request, username=email, password=cleaned["password"])
        if not isinstance(user, User) or not may_log_in(user):
            raise forms.ValidationError(WRONG, code="invalid_login")
        self._user = user
        return cleaned

    def get_user(self) -> User | None:
        """Who logged in."""
        return self._user


def _normalised(email: str) -> str:
    try:
        return parse_email(email)
    except InvalidValue:
        return ""


class StaffLogin(LoginView):
    """The page `/login/`."""

    authentication_form = LoginForm  # type: ignore[assignment]
    template_name = "pages/login.html"


login = signed_in(StaffLogin.as_view())
logout = signed_in(LogoutView.as_view(next_page="/login/"))
