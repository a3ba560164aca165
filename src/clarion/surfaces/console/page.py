"""What a page of the console is."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponseBase
from django.urls import URLPattern

from clarion.records.access.permissions import Permission

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolePage:
    """An entry of the navigation. `path` is below /console/ and ends with a slash; `icon` is a Material symbol;
    `routes` are all addresses of the page, its first one included."""

    key: str
    title: str
    path: str
    icon: str
    says: str
    permission: Permission
    routes: tuple[URLPattern, ...]

    @property
    def url(self) -> str:
        """Where it is."""
        return f"/console/{self.path}"
