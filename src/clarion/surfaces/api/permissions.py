"""Deny by default. Each operation states its permission; DRF's own hook refuses whatever states none."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # DRF reads this module while its views are being imported
    from rest_framework.request import Request
    from rest_framework.views import APIView


class DenyByDefault(BasePermission):
    """For views that are no Endpoint: always refused."""

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        return False


class Anyone(BasePermission):
    """For the schema and its pages."""

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        return True
